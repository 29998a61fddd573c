"""A call in OpenAI's chat format: what is said, what is refused."""

from dataclasses import replace
from typing import Any, Literal

import msgspec
import pytest

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.errors import BadRequest
from libria_providers.registry import ROWS
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
PDF = replace(PLAIN, messages=(Message("user", (File("AA", "application/pdf"),)),))
CALL = ToolCall("c1", "f", {"a": 1})


def body(call: Call, quirks: Quirks | None = None) -> dict[str, Any]:
    request = OpenAIChat().encode(call, "m", quirks or Quirks())
    assert request.path == "/chat/completions"
    return msgspec.json.decode(request.body, type=dict[str, Any])


@pytest.mark.parametrize(
    ("changes", "quirks", "said"),
    [
        ({}, {}, {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": False}),
        ({"stream": True}, {}, {"stream": True, "stream_options": {"include_usage": True}}),
        ({"stream": True}, {"stream_usage": False}, {"stream": True}),
        ({"max_tokens": 5}, {}, {"max_tokens": 5}),
        ({"max_tokens": 5}, {"max_tokens_name": "max_completion_tokens"}, {"max_completion_tokens": 5}),
        ({"temperature": 0.0, "top_p": 0.5}, {}, {"temperature": 0.0, "top_p": 0.5}),
        ({"stop": ("a", "b")}, {}, {"stop": ["a", "b"]}),
        ({"seed": 0}, {}, {"seed": 0}),
        ({"seed": 7}, {"seed_name": "random_seed"}, {"random_seed": 7}),
        ({"tool_choice": ToolChoice("required")}, {}, {}),  # of what?
        (
            {"tools": (Tool("f", {"type": "object"}),)},
            {},
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]},
        ),
        ({"response_format": ResponseFormat("text")}, {}, {}),
        ({"response_format": ResponseFormat("json")}, {}, {"response_format": {"type": "json_object"}}),
        (
            {"response_format": ResponseFormat("jsonSchema", "x", {"type": "object"}, strict=False)},
            {},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "x", "schema": {"type": "object"}, "strict": False},
                }
            },
        ),
        ({"reasoning": ReasoningOptions("low")}, {}, {"reasoning_effort": "low"}),
        ({"reasoning": ReasoningOptions("low")}, {"reasoning": "object"}, {"reasoning": {"effort": "low"}}),
        (
            {"reasoning": ReasoningOptions(max_tokens=9)},
            {"reasoning": "object"},
            {"reasoning": {"max_tokens": 9}},
        ),
        ({"reasoning": ReasoningOptions()}, {}, {}),
        ({"max_tokens": 5, "provider_options": {"max_tokens": 6, "top_k": 1}}, {}, {"max_tokens": 6, "top_k": 1}),
    ],
)
def test_option(changes: dict[str, Any], quirks: dict[str, Any], said: dict[str, Any]) -> None:
    base = body(PLAIN)
    assert body(replace(PLAIN, **changes), Quirks(**quirks)) == {**base, **said}


@pytest.mark.parametrize(
    ("choice", "quirks", "said"),
    [
        (ToolChoice("required"), {}, "required"),
        (ToolChoice("required"), {"tool_choice_required": "any"}, "any"),
        (ToolChoice("none"), {}, "none"),
        (ToolChoice("tool", "f"), {}, {"type": "function", "function": {"name": "f"}}),
    ],
)
def test_tool_choice(choice: ToolChoice, quirks: dict[str, Any], said: Any) -> None:
    call = replace(PLAIN, tools=(Tool("f", {"type": "object"}),), tool_choice=choice)
    assert body(call, Quirks(**quirks))["tool_choice"] == said


