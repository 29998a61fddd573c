"""What is said to Cohere."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.cohere import Cohere
from libria_providers.errors import BadRequest
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

PLAIN = Call(model="cohere/m", messages=(Message("user", "Hi"),))
WEATHER = Tool("weather", {"type": "object", "properties": {"city": {"type": "string"}}}, "The weather")
OTHER = Tool("other", {})
SPEC = {
    "type": "function",
    "function": {"name": "weather", "description": "The weather", "parameters": WEATHER.parameters},
}
OTHER_SPEC = {"type": "function", "function": {"name": "other", "parameters": {"type": "object", "properties": {}}}}
BASE = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}


def body(call: Call) -> Any:
    request = Cohere().encode(call, "m", Quirks())
    assert request.path == "/v2/chat"
    return msgspec.json.decode(request.body)


def messages(*turns: Message) -> Any:
    return body(replace(PLAIN, messages=turns))["messages"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (PLAIN, {}),
        (replace(PLAIN, stream=False), {"stream": False}),
        (
            replace(PLAIN, max_tokens=9, temperature=0.5, top_p=0.9, stop=("a", "b"), seed=7),
            {"max_tokens": 9, "temperature": 0.5, "p": 0.9, "stop_sequences": ["a", "b"], "seed": 7},
        ),
        (replace(PLAIN, top_p=1), {"p": 0.99}),
        (replace(PLAIN, top_p=0), {"p": 0.01}),
        (replace(PLAIN, tools=(WEATHER, OTHER)), {"tools": [SPEC, OTHER_SPEC]}),
        (replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("auto")), {"tools": [SPEC]}),
        (
            replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("required")),
            {"tools": [SPEC], "tool_choice": "REQUIRED"},
        ),
        (replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("none")), {"tools": [SPEC], "tool_choice": "NONE"}),
        # No tool can be named: it is the only one that is shown.
        (
            replace(PLAIN, tools=(WEATHER, OTHER), tool_choice=ToolChoice("tool", "other")),
            {"tools": [OTHER_SPEC], "tool_choice": "REQUIRED"},
        ),
        (replace(PLAIN, response_format=ResponseFormat("text")), {}),
        (replace(PLAIN, response_format=ResponseFormat("json")), {"response_format": {"type": "json_object"}}),
        (
            replace(PLAIN, response_format=ResponseFormat("jsonSchema", "thing", {"type": "object"})),
            {"response_format": {"type": "json_object", "json_schema": {"type": "object"}}},
        ),
        (replace(PLAIN, reasoning=ReasoningOptions()), {"thinking": {"type": "enabled"}}),
        (replace(PLAIN, reasoning=ReasoningOptions("high")), {"thinking": {"type": "enabled"}}),
        (replace(PLAIN, reasoning=ReasoningOptions("low")), {"thinking": {"type": "enabled", "token_budget": 2048}}),
        (
            replace(PLAIN, reasoning=ReasoningOptions("low", 99)),
            {"thinking": {"type": "enabled", "token_budget": 99}},
        ),
        (
            replace(PLAIN, tools=(WEATHER,), provider_options={"strict_tools": True, "k": 3, "tools": [OTHER_SPEC]}),
            {"tools": [SPEC, OTHER_SPEC], "strict_tools": True, "k": 3},
        ),
    ],
)
def test_body(call: Call, said: dict[str, Any]) -> None:
    assert body(call) == BASE | said


CALLS = (ToolCall("1", "weather", {"city": "Bern"}), ToolCall("2", "weather", {}))
WIRE_CALLS = [
    {"id": "1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}},
    {"id": "2", "type": "function", "function": {"name": "weather", "arguments": "{}"}},
]


def test_conversation() -> None:
    call = replace(
        PLAIN,
        system="One.",
        messages=(
            Message("user", (Text("a"), Text("b"))),
            Message("assistant", "c"),
            Message("system", "Two."),
            Message("system", ""),
            Message("user", (Text("d"), Image(url="https://h/a.png"), Image(data="AA", media_type="image/webp"))),
            Message("assistant", "I look.", tool_calls=CALLS),
            Message("tool", "sun", tool_call_id="1"),
            Message("tool", (Text("rain"), Text("wind")), tool_call_id="2"),
            Message("assistant", ""),
        ),
    )
    assert body(call)["messages"] == [
        {"role": "system", "content": "One."},
        {"role": "user", "content": "ab"},
        {"role": "assistant", "content": "c"},
        {"role": "system", "content": "Two."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "d"},
                {"type": "image_url", "image_url": {"url": "https://h/a.png"}},
                {"type": "image_url", "image_url": {"url": "data:image/webp;base64,AA"}},
            ],
        },
        {"role": "assistant", "tool_plan": "I look.", "tool_calls": WIRE_CALLS},
        {"role": "tool", "tool_call_id": "1", "content": "sun"},
        {
            "role": "tool",
            "tool_call_id": "2",
            "content": [
                {"type": "document", "document": {"data": {"content": "rain"}}},
                {"type": "document", "document": {"data": {"content": "wind"}}},
            ],
        },
    ]


THOUGHT = [{"type": "thinking", "thinking": "r"}, {"type": "text", "text": "a"}]


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (
            Message("assistant", "", CALLS[:1], opaque={"dialect": "cohere", "tool_plan": "I will."}),
            {"tool_plan": "I will.", "tool_calls": WIRE_CALLS[:1]},
        ),
        (
            Message("assistant", "a", CALLS[:1], opaque={"dialect": "cohere", "tool_plan": "p", "content": THOUGHT}),
            {"content": THOUGHT, "tool_plan": "p", "tool_calls": WIRE_CALLS[:1]},
        ),
        (
            Message("assistant", "a", CALLS[:1], opaque={"dialect": "cohere", "tool_plan": "p"}),
            {"content": "a", "tool_plan": "p", "tool_calls": WIRE_CALLS[:1]},
        ),
        (Message("assistant", "a", opaque={"dialect": "cohere", "content": THOUGHT}), {"content": THOUGHT}),
        # Without its calls a plan says nothing.
        (Message("assistant", "a", opaque={"dialect": "cohere", "tool_plan": "p"}), {"content": "a"}),
        (Message("assistant", "a", opaque={"dialect": "other", "content": THOUGHT}), {"content": "a"}),
    ],
)
def test_opaque(turn: Message, said: dict[str, Any]) -> None:
    assert messages(turn) == [{"role": "assistant", **said}]


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (replace(PLAIN, messages=(Message("user", (File("A", "application/pdf"),)),)), "files"),
        (replace(PLAIN, messages=(Message("tool", "x"),)), "toolCallId"),
        (replace(PLAIN, messages=(Message("tool", (Image(data="A"),), tool_call_id="1"),)), "tool"),
        (replace(PLAIN, messages=(Message("assistant", (Image(data="A"),)),)), "assistant"),
        (replace(PLAIN, messages=(Message("system", (Image(data="A"),)),)), "system"),
        (replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("tool", "none")), "toolChoice"),
    ],
)
def test_what_cannot_be_said(call: Call, names: str) -> None:
    with pytest.raises(BadRequest, match=names):
        body(call)
