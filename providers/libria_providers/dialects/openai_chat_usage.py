"""Token counts of OpenAI's chat format, by our one arithmetic."""

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.openai_chat_wire import Details, Number, WireUsage
from libria_providers.types import Usage


def later(old: WireUsage | None, new: WireUsage) -> WireUsage:
    """The last one counts, never the sum; details that only an earlier one had are kept (Groq)."""
    if old is not None:
        new.prompt_tokens_details = new.prompt_tokens_details or old.prompt_tokens_details
        new.completion_tokens_details = new.completion_tokens_details or old.completion_tokens_details
    return new


def counted(usage: WireUsage | None, quirks: Quirks) -> Usage:
    if usage is None:
        return Usage()
    into, out = _whole(usage.prompt_tokens) or 0, _whole(usage.completion_tokens) or 0
    details = usage.prompt_tokens_details or Details()
    cached = details.cached_tokens
    for other in (usage.prompt_cache_hit_tokens, usage.cached_tokens):
        cached = other if cached is None else cached
    reasoning = _whole((usage.completion_tokens_details or Details()).reasoning_tokens)
    if quirks.reasoning_outside_output and reasoning and usage.total_tokens == into + out + reasoning:
        out += reasoning
    return Usage(into, out, _whole(cached), reasoning, _whole(details.cache_write_tokens) or None)


def _whole(number: Number) -> int | None:
    return None if number is None else int(number)
