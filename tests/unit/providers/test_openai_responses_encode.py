"""A call in OpenAI's Responses format: what is said, what is refused."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.openai_responses import OpenAIResponses
from libria_providers.dialects.openai_responses_count import ResponsesCount
from libria_providers.dialects.tool_ids import IdRule
from libria_providers.errors import BadRequest, InvalidResponse, ProviderError
from libria_providers.types import (
    Call,
    Counted,
    CountTokens,
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
    Usage,
)  # fmt: skip

PLAIN = Call(model="p/m", messages=(Message("user", "Hi"),), stream=False)
TOOL = Tool("f", {"type": "object"}, "does")
SAID_TOOL = {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False, "description": "does"}


def body(call: Call, **quirks: Any) -> dict[str, Any]:
    request = OpenAIResponses().encode(call, "m", Quirks(**quirks))
    assert request.path == "/responses"
    return msgspec.json.decode(request.body, type=dict[str, Any])


BASE = {
    "model": "m",
    "input": [{"role": "user", "content": "Hi"}],
    "stream": False,
    "store": False,
    "include": ["reasoning.encrypted_content"],
}


@pytest.mark.parametrize(
    ("changes", "quirks", "said"),
    [
        ({}, {}, {}),
        ({"stream": True}, {}, {"stream": True}),
        ({"system": "s"}, {}, {"instructions": "s"}),
        ({"max_tokens": 5}, {}, {"max_output_tokens": 5}),
        ({"temperature": 0.0, "top_p": 0.5}, {}, {"temperature": 0.0, "top_p": 0.5}),
        ({"tools": (TOOL,)}, {}, {"tools": [SAID_TOOL]}),
        ({"tool_choice": ToolChoice("required")}, {}, {}),  # of what?
        ({"response_format": ResponseFormat("text")}, {}, {}),
        ({"response_format": ResponseFormat("json")}, {}, {"text": {"format": {"type": "json_object"}}}),
        (
            {"response_format": ResponseFormat("json"), "system": "Say json."},
            {},
            {
                "text": {"format": {"type": "json_object"}},
                "input": [{"role": "system", "content": "Say json."}, {"role": "user", "content": "Hi"}],
            },
        ),
        (
            {"response_format": ResponseFormat("jsonSchema", "x", {"type": "object"}, strict=False)},
            {},
            {"text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}, "strict": False}}},
        ),
        ({"reasoning": ReasoningOptions("low")}, {}, {"reasoning": {"effort": "low", "summary": "auto"}}),
        (
            {"reasoning": ReasoningOptions("minimal", 9)},
            {"efforts": (("minimal", "low"),)},
            {"reasoning": {"effort": "low", "summary": "auto"}},
        ),
        ({"reasoning": ReasoningOptions()}, {}, {"reasoning": {"summary": "auto"}}),
        ({"provider_options": {"store": True, "verbosity": "x"}}, {}, {"store": True, "verbosity": "x"}),
        (
            {"reasoning": ReasoningOptions("low"), "provider_options": {"reasoning": {"summary": "concise"}}},
            {},
            {"reasoning": {"effort": "low", "summary": "concise"}},
        ),
        (
            {"tools": (TOOL,), "provider_options": {"tools": [{"type": "web_search"}]}},
            {},
            {"tools": [SAID_TOOL, {"type": "web_search"}]},
        ),
        # Whoever says it by providerOptions knows better.
        ({"stop": ("a",), "provider_options": {"stop": ["a"]}}, {}, {"stop": ["a"]}),
    ],
)
def test_option(changes: dict[str, Any], quirks: dict[str, Any], said: dict[str, Any]) -> None:
    assert body(replace(PLAIN, **changes), **quirks) == {**BASE, **said}


def test_no_encrypted_reasoning_where_nothing_is_reasoned() -> None:
    assert "include" not in body(PLAIN, encrypted_reasoning=False)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (ToolChoice("auto"), "auto"),
        (ToolChoice("none"), "none"),
        (ToolChoice("required"), "required"),
        (ToolChoice("tool", "f"), {"type": "function", "name": "f"}),
    ],
)
def test_tool_choice(choice: ToolChoice, said: Any) -> None:
    assert body(replace(PLAIN, tools=(TOOL,), tool_choice=choice))["tool_choice"] == said


def test_a_tool_without_parameters() -> None:
    said = body(replace(PLAIN, tools=(Tool("f", {}),)))["tools"]
    assert said == [
        {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}, "strict": False}
    ]


IMAGE = {"type": "input_image", "image_url": "https://x/y", "detail": "auto"}


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (Message("system", "s"), [{"role": "system", "content": "s"}]),
        (Message("user", (Text("a"),)), [{"role": "user", "content": "a"}]),
        (
            Message("user", (Text("a"), Image(url="https://x/y"))),
            [{"role": "user", "content": [{"type": "input_text", "text": "a"}, IMAGE]}],
        ),
        (
            Message("user", (Image(data="AA", media_type="image/gif"),)),
            [{"role": "user", "content": [{**IMAGE, "image_url": "data:image/gif;base64,AA"}]}],
        ),
        (
            Message("user", (File("AA", "application/pdf"),)),
            [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "input_file",
                            "filename": "document.pdf",
                            "file_data": "data:application/pdf;base64,AA",
                        }
                    ],
                }
            ],
        ),
        (
            Message("assistant", "b", tool_calls=(ToolCall("c1", "f", {"a": 1}), ToolCall("c2", "g", {}))),
            [
                {"type": "message", "role": "assistant", "content": "b"},
                {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":1}'},
                {"type": "function_call", "call_id": "c2", "name": "g", "arguments": "{}"},
            ],
        ),
        (Message("assistant", ""), []),
        (
            Message("tool", "r", tool_call_id="c1"),
            [{"type": "function_call_output", "call_id": "c1", "output": "r"}],
        ),
        (
            Message("tool", (Text("r"), Image(url="https://x/y")), tool_call_id="c1"),
            [
                {
                    "type": "function_call_output",
                    "call_id": "c1",
                    "output": [{"type": "input_text", "text": "r"}, IMAGE],
                }
            ],
        ),
        # Another dialect's data, and what is no list of items, say nothing.
        (
            Message("assistant", "a", opaque={"dialect": "anthropic"}),
            [{"type": "message", "role": "assistant", "content": "a"}],
        ),
        (
            Message("assistant", "a", opaque={"dialect": "openai-responses", "output": [1, {}]}),
            [{"type": "message", "role": "assistant", "content": "a"}],
        ),
    ],
)
def test_message(message: Message, said: list[Any]) -> None:
    assert body(replace(PLAIN, messages=(message,)))["input"] == said


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"stop": ("a",)}, "stop"),
        ({"seed": 0}, "seed"),
        ({"reasoning": ReasoningOptions(max_tokens=9)}, "reasoning.maxTokens"),
        ({"messages": (Message("tool", "r"),)}, "toolCallId"),
        ({"messages": (Message("assistant", (Image(url="u"),)),)}, "content"),
        ({"messages": (Message("system", (Image(url="u"),)),)}, "content"),
    ],
)
def test_unsayable(changes: dict[str, Any], names: str) -> None:
    with pytest.raises(BadRequest, match=names):
        body(replace(PLAIN, **changes))


def test_no_schema_where_there_is_none() -> None:
    with pytest.raises(BadRequest, match="responseFormat"):
        body(replace(PLAIN, response_format=ResponseFormat("jsonSchema", "x", {})), json_schema=False)


def test_ids_that_fit() -> None:
    """OpenAI takes ids of 64 characters; the item of an earlier turn and its result get the same one."""
    long = "c" * 65
    item = {"type": "function_call", "call_id": long, "name": "f", "arguments": "{}"}
    opaque = {"dialect": "openai-responses", "output": [{"type": "reasoning", "encrypted_content": "g"}, item]}
    turn = Message("assistant", "", tool_calls=(ToolCall(long, "f", {}),), opaque=opaque)
    call = replace(PLAIN, messages=(turn, Message("tool", "r", tool_call_id=long)))
    _, said, result = body(call, tool_id=IdRule(".{1,64}", 24))["input"]
    assert said["call_id"] == result["call_id"]
    assert len(said["call_id"]) == 24


def count(call: Call) -> tuple[str, dict[str, Any]]:
    request = ResponsesCount().encode(replace(call, ask=CountTokens()), "m", Quirks())
    return request.path, msgspec.json.decode(request.body, type=dict[str, Any])


def test_count_says_what_is_input() -> None:
    call = replace(
        PLAIN, system="s", tools=(TOOL,), max_tokens=5, temperature=0.5, stop=("a",), stream=True,
        provider_options={"service_tier": "flex", "truncation": "auto"},
    )  # fmt: skip
    assert count(call) == (
        "/responses/input_tokens",
        {"model": "m", "input": BASE["input"], "instructions": "s", "tools": [SAID_TOOL], "truncation": "auto"},
    )


def test_count() -> None:
    events = ResponsesCount().whole(b'{"object":"response.input_tokens","input_tokens":60}', Quirks())
    assert events == [Counted(60, exact=True), Finish("stop", Usage(60))]


@pytest.mark.parametrize("reply", [b"{}", b"[]", b"", b'{"input_tokens":null}', b'{"input_tokens":-1}'])
def test_no_count(reply: bytes) -> None:
    with pytest.raises(InvalidResponse):
        ResponsesCount().whole(reply, Quirks())


def test_error_instead_of_a_count() -> None:
    with pytest.raises(ProviderError) as caught:
        ResponsesCount().whole(b'{"error":{"code":"model_not_found","message":"m"}}', Quirks())
    assert caught.value.kind == "modelNotFound"
