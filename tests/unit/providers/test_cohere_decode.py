"""Replies of Cohere's chat, streamed and whole."""

from typing import Any

import msgspec
import pytest

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.cohere import Cohere
from libria_providers.errors import Interrupted, InvalidResponse, ProviderError
from libria_providers.reply import Answer
from libria_providers.types import Delta, Event, Finish, Reasoning, ToolCall, ToolCallDelta, Usage

DIALECT = Cohere()


def said(kind: str, index: int = 0, **message: Any) -> dict[str, Any]:
    return {"type": kind, "index": index, "delta": {"message": message}}


def text(words: str, index: int = 0) -> dict[str, Any]:
    return said("content-delta", index, content={"text": words})


def thinking(words: str, index: int = 0) -> dict[str, Any]:
    return said("content-delta", index, content={"thinking": words})


def call(index: int = 0, identity: str | None = "c1", name: str = "f", arguments: Any = "") -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return said("tool-call-start", index, tool_calls={"id": identity, "type": "function", "function": function})


def argue(arguments: str, index: int = 0) -> dict[str, Any]:
    return said("tool-call-delta", index, tool_calls={"function": {"arguments": arguments}})


def done(reason: str | None = "COMPLETE", **more: Any) -> dict[str, Any]:
    tokens = {"input_tokens": 3.0, "output_tokens": 5.0}
    return {"type": "message-end", "delta": {"finish_reason": reason, "usage": {"tokens": tokens}, **more}}


BEGUN = said("message-start", role="assistant", content=[], tool_plan="", tool_calls=[], citations=[])
CALL_END = {"type": "tool-call-end", "index": 0}
TEXT_START = said("content-start", content={"type": "text", "text": ""})
THINKING_START = said("content-start", content={"type": "thinking", "thinking": ""})
TEXT_END = {"type": "content-end", "index": 0}


def stream(*events: Any) -> list[Event]:
    decoder, found = DIALECT.decoder(Quirks()), list[Event]()
    for event in events:
        name = event["type"] if isinstance(event, dict) else ""
        found += decoder.feed(name, event if isinstance(event, bytes) else msgspec.json.encode(event))
    return found + decoder.end()


def whole(reason: str = "COMPLETE", **message: Any) -> list[Event]:
    usage = {"tokens": {"input_tokens": 3, "output_tokens": 5}}
    return DIALECT.whole(
        msgspec.json.encode({"id": "i", "message": message, "finish_reason": reason, "usage": usage}), Quirks()
    )


def finish(events: list[Event]) -> Finish:
    assert isinstance(events[-1], Finish)
    assert sum(isinstance(event, Finish) for event in events) == 1
    return events[-1]


def answer(events: list[Event]) -> Answer:
    found = Answer()
    for event in events:
        found.add(event)
    return found


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([BEGUN, TEXT_START, text("a"), text(""), text("b"), TEXT_END, done()], [Delta("a"), Delta("b")]),
        ([THINKING_START, thinking("r"), TEXT_START | {"index": 1}, text("a", 1), done()],
         [Reasoning("r"), Delta("a")]),
        # What a block begins with counts too; a start may be missing.
        ([said("content-start", content={"type": "text", "text": "a"}), text("b"), done()], [Delta("a"), Delta("b")]),
        ([said("content-start", content={"thinking": "r"}), thinking("s"), done()], [Reasoning("r"), Reasoning("s")]),
        # Citations, debugging and what may come are nobody's business.
        ([{"type": "citation-start", "index": 0, "delta": {"message": {"citations": {"start": 1}}}},
          {"type": "citation-end", "index": 0}, {"type": "debug", "prompt": "p"}, {"type": "later"}, text("a"), done()],
         [Delta("a")]),
        # The plan is for Cohere alone.
        ([said("tool-plan-delta", tool_plan="I will"), call(), argue('{"x"'), argue(":1}"), CALL_END, done()],
         [ToolCallDelta(0, "", "c1", "f"), ToolCallDelta(0, '{"x"'), ToolCallDelta(0, ":1}")]),
        ([call(), CALL_END, done("TOOL_CALL")], [ToolCallDelta(0, "", "c1", "f")]),
        ([call(arguments='{"x":1}'), done("TOOL_CALL")],
         [ToolCallDelta(0, "", "c1", "f"), ToolCallDelta(0, '{"x":1}')]),
        ([call(), argue("null"), CALL_END, done("TOOL_CALL")], [ToolCallDelta(0, "", "c1", "f")]),
        ([argue("{}"), text("a"), done()], [Delta("a")]),
    ],
)  # fmt: skip
def test_stream(events: list[Any], found: list[Event]) -> None:
    heard = stream(*events)
    assert heard[:-1] == found
    assert finish(heard).usage == Usage(3, 5)


