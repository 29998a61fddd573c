"""What we send to Cohere is what it was really asked, and an answer goes back as it came."""

import json
from functools import cache
from typing import Any

import jsonschema
import msgspec
import pytest
from wire_exchanges import answerer
from wire_recordings import Recording, recordings, schema
from wire_replay import read

from libria_providers.reply import Answer
from libria_providers.rows.cohere import ROWS
from libria_providers.types import Call, Embed, Message, Text, Tool, ToolCall

ROW = ROWS[0]
# Fields of requests that are recorded and are what a client itself chose to say.
OPTIONS = ("tool_choice", "thinking", "documents", "response_format", "max_tokens", "temperature", "truncate")


def chats() -> list[Recording]:
    return [one for one in recordings() if one.endpoint == "cohere.chat"]


def ids(one: Recording | None) -> str:
    return one.file if one else "missing"


@pytest.mark.parametrize("recorded", [one for one in chats() if one.asked.get("messages")] or [None], ids=ids)
def test_a_recorded_request(recorded: Recording) -> None:
    asked = recorded.asked
    options = {name: asked[name] for name in OPTIONS if name in asked}
    call = Call(
        model=f"cohere/{asked['model']}",
        messages=tuple(_turn(message) for message in asked["messages"]),
        tools=tuple(_tool(tool["function"]) for tool in asked.get("tools") or ()),
        stream=asked.get("stream", False),
        provider_options=options,
    )
    assert _plain(_body(call, asked["model"])) == _plain({"stream": False} | asked)


@pytest.mark.parametrize("replied", [one for one in chats() if not one.is_error] or [None], ids=ids)
def test_an_answer_goes_back_as_it_came(replied: Recording) -> None:
    answer = Answer()
    for event in read(replied, answerer(replied), [replied.body]).events:
        answer.add(event)
    (sent,) = _body(Call(model="cohere/m", messages=(answer.message(),)), "m")["messages"]
    errors = [error.message for error in _validator().iter_errors(sent)]
    assert not errors
    if replied.streamed:
        return
    came = json.loads(replied.body)["message"]
    came.pop("citations", None)  # they are the answer's, and no part of what was said
    assert _plain_turn(sent) == _plain_turn(came)


def test_embeddings() -> None:
    for one in recordings():
        if one.endpoint == "cohere.embed" and ROW.embed is not None:
            asked = {name: value for name, value in one.asked.items() if value is not None}
            ask = Embed(tuple(asked["texts"]), asked.get("output_dimension"))
            options = {name: asked[name] for name in ("input_type", "truncate") if name in asked}
            call = Call(model="cohere/e", ask=ask, provider_options=options)
            body = ROW.embed.encode(call, asked["model"], ROW.quirks).body
            assert msgspec.json.decode(body) == asked


def _body(call: Call, model: str) -> Any:
    return msgspec.json.decode(ROW.dialect.encode(call, model, ROW.quirks).body)


def _turn(message: dict[str, Any]) -> Message:
    content = message.get("content") or ""
    calls = (
        ToolCall(one["id"], one["function"]["name"], json.loads(one["function"]["arguments"]))
        for one in message.get("tool_calls") or ()
    )
    return Message(
        message["role"],
        content if isinstance(content, str) else tuple(Text(part["text"]) for part in content),
        tuple(calls),
        message.get("tool_call_id"),
    )


def _tool(function: dict[str, Any]) -> Tool:
    return Tool(function["name"], function["parameters"], function.get("description"))


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"messages": [_plain_turn(message) for message in body["messages"]]}


def _plain_turn(message: dict[str, Any]) -> dict[str, Any]:
    """With text in one of the two ways in which it may be said, and without what is empty."""
    content = message.get("content")
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    content = [part for part in content or () if part.get("text") != ""]
    return {name: value for name, value in (message | {"content": content}).items() if value}


@cache
def _validator() -> Any:
    """No type of requests is among the schemas; the answer's message is one of them."""
    whole = schema("sdk-schemas/cohere-7.3.1.V2ChatResponse.schema.json")
    document = {"$ref": "#/$defs/AssistantMessageResponse", "$defs": whole["$defs"]}
    for name in ("AssistantMessageResponse", "ToolCallV2", "ToolCallV2Function"):
        document["$defs"][name]["additionalProperties"] = False
    # The API takes plain text as well: AssistantMessageV2Content of cohere 7.3.1.
    content = document["$defs"]["AssistantMessageResponse"]["properties"]["content"]
    content["anyOf"].append({"type": "string"})
    return jsonschema.Draft202012Validator(document)
