"""What we send Gemini is what the types of Google's SDK allow."""

from dataclasses import replace
from functools import cache
from typing import Any

import jsonschema
import msgspec
import pytest
from wire_recordings import schema

from libria_providers.rows import google
from libria_providers.types import (
    Call,
    File,
    Image,
    Message,
    ReasoningOptions,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
)  # fmt: skip

PLAIN = Call(model="p/m", messages=(Message("user", "Hi"),))
WEATHER = Tool("weather", {"type": "object", "properties": {"city": {"type": "string"}}}, "The weather of a city")
OPAQUE: dict[str, Any] = {
    "dialect": "gemini",
    "parts": [
        {"text": "", "thoughtSignature": "AAAA"},
        {"functionCall": {"name": "weather", "args": {}, "id": "x"}},
        {"functionCall": {"name": "weather", "args": {}}},
    ],
}
TURN = (
    Message("system", "Be brief."),
    Message("user", (Text("What is it like?"), Image(url="https://example.com/a.png"))),
    Message("assistant", "I look.", tool_calls=(ToolCall("call_1", "weather", {"city": "Bern"}),)),
    Message("tool", (Text("sunny"), Image(data="AAAA", media_type="image/png")), tool_call_id="call_1"),
    Message("assistant", "", (ToolCall("x", "weather", {}), ToolCall("call_3", "weather", {})), opaque=OPAQUE),
    Message("tool", (Text("rain"),), tool_call_id="call_3"),
    Message("tool", "snow", tool_call_id="x"),
    Message("user", (Text("And this?"), File("AAAA", "application/pdf", "a.pdf"))),
)
CALLS = {
    "plain": PLAIN,
    "not streamed": replace(PLAIN, stream=False),
    "options": replace(PLAIN, system="Be brief.", max_tokens=9, temperature=0.5, top_p=0.9, stop=("a", "b"), seed=7),
    "conversation": replace(PLAIN, messages=TURN, tools=(WEATHER, Tool("now", {}))),
    "choice auto": replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("auto")),
    "choice none": replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("none")),
    "choice required": replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("required")),
    "choice tool": replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("tool", "weather")),
    "json": replace(PLAIN, response_format=ResponseFormat("json")),
    "schema": replace(PLAIN, response_format=ResponseFormat("jsonSchema", "thing", {"type": "object"})),
    "reasoning": replace(PLAIN, reasoning=ReasoningOptions("minimal")),
    "budget": replace(PLAIN, reasoning=ReasoningOptions(max_tokens=512)),
}
MODELS = ("gemini-3.8-flash", "gemini-3-flash-preview", "gemini-2.5-pro")


@pytest.mark.parametrize("row", google.ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_request(call: Call, model: str, row: Any) -> None:
    body = msgspec.json.decode(row.dialect.encode(call, model, row.quirks_of(model)).body, type=dict[str, Any])
    contents = body.pop("contents")
    # The SDK's one config is the body and its generationConfig; it takes the system text as a content.
    config = {**body.pop("generationConfig", {}), **body}
    system = [config.pop("systemInstruction")] if "systemInstruction" in config else []
    for content in [*contents, *system]:
        _check(_content(), content)
    tools = config.pop("tools", [])
    assert all(set(tool) == {"functionDeclarations"} for tool in tools)
    for declaration in (one for tool in tools for one in tool["functionDeclarations"]):
        assert set(declaration) <= {"name", "description", "parametersJsonSchema"}
    _check(_config(), config)


def _check(validator: Any, value: Any) -> None:
    assert not [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]


@cache
def _config() -> Any:
    document = schema("sdk-schemas/google-genai-3.4.0.GenerateContentConfig.schema.json")
    assert document["additionalProperties"] is False
    return jsonschema.Draft202012Validator(document)


@cache
def _content() -> Any:
    document = schema("sdk-schemas/google-genai-3.4.0.GenerateContentConfig.schema.json")
    assert document["$defs"]["Part"]["additionalProperties"] is False
    return jsonschema.Draft202012Validator({"$ref": "#/$defs/Content", "$defs": document["$defs"]})
