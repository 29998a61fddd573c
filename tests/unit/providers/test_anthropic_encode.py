"""A call in Anthropic's messages format: what is said, what is refused."""

import base64
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.dialects.base import Quirks
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

PLAIN = Call(model="p/m", messages=(Message("user", "Hi"),), stream=False)
TOOL = Tool("f", {"properties": {}}, "does")


def body(call: Call, model: str = "claude-haiku-4-5") -> dict[str, Any]:
    request = AnthropicMessages().encode(call, model, Quirks())
    assert request.path == "/messages"
    assert request.headers["anthropic-version"] == "2023-06-01"
    return msgspec.json.decode(request.body, type=dict[str, Any])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, {"max_tokens": 4096, "messages": [{"role": "user", "content": "Hi"}], "stream": False}),
        ({"stream": True}, {"stream": True}),
        ({"system": "s"}, {"system": "s"}),
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"temperature": 0.0, "top_p": 0.5}, {"temperature": 0.0, "top_p": 0.5}),
        ({"stop": ("a",)}, {"stop_sequences": ["a"]}),
        (
            {"tools": (TOOL,)},
            {"tools": [{"name": "f", "description": "does", "input_schema": {"type": "object", "properties": {}}}]},
        ),
        ({"tool_choice": ToolChoice("required")}, {}),  # of what?
        (
            {"response_format": ResponseFormat("jsonSchema", "x", {"type": "object"})},
            {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
        ),
        ({"provider_options": {"max_tokens": 1, "top_k": 2}}, {"max_tokens": 1, "top_k": 2}),
    ],
)
def test_option(changes: dict[str, Any], said: dict[str, Any]) -> None:
    assert body(replace(PLAIN, **changes)) == {**body(PLAIN), **said}


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (ToolChoice("required"), {"type": "any"}),
        (ToolChoice("tool", "f"), {"type": "tool", "name": "f"}),
        (ToolChoice("none"), {"type": "none"}),
    ],
)
def test_tool_choice(choice: ToolChoice, said: dict[str, Any]) -> None:
    assert body(replace(PLAIN, tools=(TOOL,), tool_choice=choice))["tool_choice"] == said


def test_json_is_asked_for_in_words() -> None:
    said = body(replace(PLAIN, system="s", response_format=ResponseFormat("json")))
    assert said["system"].startswith("s\n\n")
    assert "JSON" in said["system"]


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ((Message("system", "s"), Message("user", "u")), [{"role": "user", "content": "u"}]),
        (
            (
                Message("assistant", "a", tool_calls=(ToolCall("c1", "f", {}), ToolCall("c2", "f", {"x": 1}))),
                Message("tool", "r1", tool_call_id="c1"),
                Message("tool", (Text("r2"),), tool_call_id="c2"),
                Message("user", "u"),
            ),
            [
                {
                    "role": "assistant",
                    "content": [
                        {"type": "text", "text": "a"},
                        {"type": "tool_use", "id": "c1", "name": "f", "input": {}},
                        {"type": "tool_use", "id": "c2", "name": "f", "input": {"x": 1}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "c1", "content": "r1"},
                        {"type": "tool_result", "tool_use_id": "c2", "content": [{"type": "text", "text": "r2"}]},
                    ],
                },
                {"role": "user", "content": "u"},
            ],
        ),
        ((Message("assistant", ""),), []),
        (
            (Message("assistant", "x", opaque={"dialect": "anthropic", "content": [{"type": "thinking"}]}),),
            [{"role": "assistant", "content": [{"type": "thinking"}]}],
        ),
        (
            (Message("assistant", "x", opaque={"dialect": "openai-chat"}),),
            [{"role": "assistant", "content": "x"}],
        ),
    ],
)
def test_messages(messages: tuple[Message, ...], said: list[Any]) -> None:
    assert body(replace(PLAIN, messages=messages))["messages"] == said


