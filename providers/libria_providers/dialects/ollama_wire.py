"""What is read of Ollama's own format: /api/chat and /api/generate in one, a line or a whole reply.

https://docs.ollama.com/api/chat, https://docs.ollama.com/api/generate
"""

import msgspec

Number = int | float | None


class Function(msgspec.Struct):
    """`arguments` is an object; some gateways make a string of it."""

    name: str | None = None
    arguments: msgspec.Raw = msgspec.Raw()


class WireToolCall(msgspec.Struct):
    id: str | None = None  # since version 0.12
    function: Function | None = None


class Said(msgspec.Struct):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[WireToolCall] | None = None


class Line(msgspec.Struct):
    """`message` is that of a chat; `response` and `thinking` are of /api/generate. `prompt_eval_count`
    is left out where all of the prompt was in the cache."""

    model: str | None = None
    created_at: str | None = None
    message: Said | None = None
    response: str | None = None
    thinking: str | None = None
    done: bool | None = None
    done_reason: str | None = None
    prompt_eval_count: Number = None
    eval_count: Number = None
    error: msgspec.Raw = msgspec.Raw()
