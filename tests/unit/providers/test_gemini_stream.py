"""Gemini's streams: events or one array, errors within them, function calls in pieces."""

from typing import Any

import msgspec
import pytest

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.gemini import Gemini
from libria_providers.dialects.gemini_args import put
from libria_providers.errors import (
    CredentialRejected,
    Interrupted,
    InvalidResponse,
    Overloaded,
    ProviderError,
    RateLimited,
)
from libria_providers.types import Delta, Event, Finish, ToolCallDelta

GEMINI = Gemini()
CHUNK = b'{"candidates": [{"content": {"parts": [{"text": "a"}]}}]}'
LAST = b'{"candidates": [{"finishReason": "STOP"}]}'
TOO_MANY = b'{\n  "error": {\n    "code": 429,\n    "message": "Slow down",\n    "status": "RESOURCE_EXHAUSTED"\n  }\n}'


def read(body: bytes, size: int) -> list[Event]:
    reader, decoder = GEMINI.frames(body.lstrip()[:1]), GEMINI.decoder(Quirks())
    assert reader is not None
    events: list[Event] = []
    for at in range(0, len(body), size):
        for event, data in reader.feed(body[at : at + size]):
            events += decoder.feed(event, data)
    for event, data in reader.end():
        events += decoder.feed(event, data)
    return events + decoder.end()


sizes = pytest.mark.parametrize("size", [1, 7, 10_000])


@sizes
@pytest.mark.parametrize(
    "body",
    [
        b"data: " + CHUNK + b"\r\n\r\ndata: " + LAST + b"\r\n\r\n",
        b"data: " + CHUNK + b"\n\ndata: " + LAST + b"\n\ndata: [DONE]\n\n",
        b": hello\n\n" + b"data: " + CHUNK + b"\n\nevent: ping\ndata: x\n\ndata: " + LAST,
        b"[" + CHUNK + b"\n,\r\n" + LAST + b"]",
        b"[" + CHUNK + b"\n,\r\n" + LAST,  # the bracket is lost, the reason is said
    ],
)
def test_both_forms(body: bytes, size: int) -> None:
    assert read(body, size) == [Delta("a"), Finish("stop")]


def test_an_object_is_a_whole_reply() -> None:
    assert GEMINI.frames(b"{") is None


@sizes
@pytest.mark.parametrize(
    "body",
    [
        b"data: " + TOO_MANY.replace(b"\n", b"") + b"\r\n\r\n",
        b"data: [" + TOO_MANY.replace(b"\n", b"") + b"]\n\n",
        b"event: error\ndata: " + TOO_MANY.replace(b"\n", b"") + b"\n\n",
        b"data: " + CHUNK + b"\r\n\r\n" + TOO_MANY.replace(b"\n", b"\r\n") + b"\r\n",  # bare lines
        b"data: " + CHUNK + b"\n\n[" + TOO_MANY + b"\n]",
        b"[" + TOO_MANY + b"\n]\n",
        b"[" + CHUNK + b",\r\n" + TOO_MANY + b"]",
    ],
)
def test_an_error_within(body: bytes, size: int) -> None:
    with pytest.raises(RateLimited) as caught:
        read(body, size)
    assert caught.value.code == "RESOURCE_EXHAUSTED"
    assert caught.value.status == 429


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"status": "UNAVAILABLE"}, Overloaded),
        ({"code": 503}, Overloaded),
        ({"code": 14, "status": "UNAVAILABLE"}, Overloaded),
        ({"code": 8, "status": "RESOURCE_EXHAUSTED"}, RateLimited),
        ({"code": 400, "details": [{"reason": "API_KEY_INVALID"}]}, CredentialRejected),
        ({"status": "UNAUTHENTICATED"}, CredentialRejected),
    ],
)
def test_the_kind_of_an_error_within(error: dict[str, Any], kind: type[ProviderError]) -> None:
    for body in (b"data: " + msgspec.json.encode({"error": error}) + b"\n\n", msgspec.json.encode([{"error": error}])):
        with pytest.raises(kind):
            read(body, 1000)


@sizes
@pytest.mark.parametrize("body", [b"data: " + CHUNK + b"\r\n\r\n", b"[" + CHUNK + b"\n,\r\n" + LAST[:-2]])
def test_a_break(body: bytes, size: int) -> None:
    with pytest.raises((Interrupted, InvalidResponse)):  # half a message is dropped by whoever reads the body
        read(body, size)


