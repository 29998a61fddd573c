"""What we send is what the vendors' own descriptions allow."""

from dataclasses import replace
from functools import cache
from typing import Any

import jsonschema
import msgspec
import pytest
from wire_exchanges import answerer
from wire_recordings import Recording, schema
from wire_replay import read

from libria_providers.registry import ROWS
from libria_providers.types import (
    Call,
    File,
    Finish,
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
TURN = (
    Message("system", "Be brief."),
    Message("user", (Text("What is it like?"), Image(url="https://example.com/a.png"))),
    Message("assistant", "I look.", tool_calls=(ToolCall("call_1", "weather", {"city": "Bern"}),)),
    Message("tool", "sunny", tool_call_id="call_1"),
    Message("assistant", "", tool_calls=(ToolCall("call_2", "weather", {}), ToolCall("call_3", "weather", {}))),
    Message("tool", (Text("rain"),), tool_call_id="call_2"),
    Message("tool", "snow", tool_call_id="call_3"),
    Message("user", (Text("And this?"), Image(data="AAAA", media_type="image/png"))),
)
CALLS = {
    "plain": PLAIN,
    "not streamed": replace(PLAIN, stream=False),
    "options": replace(PLAIN, system="Be brief.", max_tokens=9, temperature=0.5, top_p=0.9, stop=("a", "b")),
    "conversation": replace(PLAIN, messages=TURN, tools=(WEATHER,)),
    "pdf": replace(PLAIN, messages=(Message("user", (File("AAAA", "application/pdf", "a.pdf"),)),)),
    "choice auto": replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("auto")),
    "choice none": replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("none")),
    "choice required": replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("required")),
    "choice tool": replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("tool", "weather")),
    "json": replace(PLAIN, response_format=ResponseFormat("json")),
    "schema": replace(PLAIN, response_format=ResponseFormat("jsonSchema", "thing", {"type": "object"})),
    "reasoning": replace(PLAIN, reasoning=ReasoningOptions("low")),
}
CHAT = ("openai", "groq", "mistral")
UNSAYABLE = {("groq", "pdf")}  # refused before it is sent; tests/unit checks how


@pytest.mark.parametrize(
    ("name", "call"), [(name, call) for name in CHAT for call in CALLS if (name, call) not in UNSAYABLE]
)
def test_chat(name: str, call: str) -> None:
    _check(name, CALLS[call])


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_messages(call: Call) -> None:
    _check("anthropic", call)


def test_seed() -> None:
    for name in CHAT:
        _check(name, replace(PLAIN, seed=7))


def test_echo(answered: Recording) -> None:
    """What a reply wants back makes a request that its vendor allows."""
    finish = read(answered, answerer(answered), [answered.body]).finish
    assert isinstance(finish, Finish)
    answer = Message("assistant", "x", opaque=finish.opaque)
    _check("anthropic", replace(PLAIN, messages=(*PLAIN.messages, answer, Message("user", "Go on."))))


def _check(name: str, call: Call) -> None:
    row = ROWS[name]
    body = msgspec.json.decode(row.dialect.encode(call, "model", row.quirks).body)
    validator = _validator(name)
    # `stream` is an argument of the SDKs' methods, in none of their parameter types.
    if name in ("anthropic", "mistral", "groq"):
        body.pop("stream")
    errors = [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(body)]
    assert not errors


@cache
def _validator(name: str) -> Any:
    match name:
        case "openai":
            document = schema("openai-openapi.json")
            wanted: Any = {
                "$ref": "#/components/schemas/CreateChatCompletionRequest",
                "components": document["components"],
            }
        case "groq":
            wanted = schema("sdk-schemas/groq-1.7.0.ChatCompletionCreateParams.schema.json")
        case "mistral":
            wanted = schema("sdk-schemas/mistralai-3.7.0.ChatCompletionRequest.schema.json")
        case _:
            wanted = schema("sdk-schemas/anthropic-2.12.0.MessageCreateParams.schema.json")
    known = set(wanted.get("properties", ()))
    if known and name != "mistral":
        wanted = {**wanted, "additionalProperties": False}
        wanted["properties"].setdefault("stream_options", {})
        # Removed in 2026-10-21, which that schema describes; 2023-06-01, which we speak, has them.
        if name == "anthropic":
            wanted["properties"].update(temperature={"type": "number"}, top_p={"type": "number"})
    return jsonschema.Draft202012Validator(wanted)
