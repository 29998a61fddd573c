"""A call in Anthropic's messages format: what is said, what is refused."""

import base64
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.errors import BadRequest
from libria_providers.rows.anthropic import ROWS
from libria_providers.types import (
    Call,
    File,
    Image,
    Message,
    ReasoningOptions,
    ResponseFormat,
    Tool,
    ToolChoice,
)  # fmt: skip

PLAIN = Call(model="p/m", messages=(Message("user", "Hi"),), stream=False)
TOOL = Tool("f", {"properties": {}}, "does")
ROW = ROWS[0]
SEARCH = {"type": "web_search_20250305", "name": "web_search"}


def body(call: Call, model: str = "claude-haiku-4-5") -> dict[str, Any]:
    request = AnthropicMessages().encode(call, model, ROW.quirks_of(model))
    assert request.path == "/messages"
    return msgspec.json.decode(request.body, type=dict[str, Any])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, {"max_tokens": 16000, "messages": [{"role": "user", "content": "Hi"}], "stream": False}),
        ({"stream": True}, {"stream": True}),
        ({"system": "s"}, {"system": "s"}),
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"temperature": 0.0}, {"temperature": 0.0}),
        ({"temperature": 0.5, "top_p": 1.0}, {"temperature": 0.5}),
        ({"temperature": 1.0, "top_p": 0.5}, {"top_p": 0.5}),
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
        ({"provider_options": {"top_k": None}}, {}),
        ({"provider_options": {"tools": [SEARCH]}}, {"tools": [SEARCH]}),
        (
            {"provider_options": {"tools": [SEARCH]}, "tool_choice": ToolChoice("required")},
            {"tools": [SEARCH], "tool_choice": {"type": "any"}},
        ),
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
    ("changes", "names"),
    [
        ({"seed": 1}, "seed"),
        ({"messages": ()}, "messages"),
        ({"messages": (Message("system", "s"), Message("user", " "))}, "messages"),
        ({"temperature": 0.5, "top_p": 0.5}, "topP"),
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