def test_parallel_calls() -> None:
    heard = stream(
        call(), argue('{"x":1}'), CALL_END, call(1, "c2", "g"), {"type": "tool-call-end", "index": 1},
        call(2, None, "h"), argue('{"y":2}', 2), done("TOOL_CALL"),
    )  # fmt: skip
    first, second, third = answer(heard).tool_calls()
    assert (first, second) == (ToolCall("c1", "f", {"x": 1}), ToolCall("c2", "g", {}))
    assert (third.name, third.arguments) == ("h", {"y": 2})
    assert third.id not in ("", "c1", "c2")
    function = {"name": "f", "arguments": {"x": 1}}
    both = whole("TOOL_CALL", tool_calls=[{"id": "a", "function": function}, {"id": "b", "function": {"name": "g"}}])
    assert answer(both).tool_calls() == (ToolCall("a", "f", {"x": 1}), ToolCall("b", "g", {}))


@pytest.mark.parametrize(
    ("reason", "called", "ours"),
    [
        ("COMPLETE", False, "stop"),
        ("STOP_SEQUENCE", False, "stop"),
        ("COMPLETE", True, "toolUse"),
        ("TOOL_CALL", True, "toolUse"),
        ("MAX_TOKENS", False, "length"),
        ("ERROR_LIMIT", False, "length"),
        ("ERROR_TOXIC", False, "contentFilter"),
        ("WHAT_IS_NEW", False, "stop"),
        (None, False, "stop"),
    ],
)
def test_stop_reason(reason: str | None, called: bool, ours: str) -> None:
    calls = [call(), argue("{}")] if called else []
    assert finish(stream(text("a"), *calls, done(reason))).stop_reason == ours


@pytest.mark.parametrize("reason", ["ERROR", "TIMEOUT"])
def test_broken_off(reason: str) -> None:
    for ask in (lambda: stream(text("a"), done(reason)), lambda: whole(reason, content=[])):
        with pytest.raises(ProviderError) as caught:
            ask()
        assert (caught.value.kind, caught.value.code) == ("overloaded", reason)
    with pytest.raises(ProviderError, match="the model broke") as caught:
        stream(text("a"), done(reason, error="the model broke"))
    assert (caught.value.kind, caught.value.code) == ("overloaded", reason)


@pytest.mark.parametrize("pieces", [[], [""], ['{"x"']])
def test_a_call_that_the_limit_cut_off(pieces: list[str]) -> None:
    heard = stream(call(), CALL_END, call(1, "c2", "g"), *(argue(piece, 1) for piece in pieces), done("MAX_TOKENS"))
    assert answer(heard).tool_calls() == (ToolCall("c1", "f", {}),)
    assert finish(heard).stop_reason == "length"


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        ({"billed_units": {"input_tokens": 1, "output_tokens": 2}, "tokens": {"input_tokens": 9, "output_tokens": 8},
          "cached_tokens": 7}, Usage(9, 8, 7)),
        ({"tokens": {"input_tokens": 9, "output_tokens": 8, "reasoning_tokens": 6}}, Usage(9, 8, None, 6)),
        ({"billed_units": {"input_tokens": 1, "output_tokens": 2}}, Usage(1, 2)),
        ({"tokens": {"input_tokens": "9"}, "cached_tokens": []}, Usage(9, 0)),
        ({}, Usage()),
        (None, Usage()),
    ],
)  # fmt: skip
def test_usage(usage: Any, counted: Usage) -> None:
    assert finish(stream(text("a"), done(usage=usage))).usage == counted


