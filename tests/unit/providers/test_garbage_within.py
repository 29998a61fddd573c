"""A field or an event that nobody needs costs no reply."""

from typing import Any

import msgspec
import pytest

from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.dialects.base import Dialect, Quirks
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.errors import InvalidResponse, ProviderError
from libria_providers.reply import Answer
from libria_providers.types import Delta, Event, Finish, Reasoning, ToolCall, ToolCallDelta, Usage

STOP = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
CHAT, MESSAGES = OpenAIChat(), AnthropicMessages()


def chat(*chunks: dict[str, Any] | bytes) -> list[Event]:
    decoder, events = CHAT.decoder(Quirks()), list[Event]()
    for chunk in (*chunks, STOP):
        events += decoder.feed("", chunk if isinstance(chunk, bytes) else msgspec.json.encode(chunk))
    return events + decoder.end()


@pytest.mark.parametrize(
    ("chunk", "events"),
    [
        ({"id": 7, "choices": [{"delta": {"content": "a"}}]}, [Delta("a")]),
        ({"model": {}, "created": "x", "choices": [{"index": None, "delta": {"content": "a"}}]}, [Delta("a")]),
        ({"choices": [{"delta": {"content": "a", "reasoning": {"x": 1}}}]}, [Delta("a")]),
        ({"choices": [{"delta": {"content": {"x": 1}, "reasoning": "r"}}]}, [Reasoning("r")]),
        ({"choices": [{"delta": {"content": "null", "refusal": []}}]}, [Delta("null")]),
        ({"choices": [{"delta": {"content": "a", "tool_calls": {}}}, 7]}, [Delta("a")]),
        (
            {"choices": [{"delta": {"tool_calls": [{"index": "0", "id": 5, "function": {"name": "f"}}]}}]},
            [ToolCallDelta(0, "", "5", "f")],
        ),
        ({"choices": [], "usage": {"prompt_tokens": []}}, []),
        (b'{"choices": [{"delta": {"content": "a\xffb"}}]}', [Delta("a\ufffdb")]),
        (b'{"choices": [{"delta": {"content": "a\xff\\ud83d"}}]}', [Delta("a\ufffd\ufffd")]),
        (b"", []),
        (b" \n", []),
    ],
)
def test_chunk(chunk: dict[str, Any] | bytes, events: list[Event]) -> None:
    assert chat(chunk)[: len(events)] == events
    assert isinstance(chat(chunk)[len(events)], Finish)


def test_numbers_as_strings() -> None:
    last = chat({"id": 1, "choices": [], "usage": {"prompt_tokens": "3", "completion_tokens": "5"}})[-1]
    assert isinstance(last, Finish)
    assert last.usage == Usage(3, 5)


def test_message() -> None:
    said = [
        ("message_start", b'{"type":"message_start","message":{"model":7,"usage":{"input_tokens":"3"}}}'),
        ("ping", b"still here"),
        ("ping", b""),
        ("content_block_start", b'{"type":"content_block_start","index":"0","content_block":{"type":"text"}}'),
        ("content_block_delta", b'{"type":"content_block_delta","index":null,"delta":{"text":"a\xff"}}'),
        ("message_delta", b'{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":[]}}'),
    ]
    decoder, events = MESSAGES.decoder(Quirks()), list[Event]()
    for event, data in said:
        events += decoder.feed(event, data)
    assert events + decoder.end() == [Delta("a\ufffd"), Finish("stop", Usage(3, 0), "7")]


def test_whole_bodies() -> None:
    body = {"id": 1, "choices": [{"index": None, "message": {"content": "a"}, "finish_reason": "stop"}]}
    assert CHAT.whole(msgspec.json.encode(body), Quirks())[0] == Delta("a")
    body = {"type": "message", "model": 7, "content": [{"type": "text", "text": "a"}], "stop_reason": "end_turn"}
    assert MESSAGES.whole(msgspec.json.encode(body), Quirks())[0] == Delta("a")


both = pytest.mark.parametrize("dialect", [CHAT, MESSAGES], ids=["chat", "messages"])


@both
def test_only_an_event_of_an_unknown_name_may_be_garbage(dialect: Dialect) -> None:
    assert dialect.decoder(Quirks()).feed("ping", b"pong") == []
    for event in ("", "message"):
        with pytest.raises(InvalidResponse):
            dialect.decoder(Quirks()).feed(event, b"pong")


@both
def test_a_refusal_with_200_is_not_sent_again(dialect: Dialect) -> None:
    with pytest.raises(ProviderError) as caught:
        dialect.whole(b'{"error": "Unexpected endpoint or method. (POST /v1/x)"}', Quirks())
    assert caught.value.kind == "badRequest"


def piece(name: str | None, arguments: object, identity: str | None = "", index: int | None = 0) -> dict[str, Any]:
    call = {"index": index, "id": identity, "function": {"name": name, "arguments": arguments}}
    return {"choices": [{"delta": {"tool_calls": [call]}}]}


@pytest.mark.parametrize(
    ("pieces", "calls"),
    [
        ([piece("f", '{"x":1}'), piece("g", '{"y":2}')], [("f", {"x": 1}), ("g", {"y": 2})]),
        ([piece("f", '{"x":1}'), piece("f", '{"y":2}')], [("f", {"x": 1}), ("f", {"y": 2})]),
        ([piece("f", '{"x"'), piece(None, ":1}"), piece("g", ""), piece(None, "{}")], [("f", {"x": 1}), ("g", {})]),
        # A name that comes with every piece begins nothing.
        ([piece("f", '{"x"'), piece("f", ":1}"), piece("f", "")], [("f", {"x": 1})]),
        ([piece("f", "null")], [("f", {})]),
        ([piece("f", ""), piece("", "", None)], [("f", {})]),
        ([piece("f", None, "a"), piece("g", {}, "b")], [("f", {}), ("g", {})]),
    ],
)
def test_calls_that_are_all_number_0(pieces: list[dict[str, Any]], calls: list[tuple[str, dict[str, Any]]]) -> None:
    answer = Answer()
    for event in chat(*pieces):
        answer.add(event)
    found = answer.tool_calls()
    assert [(call.name, call.arguments) for call in found] == calls
    assert len({call.id for call in found}) == len(calls)
    assert all(isinstance(call, ToolCall) and call.id for call in found)
