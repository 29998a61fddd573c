"""Anthropic's messages format as it is really streamed, case by case."""

from typing import Any

import msgspec
import pytest

from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.dialects.base import Quirks
from libria_providers.errors import Interrupted, InvalidResponse, ProviderError
from libria_providers.types import Delta, Event, Finish, Reasoning, ToolCallDelta, Usage

START = {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 3, "output_tokens": 25}}}
PING = {"type": "ping"}
END = {"type": "message_stop"}


def reason(stop_reason: str, **usage: int) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": stop_reason}, "usage": {"output_tokens": 5, **usage}}


def start(index: int, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def change(index: int, **delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def stop(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def text(*pieces: str) -> list[dict[str, Any]]:
    changes = [change(0, type="text_delta", text=piece) for piece in pieces]
    return [start(0, type="text", text=""), *changes, stop(0)]


def run(*said: dict[str, Any]) -> list[Event]:
    decoder = AnthropicMessages().decoder(Quirks())
    events: list[Event] = []
    for one in said:
        events += decoder.feed(one["type"], msgspec.json.encode(one))
    return events + decoder.end()


def test_text() -> None:
    events = run(START, PING, *text("a", "", "b"), PING, reason("end_turn"), END)
    assert events == [Delta("a"), Delta("b"), Finish("stop", Usage(3, 5), "m")]


@pytest.mark.parametrize(
    ("said", "stop_reason"),
    [("end_turn", "stop"), ("stop_sequence", "stop"), ("pause_turn", "stop"), ("max_tokens", "length"),
     ("model_context_window_exceeded", "length"), ("refusal", "contentFilter"), ("new", "stop")],
)  # fmt: skip
def test_stop_reason(said: str, stop_reason: str) -> None:
    last = run(START, *text("a"), reason(said), END)[-1]
    assert isinstance(last, Finish)
    assert last.stop_reason == stop_reason


def test_end_without_message_stop() -> None:
    assert isinstance(run(START, *text("a"), reason("end_turn"))[-1], Finish)
    for said in ((), (START,), (START, *text("a"))):
        with pytest.raises(Interrupted):
            run(*said)


def test_tool_calls() -> None:
    events = run(
        START,
        start(0, type="tool_use", id="a", name="f", input={}),
        change(0, type="input_json_delta", partial_json=""),
        change(0, type="input_json_delta", partial_json='{"x"'),
        start(1, type="tool_use", id="b", name="g", input={}),  # no arguments: no pieces
        change(0, type="input_json_delta", partial_json=":1}"),
        start(2, type="tool_use", id="c", name="h", input={"y": 2}),  # whole with the start
        stop(0),
        stop(1),
        stop(2),
        reason("tool_use"),
        END,
    )
    assert events == [
        ToolCallDelta(0, "", "a", "f"),
        ToolCallDelta(0, '{"x"'),
        ToolCallDelta(1, "", "b", "g"),
        ToolCallDelta(0, ":1}"),
        ToolCallDelta(2, "", "c", "h"),
        ToolCallDelta(2, '{"y":2}'),
        Finish("toolUse", Usage(3, 5), "m"),
    ]


def test_opaque_is_verbatim() -> None:
    redacted = {"type": "redacted_thinking", "data": "sealed"}
    search = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"q": "x"}}
    result = {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"type": "web_search_result"}]}
    citation = {"type": "web_search_result_location", "url": "u"}
    events = run(
        START,
        start(0, type="thinking", thinking="", signature=""),
        change(0, type="thinking_delta", thinking="hm"),
        change(0, type="signature_delta", signature="sig"),
        stop(0),
        start(1, **redacted),
        stop(1),
        start(2, **{**search, "input": {}}),
        change(2, type="input_json_delta", partial_json='{"q": "x"}'),
        stop(2),
        start(3, **result),
        stop(3),
        start(4, type="text", text=""),
        change(4, type="citations_delta", citation=citation),
        change(4, type="text_delta", text="a"),
        change(4, type="new_delta", new=1, text="not the answer"),
        stop(4),
        start(5, type="tool_use", id="t", name="f", input={}),
        stop(5),
        reason("tool_use"),
        END,
    )
    last = events[-1]
    assert isinstance(last, Finish)
    assert events[:-1] == [Reasoning("hm"), Delta("a"), ToolCallDelta(0, "", "t", "f")]
    assert last.opaque == {
        "dialect": "anthropic",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "sig"},
            redacted,
            search,
            result,
            {"type": "text", "text": "a", "citations": [citation]},
            {"type": "tool_use", "id": "t", "name": "f", "input": {}},
        ],
    }


