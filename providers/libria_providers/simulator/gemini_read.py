"""Reads what Gemini is asked. https://ai.google.dev/api/generate-content#request-body"""

import base64
import hashlib
import re
from typing import Any, TypeGuard, cast
from urllib.parse import unquote

import msgspec

from libria_providers.simulator.models import Ask, Tool
from libria_providers.simulator.vendor import BadRequest
from libria_providers.simulator.wire import Request

Json = Any

_MODEL = re.compile(r"/(?:models|tunedModels)/(.+):([A-Za-z]+)$")
# What stands for a signature that there is not: https://ai.google.dev/gemini-api/docs/thought-signatures#faqs
_UNSIGNED = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")


class Call(msgspec.Struct):
    name: str
    args: Json = None


class _Response(msgspec.Struct):
    name: str
    response: Json = None


class _Part(msgspec.Struct, rename="camel"):
    text: str = ""
    thought_signature: str | None = None
    function_call: Call | None = None
    function_response: _Response | None = None


class Content(msgspec.Struct):
    parts: list[_Part] = []
    role: str = "user"

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)

    @property
    def results(self) -> list[_Response]:
        return [part.function_response for part in self.parts if part.function_response]


class _Declaration(msgspec.Struct, rename="camel"):
    name: str
    parameters: Json = None
    parameters_json_schema: Json = None


class _Tools(msgspec.Struct, rename="camel"):
    function_declarations: list[_Declaration] = []


class _Calling(msgspec.Struct, rename="camel"):
    mode: str = "AUTO"
    allowed_function_names: list[str] = []


class _ToolConfig(msgspec.Struct, rename="camel"):
    function_calling_config: _Calling = msgspec.field(default_factory=_Calling)


class _Config(msgspec.Struct, rename="camel"):
    max_output_tokens: int | None = None
    stop_sequences: list[str] = []
    response_schema: Json = None
    response_json_schema: Json = None


class Body(msgspec.Struct, rename="camel"):
    contents: list[Content] = []
    system_instruction: Content | None = None
    tools: list[_Tools] = []
    tool_config: _ToolConfig = msgspec.field(default_factory=_ToolConfig)
    generation_config: _Config = msgspec.field(default_factory=_Config)


_decode = msgspec.json.Decoder(Body).decode


def read(http: Request, *, stream: bool) -> Ask:
    """Raises BadRequest."""
    try:
        body = _decode(http.body)
    except msgspec.MsgspecError as error:
        raise BadRequest(f"Invalid JSON payload received. {error}") from None
    _check(body.contents)
    last = body.contents[-1]
    users = [content.text for content in body.contents if content.role == "user" and content.text]
    config, calling = body.generation_config, body.tool_config.function_calling_config
    allowed = calling.allowed_function_names if calling.mode == "ANY" else []
    return Ask(
        model=model(http.path),
        stream=stream,
        user_text=users[-1] if users else "",
        input_tokens=tokens(body),
        tool_result="; ".join(_said(result.response) for result in last.results) if last.results else None,
        prefill=last.text if last.role == "model" else None,
        tools=() if calling.mode == "NONE" else _tools(body, allowed),
        forced=allowed[0] if len(allowed) == 1 else None,
        required=calling.mode == "ANY",
        schema=config.response_json_schema or lower(config.response_schema),
        max_tokens=config.max_output_tokens,
        stop=tuple(config.stop_sequences),
    )


def model(path: str) -> str:
    """Of a path that ends in models/NAME:METHOD. The name may be percent-encoded, and hold colons."""
    found = _MODEL.search(path)
    return unquote(found[1]) if found else ""


def tokens(body: Body) -> int:
    contents = [*body.contents, *([body.system_instruction] if body.system_instruction else [])]
    return sum(4 + len(content.text) // 4 for content in contents)


def signature(what: str) -> str:
    """What the simulator signs a call or a text with, and wants back unchanged on its part."""
    return base64.b64encode(b"\x12" + hashlib.sha512(what.encode()).digest()).decode()


def signed_call(name: str, args: Json) -> str:
    return signature(name + msgspec.json.encode(args or {}, order="sorted").decode())


SIGNED_TEXT = signature("")
"""The same for every text: over a stream it comes on a part of its own, which is empty."""


def lower(schema: Json) -> Json:
    """A schema of OpenAPI, as `responseSchema` and `parameters` have it, with the types of JSON Schema."""
    if _is_list(schema):
        return [lower(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: value.lower() if name == "type" and isinstance(value, str) else lower(value)
        for name, value in cast(dict[str, Json], schema).items()
    }


def _is_list(value: Json) -> TypeGuard[list[Json]]:
    return isinstance(value, list)


def _check(contents: list[Content]) -> None:
    """The refusals that clients run into. Raises BadRequest."""
    if not contents:
        raise BadRequest("* GenerateContentRequest.contents: contents is not specified")
    for content in contents:
        if content.role not in ("user", "model"):
            raise BadRequest("Please use a valid role: user, model.")
        for part in content.parts:
            _check_signature(part)
    asked = max(
        (at for at, content in enumerate(contents) if content.role == "user" and not content.results), default=0
    )
    for content in contents[asked:]:  # those of this turn alone
        calls = [part for part in content.parts if part.function_call]
        if calls and calls[0].thought_signature is None:
            raise BadRequest(f"Function call is missing a thought_signature: `{_name(calls[0])}`.")


def _check_signature(part: _Part) -> None:
    if part.thought_signature is None or part.thought_signature in _UNSIGNED:
        return
    call = part.function_call
    if part.thought_signature != (signed_call(call.name, call.args) if call else SIGNED_TEXT):
        raise BadRequest("Thought signature is not valid.")


def _name(part: _Part) -> str:
    return part.function_call.name if part.function_call else ""


def _tools(body: Body, allowed: list[str]) -> tuple[Tool, ...]:
    declared = [one for tools in body.tools for one in tools.function_declarations]
    return tuple(
        Tool(one.name, one.parameters_json_schema or lower(one.parameters))
        for one in declared
        if not allowed or one.name in allowed
    )


def _said(response: Json) -> str:
    """The output of a function, where it is text; else all that it gave."""
    output: Json = cast(dict[str, Json], response).get("output") if isinstance(response, dict) else response
    return output if isinstance(output, str) else msgspec.json.encode(response).decode()
