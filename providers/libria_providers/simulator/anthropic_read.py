"""Reads what Anthropic's messages are asked. https://platform.claude.com/docs/en/api/messages"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from libria_providers.simulator.models import Ask, Tool
from libria_providers.simulator.vendor import BadRequest
from libria_providers.simulator.wire import Request

Json = Any

_SAMPLING_REMOVED = "2026-10-21"  # from this version on temperature, top_p and top_k are refused


class _Block(msgspec.Struct):
    type: str = "text"
    text: str = ""
    thinking: str = ""
    signature: str = ""
    content: "str | list[_Block] | dict[str, Json] | None" = None


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Block]


class _Tool(msgspec.Struct):
    name: str
    input_schema: Json = None


class _Choice(msgspec.Struct):
    type: str
    name: str | None = None


class _Shape(msgspec.Struct):
    schema: Json = None


class _OutputConfig(msgspec.Struct):
    format: _Shape | None = None


class _Request(msgspec.Struct):
    model: str
    messages: list[_Message]
    max_tokens: int | None = None
    system: str | list[_Block] = ""
    stream: bool = False
    stop_sequences: list[str] = []
    tools: list[_Tool] = []
    tool_choice: _Choice | None = None
    output_config: _OutputConfig | None = None
    output_format: _Shape | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None


_decode = msgspec.json.Decoder(_Request).decode


def read(http: Request) -> tuple[Ask, bool]:
    """What is asked, and whether it has the limit that an answer needs. Raises BadRequest."""
    try:
        request = _decode(http.body)
    except msgspec.MsgspecError as error:
        raise BadRequest(str(error)) from None
    _check(request, http.headers)
    last = request.messages[-1]
    users = [_text(message.content) for message in request.messages if message.role == "user"]
    results = [block for block in _blocks(last.content) if block.type == "tool_result"]
    choice = request.tool_choice or _Choice("auto")
    words = [_text(request.system), *(_text(message.content) for message in request.messages)]
    ask = Ask(
        model=request.model,
        stream=request.stream,
        user_text=users[-1] if users else "",
        input_tokens=sum(4 + len(text) // 4 for text in words),
        tool_result="; ".join(_result(block) for block in results) if results else None,
        prefill=_text(last.content) if last.role == "assistant" else None,
        tools=() if choice.type == "none" else tuple(Tool(tool.name, tool.input_schema) for tool in request.tools),
        forced=choice.name if choice.type == "tool" else None,
        required=choice.type == "any",
        schema=_schema(request),
        max_tokens=request.max_tokens,
        stop=tuple(request.stop_sequences),
    )
    return ask, request.max_tokens is not None


def signature(thinking: str) -> str:
    """What the simulator signs its thinking with, and wants back unchanged."""
    return "EqsD" + base64.b64encode(hashlib.sha512(thinking.encode()).digest()).decode()


def _check(request: _Request, headers: Mapping[str, str]) -> None:
    """The refusals that clients run into. Raises BadRequest."""
    version = headers.get("anthropic-version")
    if version is None:
        raise BadRequest("anthropic-version: header is required")
    if not request.messages:
        raise BadRequest("messages: at least one message is required")
    if version >= _SAMPLING_REMOVED:
        for name in ("temperature", "top_p", "top_k"):
            if getattr(request, name) is not None:
                raise BadRequest(f"{name}: Extra inputs are not permitted")
    for place, message in enumerate(request.messages):
        if message.role not in ("user", "assistant"):
            raise BadRequest(f'messages: Unexpected role "{message.role}".')
        for block in _blocks(message.content):
            if block.type == "thinking" and block.signature != signature(block.thinking):
                raise BadRequest(f"messages.{place}.content: Invalid `signature` in `thinking` block")


def _blocks(content: str | list[_Block]) -> list[_Block]:
    return [] if isinstance(content, str) else content


def _text(content: str | list[_Block]) -> str:
    return content if isinstance(content, str) else "".join(block.text for block in content)


def _result(block: _Block) -> str:
    if isinstance(block.content, str):
        return block.content
    return _text(block.content) if isinstance(block.content, list) else ""


def _schema(request: _Request) -> Json:
    shape = request.output_format or (request.output_config and request.output_config.format)
    return shape.schema if shape else None