def test_a_tool_without_parameters() -> None:
    said = body(replace(PLAIN, tools=(Tool("f", {}),)))
    assert said["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("row", "efforts"),
    [
        ("mistral", ["none", "high", "high", "high"]),
        ("groq", ["low", "low", "medium", "high"]),
        ("openai", ["minimal", "low", "medium", "high"]),
    ],
)
def test_an_effort_in_the_rows_own_words(row: str, efforts: list[str]) -> None:
    ours: tuple[Literal["minimal", "low", "medium", "high"], ...] = ("minimal", "low", "medium", "high")
    said = [body(replace(PLAIN, reasoning=ReasoningOptions(effort)), ROWS[row].quirks) for effort in ours]
    assert [one["reasoning_effort"] for one in said] == efforts


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (Message("system", "s"), {"role": "system", "content": "s"}),
        (Message("user", (Text("a"),)), {"role": "user", "content": "a"}),
        (
            Message("user", (Text("a"), Image(url="https://x/y"))),
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "a"},
                    {"type": "image_url", "image_url": {"url": "https://x/y"}},
                ],
            },
        ),
        (
            Message("user", (Image(data="AA", media_type="image/gif"),)),
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": "data:image/gif;base64,AA"}}],
            },
        ),
        (
            Message("assistant", "", tool_calls=(CALL,)),
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}],
            },
        ),
        (Message("tool", "r", tool_call_id="c1"), {"role": "tool", "content": "r", "tool_call_id": "c1"}),
        # Another dialect's data, and fields that this provider did not ask for, stay at home.
        (
            Message("assistant", "a", opaque={"dialect": "anthropic", "content": []}),
            {"role": "assistant", "content": "a"},
        ),
        (
            Message("assistant", "a", opaque={"dialect": "openai-chat", "reasoning_details": [1]}),
            {"role": "assistant", "content": "a"},
        ),
    ],
)
def test_message(message: Message, said: dict[str, Any]) -> None:
    assert body(replace(PLAIN, messages=(message,)))["messages"] == [said]


def test_system_goes_first() -> None:
    said = body(replace(PLAIN, system="s"))["messages"]
    assert [message["role"] for message in said] == ["system", "user"]


def test_echo() -> None:
    opaque = {"dialect": "openai-chat", "reasoning_details": [{"x": 1}], "reasoning_content": "r"}
    answer = Message("assistant", "a", opaque=opaque)
    acting = replace(answer, tool_calls=(CALL,))

    def said(message: Message, provider: str) -> dict[str, Any]:
        return body(replace(PLAIN, messages=(message,)), ROWS[provider].quirks)["messages"][0]

    assert said(answer, "openrouter")["reasoning_details"] == [{"x": 1}]
    assert "reasoning_content" not in said(answer, "openrouter")
    # https://api-docs.deepseek.com/guides/thinking_mode: only turns with tool calls need it back.
    assert said(acting, "deepseek")["reasoning_content"] == "r"
    assert "reasoning_content" not in said(answer, "deepseek")
    assert said(replace(acting, opaque=None), "deepseek")["reasoning_content"] == ""


@pytest.mark.parametrize(("provider", "kind"), [("openai", "file"), ("mistral", "document_url")])
def test_file(provider: str, kind: str) -> None:
    part = body(PDF, ROWS[provider].quirks)["messages"][0]["content"][0]
    assert part["type"] == kind
    assert "data:application/pdf;base64,AA" in str(part)


@pytest.mark.parametrize(
    ("changes", "provider", "names"),
    [
        ({"response_format": ResponseFormat("jsonSchema", "x", {})}, "deepseek", "responseFormat"),
        ({"reasoning": ReasoningOptions(max_tokens=9)}, "openai", "reasoning.maxTokens"),
        ({"messages": PDF.messages}, "groq", "file"),
        ({"messages": (Message("tool", "r"),)}, "openai", "toolCallId"),
        ({"messages": (Message("tool", (Image(url="u"),), tool_call_id="c"),)}, "openai", "content"),
        ({"messages": (Message("system", (Image(url="u"),)),)}, "openai", "content"),
    ],
)
def test_unsayable(changes: dict[str, Any], provider: str, names: str) -> None:
    with pytest.raises(BadRequest, match=names):
        body(replace(PLAIN, **changes), ROWS[provider].quirks)
