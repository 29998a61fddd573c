"""What is read of Cohere's chat format, version 2.

https://docs.cohere.com/v2/docs/streaming
"""

from typing import Any

import msgspec

NAME = "cohere"

Number = int | float | None


class Tokens(msgspec.Struct, gc=False):
    input_tokens: Number = None
    output_tokens: Number = None
    reasoning_tokens: Number = None  # recorded; in no SDK yet


class WireUsage(msgspec.Struct):
    """`tokens` is what the model read and wrote, `billed_units` is without Cohere's own preamble."""

    tokens: Tokens | None = None
    billed_units: Tokens | None = None
    cached_tokens: Number = None


class Function(msgspec.Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class WireToolCall(msgspec.Struct):
    id: str | None = None
    function: Function | None = None


class Block(msgspec.Struct):
    type: str | None = None
    text: str | None = None
    thinking: str | None = None


class Said(msgspec.Struct):
    """The message, or what an event changes of it: there `content` and `tool_calls` are one object,
    in a whole reply they are lists."""

    content: Block | list[Block] | str | None = None
    tool_plan: str | None = None
    tool_calls: WireToolCall | list[WireToolCall] | None = None


class Change(msgspec.Struct):
    """`finish_reason`, `usage` and `error` come with message-end."""

    message: Said | None = None
    finish_reason: str | None = None
    usage: WireUsage | None = None
    error: str | None = None


class WireEvent(msgspec.Struct):
    """One event of a stream. `message` at the top is there in an error alone."""

    type: str | None = None
    index: int | None = None
    delta: Change | None = None
    message: str | None = None
    error: msgspec.Raw = msgspec.Raw()


class Whole(msgspec.Struct):
    """A reply that came as one body; an error where `message` is a string."""

    message: Said | str | None = None
    finish_reason: str | None = None
    usage: WireUsage | None = None
    error: msgspec.Raw = msgspec.Raw()
