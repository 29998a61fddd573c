"""Token counts of the Responses format, by our one arithmetic, which is its own."""

from libria_providers.dialects.openai_responses_wire import InputDetails, Number, OutputDetails, WireUsage
from libria_providers.types import Usage


def counted(usage: WireUsage | None) -> Usage:
    if usage is None:
        return Usage()
    details = usage.input_tokens_details or InputDetails()
    return Usage(
        _whole(usage.input_tokens) or 0,
        _whole(usage.output_tokens) or 0,
        _whole(details.cached_tokens),
        _whole((usage.output_tokens_details or OutputDetails()).reasoning_tokens),
        _whole(details.cache_write_tokens) or None,
    )


def _whole(number: Number) -> int | None:
    return None if number is None else int(number)