@pytest.mark.parametrize(
    ("part", "source"),
    [
        (Image(url="https://x/y"), {"type": "url", "url": "https://x/y"}),
        (
            Image(url="data:image/gif;base64,AA"),
            {"type": "base64", "media_type": "image/gif", "data": "AA"},
        ),
        (Image(data="AA", media_type="image/png"), {"type": "base64", "media_type": "image/png", "data": "AA"}),
        (File("AA", "application/pdf"), {"type": "base64", "media_type": "application/pdf", "data": "AA"}),
        (
            File(base64.b64encode("zäh".encode()).decode(), "text/markdown"),
            {"type": "text", "media_type": "text/plain", "data": "zäh"},
        ),
    ],
)
def test_source(part: Image | File, source: dict[str, Any]) -> None:
    said = body(replace(PLAIN, messages=(Message("user", (part,)),)))["messages"][0]["content"][0]
    assert said["source"] == source
    assert said["type"] == ("image" if isinstance(part, Image) else "document")


@pytest.mark.parametrize(
    ("model", "reasoning", "max_tokens", "thinking", "effort", "most"),
    [
        ("claude-haiku-4-5", ReasoningOptions("low"), None, 2048, None, 6144),
        ("claude-haiku-4-5-20251001", ReasoningOptions(), None, 8192, None, 12288),
        ("claude-3-7-sonnet-20250219", ReasoningOptions("high"), 4000, 3999, None, 4000),
        ("claude-sonnet-4-20250514", ReasoningOptions("minimal"), None, 1024, None, 5120),
        ("claude-opus-4-5", ReasoningOptions(max_tokens=2000), 3000, 2000, None, 3000),
        ("other", ReasoningOptions("low"), None, 2048, None, 6144),
        ("claude-opus-4-6", ReasoningOptions("high"), None, None, "high", 20480),
        ("claude-sonnet-5", ReasoningOptions("minimal"), 50, None, "low", 50),
        ("claude-opus-5-5-20260901", ReasoningOptions(), 50, None, None, 50),
    ],
)
def test_thinking(
    model: str, reasoning: ReasoningOptions, max_tokens: int | None, thinking: int | None, effort: str | None, most: int
) -> None:
    call = replace(PLAIN, reasoning=reasoning, max_tokens=max_tokens, temperature=0.5, top_p=0.5)
    said = body(call, model)
    if thinking is None:
        assert said["thinking"] == {"type": "adaptive", "display": "summarized"}
    else:
        assert said["thinking"] == {"type": "enabled", "budget_tokens": thinking}
    assert said.get("output_config", {}).get("effort") == effort
    assert said["max_tokens"] == most
    assert not {"temperature", "top_p"} & set(said)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"seed": 1}, "seed"),
        ({"reasoning": ReasoningOptions(max_tokens=1000)}, "reasoning.maxTokens"),
        ({"reasoning": ReasoningOptions(max_tokens=2000), "max_tokens": 2000}, "reasoning.maxTokens"),
        ({"reasoning": ReasoningOptions("low"), "max_tokens": 1024}, "maxTokens"),
        ({"messages": (Message("user", (File("AA", "audio/wav"),)),)}, "content"),
        ({"messages": (Message("user", (File("ä", "text/plain"),)),)}, "content"),
        ({"messages": (Message("user", (Image(url="data:text/plain,hi"),)),)}, "content"),
        ({"messages": (Message("assistant", (Image(url="u"),)),)}, "content"),
        ({"messages": (Message("tool", "r"),)}, "toolCallId"),
    ],
)
def test_unsayable(changes: dict[str, Any], names: str) -> None:
    with pytest.raises(BadRequest, match=names):
        body(replace(PLAIN, **changes))


def test_budget_for_a_model_that_decides_itself() -> None:
    with pytest.raises(BadRequest, match=r"reasoning\.maxTokens"):
        body(replace(PLAIN, reasoning=ReasoningOptions(max_tokens=2000)), "claude-sonnet-5")
