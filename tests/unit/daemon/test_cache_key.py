"""What makes two questions the same one."""

from dataclasses import replace
from typing import Any

import pytest

from libria.layers.cache_key import Identity, deterministic, key_of
from libria_providers.types import (
    CacheOptions,
    Call,
    CountTokens,
    Embed,
    Fill,
    Image,
    Message,
    ReasoningOptions,
    ResponseFormat,
    Text,
    Timeouts,
    Tool,
    ToolCall,
    ToolChoice,
)  # fmt: skip

CALL = Call("p/m", (Message("user", "hello"),))
TOOLS = (Tool("t", {"type": "object", "properties": {"a": {}, "b": {}}}, "does"),)
TURNED = (Tool("t", {"properties": {"b": {}, "a": {}}, "type": "object"}, "does"),)
IDENTITY = Identity("p/m", "openai-chat/1 http://p", "partition")


def said(content: Any) -> tuple[Message, ...]:
    return (Message("user", content),)


def called(arguments: dict[str, Any]) -> tuple[Message, ...]:
    return (Message("assistant", "", (ToolCall("c", "t", arguments),)),)


SAME: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"stream": False, "fallbacks": ("q/m",), "priority": "batch", "on_disconnect": "finish", "deadline": 5.0}),
    ({}, {"cache": CacheOptions("use", 5.0), "timeouts": Timeouts(total=1.0), "model": "alias"}),
    ({}, {"messages": said((Text("hello"),))}),
    ({}, {"system": ""}),
    ({}, {"response_format": ResponseFormat("text")}),
    ({"temperature": 0}, {"temperature": 0.0}),
    ({"temperature": 0}, {"temperature": -0.0}),
    ({"temperature": 1}, {"temperature": 1.0}),
    ({"top_p": 1}, {"top_p": 1.0}),
    ({"stop": ("a", "b")}, {"stop": ("b", "a", "b")}),
    ({"tools": TOOLS}, {"tools": TURNED}),
    ({"tools": TOOLS}, {"tools": TOOLS, "tool_choice": ToolChoice("auto")}),
    ({"messages": called({"a": 1, "b": [2]})}, {"messages": called({"b": [2], "a": 1})}),
    ({"provider_options": {"a": 1, "b": {"c": 1, "d": 2}}}, {"provider_options": {"b": {"d": 2, "c": 1}, "a": 1}}),
]

OTHER: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"messages": said("hello ")}),
    ({}, {"messages": said((Text("hel"), Text("lo")))}),
    ({}, {"messages": (Message("system", "hello"),)}),
    ({}, {"messages": (*CALL.messages, Message("assistant", ""))}),
    ({}, {"messages": (Message("user", "hello", opaque={"dialect": "d"}),)}),
    ({"messages": said((Image("u"),))}, {"messages": said((Image(data="u", media_type="image/png"),))}),
    ({}, {"system": "be brief"}),
    ({}, {"system": " "}),
    ({}, {"temperature": 1.0}),  # the vendors' defaults differ
    ({}, {"top_p": 1.0}),
    ({"temperature": 0.5}, {"top_p": 0.5}),
    ({}, {"seed": 1}),
    ({}, {"max_tokens": 1}),
    ({}, {"tools": TOOLS}),
    ({"tools": TOOLS}, {"tools": TOOLS, "tool_choice": ToolChoice("none")}),
    ({"tools": TOOLS}, {"tools": TOOLS * 2}),
    ({}, {"tool_choice": ToolChoice("auto")}),  # without tools some refuse it
    ({}, {"response_format": ResponseFormat("json")}),
    ({}, {"reasoning": ReasoningOptions()}),
    ({}, {"provider_options": {"n": 1}}),
    ({"provider_options": {"n": 1}}, {"provider_options": {"n": "1"}}),
    ({"messages": called({"a": 1})}, {"messages": called({"a": None})}),
    ({}, {"ask": CountTokens()}),
    ({"ask": Fill("a", "b")}, {"ask": Fill("ab")}),
    ({"ask": Embed(("a", "b"))}, {"ask": Embed(("b", "a"))}),
    ({"ask": Embed(("a",))}, {"ask": Embed(("a",), 256)}),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_another_spelling_is_the_same_question(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert key_of(replace(CALL, **first), IDENTITY) == key_of(replace(CALL, **second), IDENTITY)


@pytest.mark.parametrize(("first", "second"), OTHER)
def test_another_question(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert key_of(replace(CALL, **first), IDENTITY) != key_of(replace(CALL, **second), IDENTITY)


@pytest.mark.parametrize("changed", [{"target": "p/n"}, {"version": "openai-chat/2 http://p"}, {"partition": "other"}])
def test_whom_it_is_asked_of_and_who_pays_count(changed: dict[str, str]) -> None:
    assert key_of(CALL, IDENTITY) != key_of(CALL, replace(IDENTITY, **changed))


def test_what_cannot_be_spelled_out_has_no_key() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for odd in ("\ud83d", object(), deep):
        assert key_of(replace(CALL, provider_options={"x": odd}), IDENTITY) is None
    while deep:  # else its own end overflows the stack
        deep = deep[0]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, False), ({"temperature": 0.7}, False), ({"temperature": 0.0}, True), ({"seed": 1}, False),
        ({"ask": Embed(("a",))}, True), ({"ask": CountTokens()}, True), ({"ask": Fill("a")}, False),
    ],
)  # fmt: skip
def test_what_is_deterministic(changed: dict[str, Any], expected: bool) -> None:
    assert deterministic(replace(CALL, **changed)) is expected
