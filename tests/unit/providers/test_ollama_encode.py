"""What is sent to Ollama, and what cannot be said to it."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.ollama import Ollama
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
)

PLAIN = Call(model="ollama/m", messages=(Message("user", "Hi"),))
WEATHER = Tool("weather", {"type": "object", "properties": {}}, "The weather")
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


def body(call: Call, quirks: Quirks | None = None) -> dict[str, Any]:
    request = Ollama().encode(call, "m", quirks or Quirks())
    assert request.path == "/chat"
    found: dict[str, Any] = msgspec.json.decode(request.body)
    return found


def one(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = body(replace(PLAIN, messages=(message,)))["messages"][0]
    return found


def test_plain() -> None:
    assert body(PLAIN) == {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    assert body(replace(PLAIN, stream=False))["stream"] is False  # it streams unless told


@pytest.mark.parametrize(
    ("call", "field", "value"),
    [
        (
            replace(PLAIN, system="S"),
            "messages",
            [{"role": "system", "content": "S"}, {"role": "user", "content": "Hi"}],
        ),
        (replace(PLAIN, max_tokens=9), "options", {"num_predict": 9}),
        (
            replace(PLAIN, temperature=0.0, top_p=0.5, stop=("x",), seed=0),
            "options",
            {"temperature": 0.0, "top_p": 0.5, "stop": ["x"], "seed": 0},
        ),
        (replace(PLAIN, response_format=ResponseFormat("json")), "format", "json"),
        (replace(PLAIN, response_format=ResponseFormat("jsonSchema", "n", SCHEMA)), "format", SCHEMA),
        (replace(PLAIN, response_format=ResponseFormat("text")), "format", None),
        (replace(PLAIN, reasoning=ReasoningOptions()), "think", True),
        (replace(PLAIN, reasoning=ReasoningOptions("high")), "think", "high"),
        (replace(PLAIN, reasoning=ReasoningOptions("low", 99)), "think", "low"),
        (replace(PLAIN, reasoning=ReasoningOptions("minimal")), "think", False),
        (replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("none")), "tools", None),
        (replace(PLAIN, tool_choice=ToolChoice("required")), "tools", None),  # nothing to choose from
        (replace(PLAIN, provider_options={"options": {"num_ctx": 8}}, seed=1), "options", {"seed": 1, "num_ctx": 8}),
        (replace(PLAIN, provider_options={"keep_alive": "5m"}), "keep_alive", "5m"),
    ],
)
def test_field(call: Call, field: str, value: Any) -> None:
    assert body(call).get(field) == value


def test_tools() -> None:
    tools = body(replace(PLAIN, tools=(WEATHER, Tool("now", {})), tool_choice=ToolChoice("auto")))["tools"]
    assert tools[0]["function"] == {"name": "weather", "parameters": WEATHER.parameters, "description": "The weather"}
    assert tools[1]["function"] == {"name": "now", "parameters": {"type": "object", "properties": {}}}


def test_results_name_their_tools() -> None:
    calls = (ToolCall("a", "weather", {"city": "Bern"}), ToolCall("b", "now", {}))
    turns = (
        Message("assistant", "", tool_calls=calls),
        Message("tool", "12:00", tool_call_id="b"),
        Message("tool", "sun", tool_call_id="a"),
    )
    assistant, first, second = body(replace(PLAIN, messages=turns))["messages"]
    assert [call["function"] for call in assistant["tool_calls"]] == [
        {"index": 0, "name": "weather", "arguments": {"city": "Bern"}},
        {"index": 1, "name": "now", "arguments": {}},
    ]
    assert first == {"role": "tool", "content": "12:00", "tool_call_id": "b", "tool_name": "now"}
    assert second["tool_name"] == "weather"
    assert "tool_name" not in one(Message("tool", "x", tool_call_id="of a turn that is gone"))


def test_thinking_goes_back_to_its_own_dialect() -> None:
    ours = {"dialect": "ollama", "provider": "ollama", "thinking": "hm"}
    assert one(Message("assistant", "a", opaque=ours))["thinking"] == "hm"
    assert "thinking" not in one(Message("assistant", "a", opaque={"dialect": "anthropic", "thinking": "hm"}))
    assert "thinking" not in one(Message("assistant", "a", opaque={"dialect": "ollama", "thinking": ["hm"]}))


def test_images() -> None:
    parts = (Text("a"), Image(data="AAAA", media_type="image/png"), Text("b"), Image(url="data:image/png;base64,BBBB"))
    assert one(Message("user", parts)) == {"role": "user", "content": "a\nb", "images": ["AAAA", "BBBB"]}


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("required")), "toolChoice"),
        (replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("tool", "weather")), "toolChoice"),
        (replace(PLAIN, reasoning=ReasoningOptions(None, 99)), "reasoning.maxTokens"),
        (replace(PLAIN, messages=(Message("user", (Image(url="https://h/a.png"),)),)), "image"),
        (replace(PLAIN, messages=(Message("user", (File("AAAA", "application/pdf"),)),)), "file"),
        (replace(PLAIN, messages=(Message("system", (Image(data="AAAA"),)),)), "system"),
        (replace(PLAIN, messages=(Message("tool", "x"),)), "toolCallId"),
    ],
)
def test_what_cannot_be_said(call: Call, named: str) -> None:
    with pytest.raises(BadRequest, match=named):
        body(call)
