"""Reads what Ollama is asked. https://docs.ollama.com/api/chat, https://docs.ollama.com/api/generate"""

from itertools import takewhile
from typing import Any

import msgspec

from libria_providers.simulator.models import Ask, Tool
from libria_providers.simulator.vendor import BadRequest

Json = Any


class _Message(msgspec.Struct):
    role: str
    content: str = ""


class _Function(msgspec.Struct):
    name: str
    parameters: Json = None


class _Tool(msgspec.Struct):
    function: _Function
    type: str = "function"


class _Options(msgspec.Struct):
    num_predict: int | None = None
    stop: list[str] | None = None


class _Asked(msgspec.Struct):
    """What both have in common. It streams unless it is told not to."""

    model: str
    stream: bool | None = None
    format: str | dict[str, Json] | None = None
    options: _Options | None = None


class _Chat(_Asked):
    messages: list[_Message] = []
    tools: list[_Tool] | None = None


class _Generate(_Asked):
    prompt: str = ""
    suffix: str = ""
    system: str = ""


_decode_chat = msgspec.json.Decoder(_Chat).decode
_decode_generate = msgspec.json.Decoder(_Generate).decode


def chat(body: bytes) -> Ask:
    """Raises BadRequest."""
    try:
        request = _decode_chat(body)
    except msgspec.MsgspecError as error:
        raise BadRequest(str(error)) from None
    messages = request.messages
    results = list(takewhile(lambda message: message.role == "tool", reversed(messages)))
    users = [message.content for message in messages if message.role == "user"]
    last = messages[-1] if messages else _Message("user")
    return _ask(
        request,
        user_text=users[-1] if users else "",
        input_tokens=sum(4 + len(message.content) // 4 for message in messages),
        tool_result="; ".join(message.content for message in reversed(results)) if results else None,
        prefill=last.content if last.role == "assistant" else None,
        tools=tuple(Tool(tool.function.name, tool.function.parameters) for tool in request.tools or ()),
    )


def generate(body: bytes) -> Ask:
    """Raises BadRequest."""
    try:
        request = _decode_generate(body)
    except msgspec.MsgspecError as error:
        raise BadRequest(str(error)) from None
    words = (request.system, request.prompt, request.suffix)
    tokens = sum(4 + len(text) // 4 for text in words if text)
    return _ask(request, user_text=request.prompt, input_tokens=tokens)


def _ask(
    request: _Asked,
    *,
    user_text: str,
    input_tokens: int,
    tool_result: str | None = None,
    prefill: str | None = None,
    tools: tuple[Tool, ...] = (),
) -> Ask:
    options = request.options or _Options()
    limit = options.num_predict
    return Ask(
        model=request.model,
        stream=request.stream is not False,
        user_text=user_text,
        input_tokens=input_tokens,
        tool_result=tool_result,
        prefill=prefill,
        tools=tools,
        schema=request.format if isinstance(request.format, dict) else None,
        max_tokens=limit if limit is not None and limit >= 0 else None,  # below 0 it is without end
        stop=tuple(options.stop or ()),
    )