@pytest.mark.parametrize(
    ("first", "later", "usage"),
    [
        ({"input_tokens": 3, "output_tokens": 25}, {"output_tokens": 5}, Usage(3, 5)),
        (
            {"input_tokens": 3, "cache_read_input_tokens": 10, "cache_creation_input_tokens": 100},
            {"output_tokens": 5, "input_tokens": 4},
            Usage(114, 5, 10, cache_write_input_tokens=100),
        ),
        ({"input_tokens": 3, "cache_read_input_tokens": 0}, {"output_tokens": 5, "input_tokens": 0}, Usage(3, 5, 0)),
        ({"input_tokens": 0}, {"output_tokens": 5, "input_tokens": 7}, Usage(7, 5)),
        ({}, {"output_tokens": 5, "output_tokens_details": {"thinking_tokens": 2}}, Usage(0, 5, None, 2)),
    ],
)
def test_usage(first: dict[str, Any], later: dict[str, Any], usage: Usage) -> None:
    begin = {"type": "message_start", "message": {"usage": first}}
    last = run(begin, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": later}, END)[-1]
    assert isinstance(last, Finish)
    assert last.usage == usage


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "overloaded"),
        ({"type": "error", "error": {"type": "rate_limit_error", "message": "x"}}, "rateLimited"),
        ({"type": "error", "error": {"type": "invalid_request_error", "message": "x"}}, "badRequest"),
        ({"error": {"message": "x", "type": "server_error"}}, "overloaded"),
    ],
)
@pytest.mark.parametrize("event", ["error", ""])
def test_error(event: str, data: dict[str, Any], kind: str) -> None:
    with pytest.raises(ProviderError) as caught:
        AnthropicMessages().decoder(Quirks()).feed(event, msgspec.json.encode(data))
    assert caught.value.kind == kind


@pytest.mark.parametrize("data", [b"{", b"[1]", b'{"type": 1}', b"\xff", b'{"type": "message_stop"}'])
def test_unreadable(data: bytes) -> None:
    with pytest.raises(InvalidResponse):
        AnthropicMessages().decoder(Quirks()).feed("", data)


def test_unknown_is_ignored() -> None:
    assert run(START, {"type": "new_event", "x": 1}, *text("a"), reason("end_turn"), END)[0] == Delta("a")


def test_whole() -> None:
    def whole(said: object) -> list[Event]:
        return AnthropicMessages().whole(msgspec.json.encode(said), Quirks())

    thinking = {"type": "thinking", "thinking": "hm", "signature": "s"}
    use = {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}}
    said = {"type": "message", "model": "m", "content": [thinking, use], "stop_reason": "tool_use", "usage": {}}
    assert whole(said) == [
        Reasoning("hm"),
        ToolCallDelta(0, "", "a", "f"),
        ToolCallDelta(0, '{"x":1}'),
        Finish("toolUse", Usage(), "m", {"dialect": "anthropic", "content": [thinking, use]}),
    ]
    with pytest.raises(ProviderError, match="overloaded"):
        whole({"type": "error", "error": {"type": "overloaded_error"}})
    with pytest.raises(InvalidResponse):
        whole({"choices": []})
