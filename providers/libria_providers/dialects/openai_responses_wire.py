"""What is read of OpenAI's Responses format: the fields that matter, of all vendors that speak it.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from typing import Any

import msgspec

NAME = "openai-responses"
Number = int | float | None


class InputDetails(msgspec.Struct, gc=False):
    cached_tokens: Number = None
    cache_write_tokens: Number = None  # OpenAI, OpenRouter


class OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: Number = None


class WireUsage(msgspec.Struct):
    """Tokens from or for a cache are within the input, reasoning tokens within the output, with every vendor."""

    input_tokens: Number = None
    output_tokens: Number = None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None


class Incomplete(msgspec.Struct):
    reason: str | None = None


class Response(msgspec.Struct):
    """A whole reply, or the `response` of an event; items stay as they are, to be sent back so."""

    id: str | None = None
    status: str | None = None
    output: list[dict[str, Any]] | None = None
    incomplete_details: Incomplete | None = None
    usage: WireUsage | None = None
    model: str | None = None
    error: msgspec.Raw = msgspec.Raw()
    choices: msgspec.Raw = msgspec.Raw()  # of another format
    object: str | None = None


class WireEvent(msgspec.Struct):
    """One event of a stream. `item_id`, `output_index` and the index of a part say where a delta
    belongs; not every server says all of them."""

    type: str = ""
    delta: str | None = None
    item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    text: str | None = None
    refusal: str | None = None
    arguments: str | dict[str, Any] | None = None
    name: str | None = None
    item: dict[str, Any] | None = None
    part: dict[str, Any] | None = None
    response: Response | None = None
    error: msgspec.Raw = msgspec.Raw()
    choices: msgspec.Raw = msgspec.Raw()  # of another format
