"""What is read of Bedrock's Converse.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

from typing import Any

import msgspec

NAME = "bedrock-converse"

Number = int | float | None


class WireUsage(msgspec.Struct):
    """`inputTokens` is without what was read from or written to the cache: recorded in
    https://github.com/cline/cline/pull/4683 with their sum as `totalTokens`."""

    inputTokens: Number = None
    outputTokens: Number = None
    totalTokens: Number = None
    cacheReadInputTokens: Number = None
    cacheWriteInputTokens: Number = None


class ToolUse(msgspec.Struct):
    """At the start of a block, or a piece of its input."""

    toolUseId: str | None = None
    name: str | None = None
    type: str | None = None  # server_tool_use: the provider runs it itself
    input: Any = None  # text of JSON, in pieces


class Start(msgspec.Struct):
    toolUse: ToolUse | None = None
    toolResult: Any = None  # of a tool that the provider ran


class ReasoningPiece(msgspec.Struct):
    text: str | None = None
    signature: str | None = None
    redactedContent: str | None = None


class Piece(msgspec.Struct):
    text: str | None = None
    toolUse: ToolUse | None = None
    toolResult: Any = None
    reasoningContent: ReasoningPiece | None = None


class WireEvent(msgspec.Struct):
    """Any event of a stream: which one, its name says."""

    contentBlockIndex: int | None = None
    start: Start | None = None
    delta: Piece | None = None
    stopReason: str | None = None
    usage: WireUsage | None = None


class WireMessage(msgspec.Struct):
    content: list[dict[str, Any]] | None = None


class Output(msgspec.Struct):
    message: WireMessage | None = None


class Whole(msgspec.Struct):
    """A reply that came as one body."""

    output: Output | None = None
    stopReason: str | None = None
    usage: WireUsage | None = None