def test_opaque() -> None:
    heard = stream(
        BEGUN, THINKING_START, thinking("r"), thinking("s"), text("a", 1), text("b", 1),
        said("tool-plan-delta", tool_plan="I "), said("tool-plan-delta", tool_plan="will"), call(), done("TOOL_CALL"),
    )  # fmt: skip
    content = [{"type": "thinking", "thinking": "rs"}, {"type": "text", "text": "ab"}]
    assert finish(heard).opaque == {"dialect": "cohere", "tool_plan": "I will", "content": content}
    assert finish(whole(content=content, tool_plan="I will")).opaque == finish(heard).opaque
    assert finish(stream(text("a"), done())).opaque is None
    assert finish(whole(content=[{"type": "text", "text": "a"}])).opaque is None


def test_whole() -> None:
    content = [{"type": "thinking", "thinking": "r"}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert whole(content=content)[:-1] == [Reasoning("r"), Delta("a"), Delta("b")]
    assert whole(content="a")[:-1] == [Delta("a")]
    assert whole(content=None, role="assistant") == [Finish("stop", Usage(3, 5))]


def test_an_end_of_bytes() -> None:
    for events in ([], [BEGUN], [text("a"), TEXT_END]):
        with pytest.raises(Interrupted):
            stream(*events)
    # Some that copy this format end with OpenAI's word alone.
    assert stream(text("a"), b"[DONE]") == [Delta("a"), Finish("stop")]
    with pytest.raises(InvalidResponse):
        stream(b"[DONE]")
    decoder = DIALECT.decoder(Quirks())
    assert not decoder.ending
    decoder.feed("", msgspec.json.encode(done()))
    assert decoder.ending
    assert decoder.feed("", b"[DONE]") == decoder.end() == []


@pytest.mark.parametrize(
    ("event", "data", "kind"),
    [
        ("", {"message": "too many tokens: size limit exceeded by 9 tokens"}, "contextTooLong"),
        ("", {"id": "i", "message": "internal error"}, "overloaded"),
        ("", {"error": {"message": "slow", "type": "rate_limit_error"}}, "rateLimited"),
        ("error", {"message": "oops"}, "overloaded"),
        ("error", b"oops", "overloaded"),
        ("", {"x": 1}, "invalidResponse"),
        ("message", b"oops", "invalidResponse"),
        ("content-delta", b"oops", "invalidResponse"),
        ("", b"[]", "invalidResponse"),
    ],
)
def test_an_error_within_a_stream(event: str, data: Any, kind: str) -> None:
    with pytest.raises(ProviderError) as caught:
        DIALECT.decoder(Quirks()).feed(event, data if isinstance(data, bytes) else msgspec.json.encode(data))
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"id":"i","message":"model overloaded"}', "overloaded"),
        (b'{"error": "Unexpected endpoint or method. (POST /v2/chat)"}', "badRequest"),
        (b"{}", "invalidResponse"),
        (b"no", "invalidResponse"),
        (b"[]", "invalidResponse"),
    ],
)
def test_no_reply_in_a_200(body: bytes, kind: str) -> None:
    with pytest.raises(ProviderError) as caught:
        DIALECT.whole(body, Quirks())
    assert caught.value.kind == kind


def test_what_does_not_quite_fit() -> None:
    assert answer(stream(b'{"type":"content-delta","index":"0","delta":{"message":{"content":{"text":"a\xff"}}}}',
                         {"type": "content-delta", "delta": {"message": {"content": {"text": 5}, "tool_plan": []}}},
                         b" ", done())).text == "a\ufffd5"  # fmt: skip
    assert DIALECT.decoder(Quirks()).feed("ping", b"pong") == []
