"""Reads what Cohere is asked. https://docs.cohere.com/v2/reference/chat"""

from itertools import takewhile
from typing import Any, Literal

import msgspec

from libria_providers.simulator.models import Ask, Tool
from libria_providers.simulator.vendor import BadRequest

Json = Any


class _Document(msgspec.Struct):
    data: Json = None


class _Part(msgspec.Struct):
    type: str = "text"
    text: str = ""
    document: _Document | None = None

    @property
    def said(self) -> str:
        return msgspec.json.encode(self.document.data).decode() if self.document else self.text


class _Call(msgspec.Struct):
    id: str


class _Message(msgspec.Struct):
    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[_Part] | None = None
    tool_call_id: str | None = None
    tool_calls: list[_Call] | None = None
    tool_plan: str | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.said for part in self.content)
        return self.content or ""


class _Function(msgspec.Struct):
    name: str
    parameters: Json = None


class _Tool(msgspec.Struct):
    function: _Function
    type: str = "function"


class _Format(msgspec.Struct):
    type: str = "text"
    json_schema: Json = None


class _Request(msgspec.Struct):
    model: str
    messages: list[_Message]
    stream: bool = False
    max_tokens: int | None = None
    stop_sequences: list[str] = []
    tools: list[_Tool] = []
    tool_choice: Literal["REQUIRED", "NONE"] | None = None
    response_format: _Format | None = None


_decode = msgspec.json.Decoder(_Request).decode


def read(body: bytes) -> Ask:
    """Raises BadRequest."""
    try:
        request = _decode(body)
    except msgspec.MsgspecError as error:
        raise BadRequest(f"invalid request: {error}") from None
    messages = request.messages
    _check(messages)
    users = [message.text for message in messages if message.role == "user"]
    results = list(takewhile(lambda message: message.role == "tool", reversed(messages)))
    return Ask(
        model=request.model,
        stream=request.stream,
        user_text=users[-1] if users else "",
        input_tokens=sum(4 + len(message.text) // 4 for message in messages),
        tool_result="; ".join(message.text for message in reversed(results)) if results else None,
        prefill=messages[-1].text if messages[-1].role == "assistant" else None,
        tools=()
        if request.tool_choice == "NONE"
        else tuple(Tool(tool.function.name, tool.function.parameters) for tool in request.tools),
        required=request.tool_choice == "REQUIRED",
        schema=request.response_format.json_schema if request.response_format else None,
        max_tokens=request.max_tokens,
        stop=tuple(request.stop_sequences),
    )


def _check(messages: list[_Message]) -> None:
    """The refusals that clients run into: https://docs.cohere.com/reference/errors. Raises BadRequest."""
    if not messages:
        raise BadRequest("invalid request: messages must not be empty.")
    if any(message.role == "system" for message in messages[1:]):
        raise BadRequest("invalid request: a system message must be the first in the list.")
    for message in messages:
        if message.role == "assistant" and not (message.text or message.tool_calls):
            raise BadRequest("invalid request: message must not be empty in a turn.")
    called = {call.id for message in messages for call in message.tool_calls or ()}
    for message in messages:
        if message.role == "tool" and message.tool_call_id not in called:
            raise BadRequest(f"invalid request: no tool call has the id '{message.tool_call_id}'.")
