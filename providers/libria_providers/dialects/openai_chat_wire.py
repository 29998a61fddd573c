"""What is read of OpenAI's chat format: the fields that matter, of all vendors that speak it.

https://platform.openai.com/docs/api-reference/chat-streaming/streaming
"""

from typing import Any

import msgspec

Number = int | float | None


class Details(msgspec.Struct, gc=False):
    cached_tokens: Number = None
    cache_write_tokens: Number = None  # OpenAI, OpenRouter
    reasoning_tokens: Number = None


class WireUsage(msgspec.Struct):
    prompt_tokens: Number = None
    completion_tokens: Number = None
    total_tokens: Number = None
    prompt_tokens_details: Details | None = None
    completion_tokens_details: Details | None = None
    prompt_cache_hit_tokens: Number = None  # DeepSeek
    cached_tokens: Number = None  # Together, Moonshot


class Piece(msgspec.Struct):
    """One of a list content: Mistral's {type: "thinking", thinking: […]} and {type: "text", text}."""

    type: str = ""
    text: str | None = None
    thinking: "list[Piece] | str | None" = None


class Function(msgspec.Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class WireToolCall(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: Function | None = None
    extra_content: Any = None  # Gemini's thought signature


class Said(msgspec.Struct):
    """A `delta` of a chunk, or the `message` of a whole reply."""

    content: str | list[Piece] | None = None
    reasoning: str | None = None  # Groq, OpenRouter, Ollama, Cerebras
    reasoning_content: str | None = None  # DeepSeek, xAI, llama.cpp, Alibaba, z.ai
    reasoning_details: list[Any] | None = None  # OpenRouter
    refusal: str | None = None
    tool_calls: list[WireToolCall] | None = None
    extra_content: Any = None


class Choice(msgspec.Struct):
    index: int = 0
    delta: Said | None = None
    message: Said | None = None
    finish_reason: str | None = None
    error: msgspec.Raw = msgspec.Raw()


class Groq(msgspec.Struct):
    usage: WireUsage | None = None


class Chunk(msgspec.Struct):
    """One event of a stream, or a whole reply: they look alike, in both of OpenAI's older formats. `object`,
    `type`, `code`, `message` and `detail` are there for errors that are not nested."""

    usage: WireUsage | None = None
    model: str | None = None
    error: msgspec.Raw = msgspec.Raw()
    object: str | None = None
    type: str | None = None
    code: msgspec.Raw = msgspec.Raw()
    message: msgspec.Raw = msgspec.Raw()
    detail: msgspec.Raw = msgspec.Raw()


class ChatChunk(Chunk):
    id: str | None = None
    choices: list[Choice] | None = None
    x_groq: Groq | None = None
