"""Gemini's replies: what is said, how it ends, what cannot be read."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.gemini import Gemini
from libria_providers.errors import BadRequest, Interrupted, InvalidResponse, Overloaded, ProviderError
from libria_providers.types import Delta, Event, Finish, Reasoning, ToolCallDelta, Usage

GEMINI = Gemini()
STOP = {"candidates": [{"finishReason": "STOP"}]}


def said(*parts: dict[str, Any], reason: str | int | None = None, **fields: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}}
    return {"candidates": [candidate if reason is None else {**candidate, "finishReason": reason}], **fields}


def stream(*chunks: dict[str, Any] | bytes) -> list[Event]:
    decoder, events = GEMINI.decoder(Quirks()), list[Event]()
    for chunk in chunks:
        events += decoder.feed("", chunk if isinstance(chunk, bytes) else msgspec.json.encode(chunk))
    return events + decoder.end()


def whole(body: Any) -> list[Event]:
    return GEMINI.whole(msgspec.json.encode(body), Quirks())


CASES: list[tuple[tuple[Any, ...], list[Event]]] = [
    ((said({"text": "a"}), said({"text": ""}, reason="STOP")), [Delta("a")]),
    ((said({"text": "why", "thought": True}), said({"text": "a"}), STOP), [Reasoning("why"), Delta("a")]),
    ((said({"text": "a", "thought": False}), STOP), [Delta("a")]),
    (
        (said({"functionCall": {"name": "f", "args": {"a": 1}, "id": "x"}}, reason="STOP"),),
        [ToolCallDelta(0, '{"a":1}', "x", "f")],
    ),
    # Nothing of a server's tools, of images or of what nobody knows yet is the answer's text.
    (
        (
            said({"executableCode": {"code": "1"}}, {"codeExecutionResult": {"output": "1"}}),
            said({"inlineData": {"mimeType": "image/png", "data": "AA"}}, {"toolCall": {}}, {"new": 1}),
            said({"text": "a"}, reason="STOP", groundingMetadata={}),
        ),
        [Delta("a")],
    ),
    (({"candidates": [{"content": {}}, {"index": 1, "content": {"parts": [{"text": "b"}]}}]}, STOP), []),
    (({}, {"candidates": []}, {"candidates": [{"index": 0}]}, b"  ", b"[DONE]", STOP), []),
]


@pytest.mark.parametrize(("chunks", "events"), CASES)
def test_events(chunks: tuple[Any, ...], events: list[Event]) -> None:
    found = stream(*chunks)
    assert found[:-1] == events
    assert isinstance(found[-1], Finish)


@pytest.mark.parametrize(
    ("reason", "stop_reason"),
    [
        ("STOP", "stop"), (1, "stop"), ("MAX_TOKENS", "length"), (2, "length"), ("CONTINUATION", "length"),
        ("TOO_MANY_TOOL_CALLS", "length"), ("SAFETY", "contentFilter"), ("RECITATION", "contentFilter"),
        ("PROHIBITED_CONTENT", "contentFilter"), ("BLOCKLIST", "contentFilter"), ("SPII", "contentFilter"),
        ("IMAGE_SAFETY", "contentFilter"), ("MODEL_ARMOR", "contentFilter"), ("OTHER", "contentFilter"),
        ("A_NEW_FILTER", "contentFilter"), (3, "contentFilter"),
    ],
)  # fmt: skip
def test_stop_reason(reason: str | int, stop_reason: str) -> None:
    for events in (stream(said({"text": "a"}, reason=reason)), whole(said({"text": "a"}, reason=reason))):
        assert events[0] == Delta("a")
        assert isinstance(events[-1], Finish)
        assert events[-1].stop_reason == stop_reason


def test_stop_means_tool_use_when_there_are_calls() -> None:
    call = {"functionCall": {"name": "f"}}
    for reason, stop_reason in (("STOP", "toolUse"), ("MAX_TOKENS", "length"), ("SAFETY", "contentFilter")):
        finish = stream(said(call, reason=reason))[-1]
        assert isinstance(finish, Finish)
        assert finish.stop_reason == stop_reason


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"])
def test_a_mistake_of_the_model_is_an_error_after_what_was_said(reason: str) -> None:
    chunk = said({"text": "a"}, reason=reason)
    chunk["candidates"][0]["finishMessage"] = "Malformed function call: print(\ndefault_api.f())"
    decoder = GEMINI.decoder(Quirks())
    assert decoder.feed("", msgspec.json.encode(chunk)) == [Delta("a")]
    with pytest.raises(Overloaded) as streamed:
        decoder.end()
    assert streamed.value.code == reason
    assert "print( default_api.f())" in streamed.value.message
    with pytest.raises(Overloaded):
        whole(chunk)


def test_a_missing_signature_is_the_callers() -> None:
    with pytest.raises(BadRequest):
        whole(said(reason="MISSING_THOUGHT_SIGNATURE"))


@pytest.mark.parametrize("reason", ["SAFETY", "PROHIBITED_CONTENT", "MODEL_ARMOR", "OTHER", 1])
def test_a_blocked_prompt(reason: str | int) -> None:
    body = {"promptFeedback": {"blockReason": reason}, "usageMetadata": {"promptTokenCount": 7}, "modelVersion": "m"}
    assert stream(body) == whole(body) == [Finish("contentFilter", Usage(7), "m")]


def test_feedback_without_a_reason_blocks_nothing() -> None:
    chunk: dict[str, Any] = {**said({"text": "a"}, reason="STOP"), "promptFeedback": {"safetyRatings": []}}
    assert stream(chunk) == [Delta("a"), Finish("stop")]


@pytest.mark.parametrize(
    ("figures", "usage"),
    [
        ([{"promptTokenCount": 9}, {"promptTokenCount": 8, "candidatesTokenCount": 5}], Usage(8, 5)),
        ([{"trafficType": "ON_DEMAND"}, {"promptTokenCount": 3, "thoughtsTokenCount": 4}], Usage(3, 4, None, 4)),
        ([{"promptTokenCount": 3, "candidatesTokenCount": 2}, {"trafficType": "ON_DEMAND"}], Usage(3, 2)),
        (
            [{"promptTokenCount": 10, "toolUsePromptTokenCount": 5, "candidatesTokenCount": 2,
              "thoughtsTokenCount": 3, "cachedContentTokenCount": 4}],
            Usage(15, 5, 4, 3),
        ),
        ([], Usage()),
    ],
)  # fmt: skip
def test_usage(figures: list[dict[str, Any]], usage: Usage) -> None:
    finish = stream(*(said(usageMetadata=figure) for figure in figures), STOP)[-1]
    assert isinstance(finish, Finish)
    assert finish.usage == usage


def test_ids_differ_from_reply_to_reply_and_within_one() -> None:
    call: dict[str, Any] = {"functionCall": {"name": "f", "args": {}}}
    seen: list[str | None] = []
    for reply in ({"responseId": "a"}, {"responseId": "b"}, {}, {"modelVersion": "m"}):
        seen += [
            event.id for event in whole(said(call, call, reason="STOP", **reply)) if isinstance(event, ToolCallDelta)
        ]
    assert len(set(seen)) == len(seen) == 8
    twice = {"functionCall": {"name": "f", "id": "same"}}
    ids = [event.id for event in whole(said(twice, twice, reason="STOP")) if isinstance(event, ToolCallDelta)]
    assert ids[0] == "same"
    assert len(set(ids)) == 2


def test_a_stream_that_only_ends_is_no_answer() -> None:
    for chunks in ((), (said({"text": "a"}),), ({"usageMetadata": {"promptTokenCount": 1}},)):
        with pytest.raises(Interrupted):
            stream(*chunks)


def test_a_whole_reply_needs_no_reason_but_a_candidate() -> None:
    assert whole(said({"text": "a"})) == [Delta("a"), Finish("stop")]
    nothing: list[Any] = [{}, {"usageMetadata": {}}, [], "x", 1, {"candidates": []}, {"candidates": "x"}]
    for body in nothing:
        with pytest.raises(InvalidResponse):
            whole(body)


def test_a_whole_reply_may_be_a_streams_array() -> None:
    assert whole([said({"text": "a"}), said({"text": "b"}, reason="STOP")]) == [Delta("a"), Delta("b"), Finish("stop")]


def test_an_odd_field_costs_nothing() -> None:
    odd = b'{"candidates":[{"content":{"parts":[{"text":"a"},null]},"index":"0"}],"usageMetadata":[],"modelVersion":7}'
    assert stream(odd, STOP) == [Delta("a"), Finish("stop", served_model="7")]
    assert stream(b'{"candidates":[{"content":{"parts":[{"text":"\\ud83d"}]}}]}', STOP)[0] == Delta("�")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 600) | st.text(max_size=3)
    | st.sampled_from(["STOP", "SAFETY", "$.a[0]['b'].c", "f", "MALFORMED_RESPONSE"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(
            ["candidates", "content", "parts", "text", "thought", "thoughtSignature", "functionCall", "name", "args",
             "id", "partialArgs", "jsonPath", "stringValue", "nullValue", "willContinue", "finishReason",
             "finishMessage", "index", "promptFeedback",
             "blockReason", "usageMetadata", "promptTokenCount", "error", "code", "details",
             "violations", "quotaId", "retryDelay", "reason", "models", "embeddings", "values", "totalTokens"]
        ), inner, max_size=5),
    max_leaves=25,
)  # fmt: skip


@given(st.lists(JSON.map(msgspec.json.encode) | st.binary(max_size=30), max_size=5))
@settings(deadline=None, max_examples=200, derandomize=True)
def test_garbage(chunks: list[bytes]) -> None:
    decoder, events = GEMINI.decoder(Quirks()), list[Event]()
    with suppress(ProviderError):
        for chunk in chunks:
            events += decoder.feed("", chunk)
        events += decoder.end()
        assert isinstance(events[-1], Finish)
    for chunk in chunks:
        with suppress(ProviderError):
            GEMINI.whole(chunk, Quirks())
        with suppress(ProviderError):
            GEMINI.models(chunk, "p")
        assert isinstance(GEMINI.error(400, {}, chunk), ProviderError)
