"""What is read of Anthropic's messages format, which is the same in both of its versions.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from typing import Any

import msgspec

NAME = "anthropic"
VERSION = "2023-06-01"
VERSION_2026 = "2026-10-21"
FORMAT_TOOL = "libria_answer"
"""A tool whose input is the answer, for models without structured outputs."""


class OutputDetails(msgspec.Struct, gc=False):
    thinking_tokens: int | None = None


class WireUsage(msgspec.Struct):
    """`input_tokens` is without what was read from or written to the cache."""

    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None


class Change(msgspec.Struct):
    """The `delta` of content_block_delta or of message_delta."""

    type: str = ""
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    signature: str | None = None
    citation: Any = None
    content: Any = None  # of compaction_delta, with the next
    encrypted_content: Any = None
    stop_reason: str | None = None


class Start(msgspec.Struct):
    id: str | None = None
    content: list[dict[str, Any]] | None = None  # blocks that are there from the start
    model: str | None = None
    usage: WireUsage | None = None


class WireEvent(msgspec.Struct):
    type: str = ""
    index: int = 0
    message: Start | str | None = None  # a string in errors of servers that copy OpenAI's
    content_block: dict[str, Any] | None = None
    delta: Change | None = None
    usage: WireUsage | None = None
    error: msgspec.Raw = msgspec.Raw()


class Whole(msgspec.Struct):
    """A reply that came as one body."""

    id: str | None = None
    type: str = ""
    model: str | None = None
    content: list[dict[str, Any]] | None = None
    stop_reason: str | None = None
    usage: WireUsage | None = None
    error: msgspec.Raw = msgspec.Raw()