def calls(*pieces: dict[str, Any], reason: str = "STOP") -> list[Event]:
    decoder, events = GEMINI.decoder(Quirks()), list[Event]()
    for piece in pieces:
        said = {"candidates": [{"content": {"parts": [piece]}}], "responseId": "r"}
        events += decoder.feed("", msgspec.json.encode(said))
    events += decoder.feed("", msgspec.json.encode({"candidates": [{"finishReason": reason}]}))
    return events + decoder.end()


def call(name: str | None = None, *, more: bool | None = None, **fields: Any) -> dict[str, Any]:
    said: dict[str, Any] = {**({"name": name} if name else {}), **fields}
    return {"functionCall": said if more is None else {**said, "willContinue": more}}


def piece(path: str, text: str, more: bool | None = None) -> dict[str, Any]:
    said: dict[str, Any] = {"jsonPath": path, "stringValue": text}
    return said if more is None else {**said, "willContinue": more}


def test_arguments_in_pieces() -> None:
    """The order that https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling shows."""
    events = calls(
        {**call("weather", more=True), "thoughtSignature": "s"},
        call(partialArgs=[piece("$.location", "New ", True)], more=True),
        call(partialArgs=[piece("$.location", "Delhi", True)], more=True),
        call(partialArgs=[piece("$.location", "")], more=True),
        call(partialArgs=[{"jsonPath": "$.days", "numberValue": 3}, {"jsonPath": "$.unit", "nullValue": "NULL_VALUE"}]),
        call(),
        call("weather", args={"location": "Bern"}),
    )
    assert isinstance(events[0], ToolCallDelta)
    assert msgspec.json.decode(events[0].arguments) == {"location": "New Delhi", "days": 3, "unit": None}
    assert isinstance(events[1], ToolCallDelta)
    assert events[1].arguments == '{"location":"Bern"}'
    finish = events[-1]
    assert isinstance(finish, Finish)
    assert finish.stop_reason == "toolUse"
    assert finish.opaque is not None
    assert finish.opaque["parts"] == [
        {
            "functionCall": {"name": "weather", "args": {"location": "New Delhi", "days": 3, "unit": None}},
            "thoughtSignature": "s",
        },
        {"functionCall": {"name": "weather", "args": {"location": "Bern"}}},
    ]


def test_the_name_may_be_repeated_and_another_begins_another() -> None:
    events = calls(
        call("f", id="1", partialArgs=[piece("$.a", "x")], more=True),
        call("f", id="1", partialArgs=[piece("$.a", "y")], more=False),
        call("f", id="2", more=True),
        call("g", id="3", args={"b": 1}),
    )
    assert events[:3] == [
        ToolCallDelta(0, '{"a":"xy"}', "1", "f"),
        ToolCallDelta(1, "{}", "2", "f"),
        ToolCallDelta(2, '{"b":1}', "3", "g"),
    ]


def test_a_call_that_the_limit_cut_off_is_none() -> None:
    assert calls(call("f", more=True), reason="MAX_TOKENS") == [Finish("length")]
    events = calls(call("f", more=True, partialArgs=[piece("$.a", "x")]))
    assert [event.name for event in events if isinstance(event, ToolCallDelta)] == ["f"]


@pytest.mark.parametrize(
    ("pieces", "arguments"),
    [
        ([piece("$.a.b", "x"), piece("$.a.c", "y")], {"a": {"b": "x", "c": "y"}}),
        ([piece("$.a[0].b", "x"), piece("$.a[0].b", "y"), piece("$.a[1].b", "z")], {"a": [{"b": "xy"}, {"b": "z"}]}),
        ([piece("$['a b'][0]", "x"), piece('$["c\\"d"]', "y")], {"a b": ["x"], 'c"d': "y"}),
        ([piece("$.a[999999]", "x")], {"a": ["x"]}),
        ([piece("$.a", "x"), piece("$.a.b", "y")], {"a": "x"}),
        ([{"jsonPath": "$.a", "boolValue": False}, {"jsonPath": "$.a"}], {"a": False}),
        ([piece("a", "x"), piece("$", "x"), piece("$[0]", "x"), {}, None, piece("$" + ".a" * 1000, "x")], {}),
    ],
)
def test_places(pieces: list[Any], arguments: dict[str, Any]) -> None:
    found: dict[str, Any] = {}
    for one in pieces:
        put(found, one)
    assert found == arguments
