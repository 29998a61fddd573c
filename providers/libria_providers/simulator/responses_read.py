"""Reads what OpenAI's Responses are asked. https://platform.openai.com/docs/api-reference/responses/create"""

import base64
import hashlib
from itertools import takewhile
from typing import Any

import msgspec

from libria_providers.simulator.models import Ask, Tool
from libria_providers.simulator.vendor import BadRequest

Json = Any

# What a reply says again of its request, and what it says where the request does not.
_SAID_AGAIN: dict[str, Json] = {
    "background": False,
    "frequency_penalty": 0.0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
ENCRYPTED = "reasoning.encrypted_content"
_CALL, _OUTPUT = "function_call", "function_call_output"


class _Part(msgspec.Struct):
    type: str = ""
    text: str = ""


class _Item(msgspec.Struct):
    """A message has no type, or says so."""

    type: str = "message"
    role: str = ""
    content: str | list[_Part] | None = None
    id: str | None = None
    encrypted_content: str | None = None
    call_id: str | None = None
    arguments: str = ""
    output: str | list[_Part] = ""


class _Choice(msgspec.Struct):
    type: str
    name: str | None = None


class _Format(msgspec.Struct):
    type: str = "text"
    schema: Json = None


class _Text(msgspec.Struct):
    format: _Format | None = None


class _StreamOptions(msgspec.Struct):
    include_obfuscation: bool = True


class _Request(msgspec.Struct):
    model: str
    input: str | list[_Item]
    instructions: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    include: list[str] | None = None
    max_output_tokens: int | None = None
    previous_response_id: str | None = None
    tools: list[dict[str, Json]] | None = None
    tool_choice: str | _Choice | None = None
    text: _Text | None = None


_decode = msgspec.json.Decoder(_Request).decode
_fields = msgspec.json.Decoder(dict[str, Json]).decode


def read(body: bytes) -> Ask:
    """Raises BadRequest."""
    try:
        request, fields = _decode(body), _fields(body)
    except msgspec.MsgspecError as error:
        raise BadRequest(f"We could not parse the body of your request: {error}") from None
    items = [_Item(role="user", content=request.input)] if isinstance(request.input, str) else request.input
    _check(request, items)
    users = [_text(item.content) for item in items if item.role == "user"]
    results = list(takewhile(lambda item: item.type == _OUTPUT, reversed(items)))
    choice, shape = request.tool_choice, (request.text or _Text()).format
    words = [request.instructions or "", *(_text(item.content) + _text(item.output) for item in items)]
    return Ask(
        model=request.model,
        stream=bool(request.stream),
        user_text=users[-1] if users else "",
        input_tokens=sum(4 + len(text) // 4 for text in words if text),
        tool_result="; ".join(_text(item.output) for item in reversed(results)) if results else None,
        prefill=_text(items[-1].content) if items[-1].role == "assistant" else None,
        tools=() if choice == "none" else _tools(request.tools or []),
        forced=choice.name if isinstance(choice, _Choice) else None,
        required=choice == "required",
        schema=shape.schema if shape else None,
        max_tokens=request.max_output_tokens,
        obfuscated=(request.stream_options or _StreamOptions()).include_obfuscation,
        said=_said_again(fields),
    )


def encrypted(reasoning_id: str) -> str:
    """What the simulator encrypts its reasoning to, and wants back with the same id."""
    return "gAAAAAB" + base64.urlsafe_b64encode(hashlib.sha512(reasoning_id.encode()).digest()).decode()


def _check(request: _Request, items: list[_Item]) -> None:
    """The refusals that clients run into. Raises BadRequest."""
    if not items:
        raise BadRequest("Invalid 'input': empty array. Expected an array with minimum length 1.", param="input")
    if request.previous_response_id is not None:  # the simulator stores nothing
        raise BadRequest(
            f"Previous response with id '{request.previous_response_id}' not found.",
            code="previous_response_not_found",
            param="previous_response_id",
        )
    if request.max_output_tokens is not None and request.max_output_tokens < 16:
        raise BadRequest(
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got "
            f"{request.max_output_tokens} instead.",
            code="integer_below_min_value",
            param="max_output_tokens",
        )
    for place, item in enumerate(items):
        if item.type == "reasoning":
            _check_reasoning(item, items[place + 1 :])
    called = [item.call_id for item in items if item.type == _CALL]
    answered = [item.call_id for item in items if item.type == _OUTPUT]
    for call_id in answered:
        if call_id not in called:
            raise BadRequest(f"No tool call found for function call output with call_id {call_id}.", param="input")
    for call_id in called:
        if call_id not in answered:
            raise BadRequest(f"No tool output found for function call {call_id}.", param="input")


def _check_reasoning(item: _Item, after: list[_Item]) -> None:
    content = item.encrypted_content
    if content is not None and content != encrypted(item.id or ""):
        raise BadRequest(
            f"The encrypted content {content[:4]}...{content[-4:]} could not be verified.",
            code="invalid_encrypted_content",
        )
    if content is None:  # nothing is stored, so there is nothing that the id could stand for
        raise BadRequest(f"Item with id '{item.id}' not found.", status=404, param="input")
    if not after or after[0].role == "user" or after[0].type == _OUTPUT:
        raise BadRequest(
            f"Item '{item.id}' of type 'reasoning' was provided without its required following item.", param="input"
        )


def _said_again(fields: dict[str, Json]) -> dict[str, Json]:
    said = {
        **_SAID_AGAIN,
        **{name: value for name, value in fields.items() if name in _SAID_AGAIN and value is not None},
    }
    tools: list[dict[str, Json]] = fields.get("tools") or []
    said["tools"] = [{"strict": True, "parameters": None, **tool} for tool in tools]  # strict unless told otherwise
    said["reasoning"] = {"effort": "medium", "summary": None, **(fields.get("reasoning") or {})}
    said["text"] = {"format": {"type": "text"}, "verbosity": "medium", **(fields.get("text") or {})}
    said["include"] = fields.get("include") or []
    return said


def _tools(tools: list[dict[str, Json]]) -> tuple[Tool, ...]:
    functions = [tool for tool in tools if tool.get("type") == "function"]
    return tuple(Tool(str(tool.get("name")), tool.get("parameters")) for tool in functions)


def _text(content: str | list[_Part] | None) -> str:
    if isinstance(content, list):
        return "".join(part.text for part in content)
    return content or ""
