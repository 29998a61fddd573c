"""What we send to Anthropic is what its own types allow, in both versions of the API."""

from dataclasses import replace
from functools import cache
from typing import Any

import jsonschema
import msgspec
import pytest
from wire_recordings import schema

from libria_providers.errors import BadRequest
from libria_providers.refusals import refuse
from libria_providers.reply import Answer
from libria_providers.rows.anthropic import ROWS
from libria_providers.types import (
    Call,
    CountTokens,
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

ROW = ROWS[0]
PLAIN = Call(model="p/m", messages=(Message("user", "Hi"),))
WEATHER = Tool("weather", {"properties": {"city": {"type": "string"}}}, "The weather of a city")
TURNS = (
    Message("system", "Be brief."),
    Message("user", (Text("What is it like?"), Image(url="https://example.com/a.png"), Text(" "))),
    Message("assistant", "I look.", tool_calls=(ToolCall("call/1", "weather", {"city": "Bern"}),)),
    Message("tool", "sunny", tool_call_id="call/1"),
    Message("system", "Be briefer."),
    Message("assistant", "", tool_calls=(ToolCall("call_2", "weather", {}), ToolCall("call_3", "weather", {}))),
    Message("tool", (Text("rain"), Image(data="AAAA", media_type="image/png")), tool_call_id="call_2"),
    Message("tool", "", tool_call_id="call_3"),
    Message("user", (Text("And this?"), File("AAAA", "application/pdf", "a.pdf"))),
)
OBJECT = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}, "required": ["a"]}
CALLS = {
    "plain": PLAIN,
    "options": replace(PLAIN, system="Be brief.", max_tokens=9, temperature=1.0, top_p=1.0, stop=("a", "b")),
    "conversation": replace(PLAIN, messages=TURNS, tools=(WEATHER,), system="You are a weather frog."),
    "conversation without system": replace(PLAIN, messages=TURNS[1:4], tools=(WEATHER,)),
    "choice none": replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("none")),
    "choice required": replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("required")),
    "choice tool": replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("tool", "weather")),
    "json": replace(PLAIN, response_format=ResponseFormat("json")),
    "schema": replace(PLAIN, response_format=ResponseFormat("jsonSchema", "thing", OBJECT)),
    "schema and tools": replace(PLAIN, tools=(WEATHER,), response_format=ResponseFormat("jsonSchema", "thing", OBJECT)),
    "reasoning": replace(PLAIN, reasoning=ReasoningOptions("low")),
    "reasoning in a loop": replace(PLAIN, messages=TURNS, tools=(WEATHER,), reasoning=ReasoningOptions()),
    "server tools": replace(
        PLAIN,
        messages=TURNS,
        tools=(WEATHER,),
        provider_options={
            "tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 1}],
            "cache_control": {"type": "ephemeral", "ttl": "1h"},
        },
    ),
}
MODELS = ("claude-opus-4-1", "claude-haiku-4-5", "claude-sonnet-4-6", "claude-opus-4-8", "claude-opus-5-5")
VERSIONS = ("2023-06-01", "2026-10-21")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", CALLS)
def test_messages(name: str, model: str, version: str) -> None:
    call = CALLS[name]
    said = _said(call, model, version)
    assert (said is None) == (model == "claude-opus-5-5" and name in ("choice required", "choice tool"))
    if said is None:
        return
    _check(said, version)
    assert str(said).count("'cache_control'") <= 4
    counted = _said(replace(call, ask=CountTokens()), model, version)
    assert counted is not None
    assert set(counted) <= {"model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"}
    _check({"max_tokens": 1, "stream": False, **counted}, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_sampling(version: str) -> None:
    call = replace(PLAIN, temperature=0.5)
    said = _said(call, "claude-haiku-4-5", version)
    assert (said is None) == (version == VERSIONS[1])


@pytest.mark.parametrize("model", MODELS)
def test_what_a_reply_wants_back(answered: Any, model: str) -> None:
    """Twice in a conversation: with its calls answered, and with the next question."""
    heard = Answer()
    for event in _events(answered):
        heard.add(event)
    message = heard.message()
    results = tuple(Message("tool", "x", tool_call_id=call.id) for call in message.tool_calls)
    again = (message, *results, Message("user", "Go on."))
    for reasoning in (None, ReasoningOptions("low")):
        call = replace(PLAIN, messages=(*PLAIN.messages, *again, *again), tools=(WEATHER,), reasoning=reasoning)
        said = _said(call, model, VERSIONS[0])
        assert said is not None
        thinking = said.get("thinking", {})
        if "block_binding" in thinking:
            thinking.pop("block_binding")  # a beta, which the schema does not have
        _check(said, VERSIONS[0])
        if message.opaque is not None:
            echoed = [turn["content"] for turn in said["messages"] if turn["role"] == "assistant"]
            assert echoed == [list(message.opaque["content"])] * 2


def _events(recording: Any) -> list[Any]:
    quirks = ROW.quirks
    if not recording.streamed:
        return ROW.dialect.whole(recording.body, quirks)
    reader, decoder = ROW.dialect.frames(b"e"), ROW.dialect.decoder(quirks)
    assert reader is not None
    return [event for name, data in reader.feed(recording.body) for event in decoder.feed(name, data)]


def _said(call: Call, model: str, version: str) -> dict[str, Any] | None:
    """None where the call is refused before it is sent."""
    quirks = ROW.quirks_of(model, {"anthropic-version": version})
    exchange = ROW.exchange(call, model)
    assert exchange is not None
    try:
        refuse(call, model, quirks)
        request = exchange.encode(call, model, quirks)
    except BadRequest:
        return None
    return msgspec.json.decode(request.body, type=dict[str, Any])


def _check(said: dict[str, Any], version: str) -> None:
    body = {name: value for name, value in said.items() if name != "stream"}  # an argument of the SDK's method
    errors = [f"{error.json_path}: {error.message[:300]}" for error in _validator(version).iter_errors(body)]
    assert not errors


@cache
def _validator(version: str) -> Any:
    wanted = schema("sdk-schemas/anthropic-2.12.0.MessageCreateParams.schema.json")
    if version == VERSIONS[0]:  # the schema is of the newer one, which has them no more
        wanted["properties"].update(temperature={"type": "number"}, top_p={"type": "number"})
    return jsonschema.Draft202012Validator({**wanted, "additionalProperties": False})
