"""What we send in OpenAI's Responses format is what OpenAI's own descriptions allow."""

import json
from dataclasses import replace
from functools import cache
from typing import Any

import jsonschema
import msgspec
import pytest
from wire_recordings import Recording, recordings, schema

from libria_providers.dialects.openai_responses import OpenAIResponses
from libria_providers.dialects.openai_responses_count import ResponsesCount
from libria_providers.reply import Answer
from libria_providers.rows.openai import OTHERS
from libria_providers.sse import SSEReader
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

DIALECT = OpenAIResponses()
[QUIRKS] = [row.quirks for row in OTHERS if row.name == "openai-responses"]

PLAIN = Call(model="p/m", messages=(Message("user", "Hi"),))
WEATHER = Tool("weather", {"type": "object", "properties": {"city": {"type": "string"}}}, "The weather of a city")
TURN = (
    Message("system", "Be brief."),
    Message("user", (Text("What is it like?"), Image(url="https://example.com/a.png"))),
    Message("assistant", "I look.", tool_calls=(ToolCall("call_1", "weather", {"city": "Bern"}),)),
    Message("tool", "sunny", tool_call_id="call_1"),
    Message("assistant", "", tool_calls=(ToolCall("c" * 70, "weather", {}), ToolCall("call_3", "weather", {}))),
    Message("tool", (Text("rain"), Image(data="AAAA")), tool_call_id="c" * 70),
    Message("tool", "snow", tool_call_id="call_3"),
    Message("user", (Text("And this?"), Image(data="AAAA", media_type="image/png"))),
)
CALLS = {
    "plain": PLAIN,
    "not streamed": replace(PLAIN, stream=False),
    "options": replace(PLAIN, system="Be brief.", max_tokens=16, temperature=0.5, top_p=0.9),
    "conversation": replace(PLAIN, messages=TURN, tools=(WEATHER,)),
    "pdf": replace(PLAIN, messages=(Message("user", (File("AAAA", "application/pdf", "a.pdf"),)),)),
    "choice auto": replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("auto")),
    "choice none": replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("none")),
    "choice required": replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("required")),
    "choice tool": replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("tool", "weather")),
    "json": replace(PLAIN, system="In JSON.", response_format=ResponseFormat("json")),
    "schema": replace(PLAIN, response_format=ResponseFormat("jsonSchema", "thing", {"type": "object"})),
    "reasoning": replace(PLAIN, reasoning=ReasoningOptions("low")),
    "a server's tool": replace(PLAIN, tools=(WEATHER,), provider_options={"tools": [{"type": "web_search"}]}),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_request(call: Call) -> None:
    body = DIALECT.encode(call, "model", QUIRKS).body
    _check("CreateResponse", body)
    _check("ResponseCreateParams", body)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_count(call: Call) -> None:
    asked = replace(call, ask=CountTokens())
    _check("TokenCountsBody", ResponsesCount().encode(asked, "model", QUIRKS).body)


def test_echo(replied: Recording) -> None:
    """What a reply wants back makes a request that OpenAI allows."""
    messages = (*PLAIN.messages, _answer(replied).message(), Message("user", "Go on."))
    _check("CreateResponse", DIALECT.encode(replace(PLAIN, messages=messages), "model", QUIRKS).body)


def test_a_loop_of_tools(replied: Recording) -> None:
    """Three turns that all end as the recorded one: whoever appends the reply's message and the results
    of its calls sends the reasoning as it came, before the calls that it led to."""
    answer = _answer(replied)
    messages = list(PLAIN.messages)
    for _ in range(3):
        message = answer.message()
        messages.append(message)
        messages += [Message("tool", "r", tool_call_id=call.id) for call in message.tool_calls]
    sent = msgspec.json.decode(DIALECT.encode(replace(PLAIN, messages=tuple(messages)), "model", QUIRKS).body)["input"]
    turn = [
        item if item["type"] == "reasoning" else (item["name"], json.loads(item["arguments"]))
        for item in _output(replied)
        if item["type"] == "function_call" or item.get("encrypted_content")
    ]
    kept = ("reasoning", "function_call")
    said = [
        item if item["type"] == "reasoning" else (item["name"], json.loads(item["arguments"]))
        for item in sent
        if item.get("type") in kept
    ]
    assert said == turn * 3
    answered = [item["call_id"] for item in sent if item.get("type") == "function_call_output"]
    assert answered == [item["call_id"] for item in sent if item.get("type") == "function_call"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`replied` is each recorded reply that is no error; for the loop those that think and call."""
    if "replied" in metafunc.fixturenames:
        found = [one for one in recordings() if one.endpoint == "openai.responses" and not one.is_error]
        if metafunc.function is test_a_loop_of_tools:
            found = [
                one for one in found if one.expected["n_tool_calls"] != "0" and "encrypted_content" in str(one.body)
            ]
        metafunc.parametrize("replied", found or [None], ids=[one.file for one in found] or ["missing"])


def _answer(recording: Recording) -> Answer:
    answer = Answer()
    if not recording.streamed:
        events = DIALECT.whole(recording.body, QUIRKS)
    else:
        reader, decoder = SSEReader(), DIALECT.decoder(QUIRKS)
        read = [*reader.feed(recording.body), *reader.end()]
        events = [event for name, data in read for event in decoder.feed(name, data)] + decoder.end()
    for event in events:
        answer.add(event)
    return answer


def _output(recording: Recording) -> list[Any]:
    """The items of a recorded reply, read in the plainest way."""
    if not recording.streamed:
        return json.loads(recording.body)["output"]
    lines = [line.removeprefix("data:") for line in recording.body.decode().splitlines() if line.startswith("data:")]
    events = [json.loads(line) for line in lines]
    return [event["item"] for event in events if event["type"] == "response.output_item.done"]


def _check(name: str, body: bytes) -> None:
    said = msgspec.json.decode(body)
    if name == "ResponseCreateParams":
        said.pop("stream")  # an argument of the SDK's method, not among its parameters' types
    errors = [f"{error.json_path}: {error.message[:300]}" for error in _validator(name).iter_errors(said)]
    assert not errors


@cache
def _validator(name: str) -> Any:
    if name == "ResponseCreateParams":
        wanted: Any = schema("sdk-schemas/openai-3.54.0.ResponseCreateParams.schema.json")
        wanted = {**wanted, "additionalProperties": False} if "properties" in wanted else wanted
    else:
        document = schema("openai-openapi.json")
        wanted = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return jsonschema.Draft202012Validator(_any_of(wanted))


def _any_of(value: Any) -> Any:
    """OpenAI's oneOf is told apart by a discriminator, which JSON Schema does not know: a message of the
    user is both of its forms."""
    if isinstance(value, dict):
        fields: dict[str, Any] = value
        return {"anyOf" if key == "oneOf" else key: _any_of(inner) for key, inner in fields.items()}
    inside: list[Any] = value if isinstance(value, list) else []
    return [_any_of(inner) for inner in inside] if isinstance(value, list) else value
