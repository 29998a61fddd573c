"""Replies in OpenAI's Responses format: what a reader gets out of what servers say."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.openai_responses import OpenAIResponses
from libria_providers.errors import Interrupted, InvalidResponse, ProviderError
from libria_providers.reply import Answer
from libria_providers.types import Event, Finish, Usage

DIALECT, QUIRKS = OpenAIResponses(), Quirks()
USAGE = {"input_tokens": 9, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 3}}


def text(words: str, identity: str = "m1", kind: str = "output_text") -> dict[str, Any]:
    part = {"type": kind, "refusal" if kind == "refusal" else "text": words}
    return {"type": "message", "id": identity, "role": "assistant", "status": "completed", "content": [part]}


def call(arguments: Any = "{}", call_id: str = "c1", name: str = "f") -> dict[str, Any]:
    return {"type": "function_call", "id": f"fc_{call_id}", "call_id": call_id, "name": name, "arguments": arguments}


def thought(sealed: str | None = "gAAA") -> dict[str, Any]:
    return {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": sealed}


def whole(*output: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"object": "response", "status": "completed", "output": list(output), "model": "m", **changes}


def end(*output: dict[str, Any], kind: str = "completed", **changes: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "response": whole(*output, **{"status": kind, "usage": USAGE, **changes})}


def delta(kind: str, words: str, **where: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}.delta", "delta": words, **where}


def item(kind: str, value: dict[str, Any], index: int | None = 0) -> dict[str, Any]:
    return {"type": f"response.output_item.{kind}", "output_index": index, "item": value}


def streamed(events: Sequence[dict[str, Any]]) -> list[Event]:
    decoder = DIALECT.decoder(QUIRKS)
    found: list[Event] = []
    for event in events:
        assert not decoder.ending
        found += decoder.feed(event.get("type", ""), json.dumps(event).encode())
    return found + decoder.end()


def answered(events: Sequence[Event]) -> Answer:
    answer = Answer()
    for event in events:
        answer.add(event)
    assert [type(event) for event in events].count(Finish) == 1
    assert isinstance(events[-1], Finish)
    return answer


def heard(answer: Answer) -> tuple[Any, ...]:
    assert answer.finish is not None
    calls = [(one.id, one.name, dict(one.arguments)) for one in answer.tool_calls()]
    return answer.text, answer.reasoning, calls, answer.finish.stop_reason


NO_CALLS: list[Any] = []
NO_ARGUMENTS: dict[str, Any] = {}
T0, T1 = {"output_index": 0, "item_id": "m1", "content_index": 0}, {"output_index": 1, "item_id": "fc_c1"}


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        pytest.param([delta("output_text", "a", **T0), delta("output_text", "b", **T0), end(text("ab"))],
                     ("ab", "", NO_CALLS, "stop"), id="deltas, and all again at the end"),
        pytest.param([{"type": "response.output_text.done", "text": "ab", **T0}, end()], ("ab", "", NO_CALLS, "stop"),
                     id="no deltas, only done"),
        pytest.param([item("done", text("ab")), end()], ("ab", "", NO_CALLS, "stop"), id="only the item"),
        pytest.param([end(text("ab"))], ("ab", "", NO_CALLS, "stop"), id="only the reply"),
        pytest.param([delta("output_text", "a"), delta("output_text", "b"), end(text("ab"))],
                     ("ab", "", NO_CALLS, "stop"), id="deltas that belong nowhere"),
        pytest.param([delta("output_text", "a", **T0), end(text("ab"))],
                     ("ab", "", NO_CALLS, "stop"), id="half in deltas"),
        pytest.param([item("added", text("", "m1")), delta("output_text", "a", **{**T0, "item_id": "m9"}),
                      item("done", text("a", "m8")), end(text("a", "m7"))], ("a", "", NO_CALLS, "stop"),
                     id="another id each time"),
        pytest.param([item("added", {**text(""), "content": []}), delta("output_text", "a", **T0),
                      item("done", text("a")), item("added", text("", "m2")), delta("output_text", "b", output_index=0),
                      item("done", text("b", "m2")), end(text("a"), text("b", "m2"))], ("ab", "", NO_CALLS, "stop"),
                     id="every item at index 0"),
        pytest.param([delta("refusal", "No", **T0), end(text("No", kind="refusal"))],
                     ("No", "", NO_CALLS, "contentFilter"), id="refusal"),
        pytest.param([delta("reasoning_summary_text", "s", output_index=0, summary_index=0),
                      delta("reasoning_text", "t", output_index=0, content_index=0), end()],
                     ("", "s", NO_CALLS, "stop"), id="reasoning is said once"),
        pytest.param([{"type": "response.reasoning_summary_part.done", "output_index": 0, "summary_index": 1,
                       "part": {"type": "summary_text", "text": "s"}}, end()], ("", "s", NO_CALLS, "stop"),
                     id="a summary's part"),
        pytest.param([end({**thought(), "summary": [{"type": "summary_text", "text": "s"}]})],
                     ("", "s", NO_CALLS, "stop"), id="a summary in the item only"),
        pytest.param([end({**thought(), "content": [{"type": "reasoning_text", "text": "t"}]})],
                     ("", "t", NO_CALLS, "stop"), id="reasoning in the item only"),
        pytest.param([item("added", call(""), 1), delta("function_call_arguments", '{"a"', **T1),
                      delta("function_call_arguments", ":1}", **T1), item("done", call('{"a":1}'), 1),
                      end(call('{"a":1}'))], ("", "", [("c1", "f", {"a": 1})], "toolUse"), id="a call in pieces"),
        pytest.param([item("added", call(""), 0), item("added", call("", "c2"), 1),
                      delta("function_call_arguments", "{}", output_index=1), item("done", call(), 0),
                      item("done", call("{}", "c2"), 1), end(call(), call("{}", "c2"))],
                     ("", "", [("c1", "f", NO_ARGUMENTS), ("c2", "f", NO_ARGUMENTS)], "toolUse"),
                     id="calls side by side"),
        pytest.param([delta("function_call_arguments", '{"a":1}', **T1), item("done", call('{"a":1}'), 1), end()],
                     ("", "", [("c1", "f", {"a": 1})], "toolUse"), id="a call's name comes last"),
        pytest.param([{"type": "response.function_call_arguments.done", "name": "f", "arguments": "{}", **T1}, end()],
                     ("", "", [("fc_c1", "f", NO_ARGUMENTS)], "toolUse"), id="a call that is done and no more"),
        pytest.param([end(call({"a": 1}))], ("", "", [("c1", "f", {"a": 1})], "toolUse"),
                     id="arguments that are an object"),
        pytest.param([end({"type": "function_call", "id": "fc_1", "name": "f", "arguments": ""})],
                     ("", "", [("fc_1", "f", NO_ARGUMENTS)], "toolUse"), id="a call without a call_id"),
        pytest.param([end(text("a"), kind="incomplete", incomplete_details={"reason": "max_output_tokens"})],
                     ("a", "", NO_CALLS, "length"), id="cut"),
        pytest.param([end(text("a"), kind="incomplete", incomplete_details={"reason": "content_filter"})],
                     ("a", "", NO_CALLS, "contentFilter"), id="filtered"),
        pytest.param([item("added", call("")), end(kind="incomplete")], ("", "", NO_CALLS, "length"),
                     id="cut before a call's arguments"),
        pytest.param([item("added", call("")), delta("function_call_arguments", '{"a', output_index=0),
                      end(call('{"a'), kind="incomplete")], ("", "", NO_CALLS, "length"),
                     id="cut within a call's arguments"),
        pytest.param([item("added", call("")), end({**call(""), "status": "incomplete"}, kind="incomplete")],
                     ("", "", NO_CALLS, "length"), id="cut before a call's arguments, and said again"),
        pytest.param([item("done", call("")), end(call(""), kind="incomplete")],
                     ("", "", [("c1", "f", NO_ARGUMENTS)], "length"), id="cut after a call without arguments"),
        pytest.param([delta("reasoning_text", "t"), delta("output_text", "a"),
                      end({**thought(), "content": [{"type": "reasoning_text", "text": "t"}]}, text("a"))],
                     ("a", "t", NO_CALLS, "stop"), id="reasoning and text that belong nowhere"),
        pytest.param([delta("output_text", "a", output_index=0), delta("output_text", "b", output_index=0),
                      end({**text("a"), "content": [*text("a")["content"], *text("b")["content"]]})],
                     ("ab", "", NO_CALLS, "stop"), id="parts without a number"),
        pytest.param([delta("output_text", "a"), {"type": "response.done", "response": whole(text("a"))}],
                     ("a", "", NO_CALLS, "stop"), id="OpenRouter's end"),
        pytest.param([{"type": "response.queued"}, {"type": "keepalive"}, {"type": "ping", "x": [1]}, {},
                      {"type": "response.custom.thing", "delta": {"a": 1}}, end(text("a"))],
                     ("a", "", NO_CALLS, "stop"), id="what is not known"),
    ],
)  # fmt: skip
def test_stream(events: list[dict[str, Any]], wanted: tuple[Any, ...]) -> None:
    answer = answered(streamed(events))
    assert heard(answer) == wanted
    assert answer.finish is not None
    assert answer.finish.served_model == "m"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (whole(text("a"), text("b", "m2")), ("ab", "", NO_CALLS, "stop")),
        (whole(thought(), call()), ("", "", [("c1", "f", NO_ARGUMENTS)], "toolUse")),
        (whole(text("no", kind="refusal")), ("no", "", NO_CALLS, "contentFilter")),
        (whole(status="incomplete", incomplete_details={"reason": "max_tokens"}), ("", "", NO_CALLS, "length")),
        (whole(text("a"), error=None, status=None), ("a", "", NO_CALLS, "stop")),
        (whole({"type": "web_search_call", "id": "ws"}, text("a"), {"odd": 1}), ("a", "", NO_CALLS, "stop")),
    ],
)
def test_whole(body: dict[str, Any], wanted: tuple[Any, ...]) -> None:
    assert heard(answered(DIALECT.whole(json.dumps(body).encode(), QUIRKS))) == wanted


def test_done_is_an_end_by_itself() -> None:
    decoder = DIALECT.decoder(QUIRKS)
    decoder.feed("", json.dumps(delta("output_text", "a")).encode())
    assert heard(answered(decoder.feed("", b"[DONE]")))[3] == "stop"
    with pytest.raises(InvalidResponse):
        DIALECT.decoder(QUIRKS).feed("", b"[DONE]")


def test_the_name_of_the_event_is_its_type_where_it_says_none() -> None:
    events = DIALECT.decoder(QUIRKS).feed("response.completed", json.dumps({"response": whole(text("a"))}).encode())
    assert heard(answered(events))[0] == "a"


def test_usage() -> None:
    details = {"cached_tokens": 4, "cache_write_tokens": 2}
    usage = {**USAGE, "input_tokens_details": details, "total_tokens": 14}
    finish = streamed([{"type": "response.created", "response": {"usage": None}}, end(usage=usage)])[-1]
    assert isinstance(finish, Finish)
    assert finish.usage == Usage(9, 5, 4, 3, 2)
    bare = streamed([end(usage=None)])[-1]
    assert isinstance(bare, Finish)
    assert bare.usage == Usage()


@pytest.mark.parametrize(
    ("event", "kind", "code"),
    [
        ({"type": "error", "error": {"type": "tokens", "code": "rate_limit_exceeded", "message": "m"}},
         "rateLimited", "rate_limit_exceeded"),
        ({"type": "error", "code": "context_length_exceeded", "message": "m", "param": None, "sequence_number": 1},
         "contextTooLong", "context_length_exceeded"),
        ({"type": "error", "status": 400, "error": {"type": "x_error", "message": "m"}}, "badRequest", "x_error"),
        ({"type": "response.failed", "response": {"status": "failed", "error": {"code": "server_error"}}},
         "overloaded", "server_error"),
        ({"type": "response.failed", "response": {"error": {"code": "invalid_prompt", "message": "m"}}},
         "contentFiltered", "invalid_prompt"),
        ({"type": "response.failed", "response": {"status": "failed", "error": None}}, "overloaded", "failed"),
        ({"type": "response.cancelled"}, "overloaded", "cancelled"),
        ({"error": {"code": "model_not_found", "message": "m"}}, "modelNotFound", "model_not_found"),
    ],
)  # fmt: skip
def test_error_within_a_stream(event: dict[str, Any], kind: str, code: str) -> None:
    with pytest.raises(ProviderError) as caught:
        streamed([delta("output_text", "a"), event])
    assert (caught.value.kind, caught.value.code) == (kind, code)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"message": "m", "code": "invalid_api_key"}}, "credentialRejected"),
        ({"error": "no such endpoint"}, "overloaded"),
        ({"status": "failed", "output": [], "error": {"code": "server_error", "message": "m"}}, "overloaded"),
        ({"status": "failed"}, "overloaded"),
        ({"status": "in_progress", "output": []}, "invalidResponse"),
        ({"choices": []}, "invalidResponse"),
        ([], "invalidResponse"),
    ],
)
def test_error_in_a_body(body: object, kind: str) -> None:
    with pytest.raises(ProviderError) as caught:
        DIALECT.whole(json.dumps(body).encode(), QUIRKS)
    assert caught.value.kind == kind


def test_a_stream_that_breaks_is_no_answer() -> None:
    with pytest.raises(Interrupted):
        streamed([delta("output_text", "a"), item("done", text("a"))])


def test_another_format() -> None:
    with pytest.raises(InvalidResponse):
        DIALECT.decoder(QUIRKS).feed("", b'{"object":"chat.completion.chunk","choices":[{"delta":{}}]}')
    with pytest.raises(InvalidResponse):
        DIALECT.decoder(QUIRKS).feed("", b"<html>")
    assert DIALECT.decoder(QUIRKS).feed("ping", b"pong") == []


def test_an_unknown_model_is_a_400() -> None:
    body = b'{"error":{"message":"no","type":"invalid_request_error","param":"model","code":"model_not_found"}}'
    assert DIALECT.error(400, {}, body).kind == "modelNotFound"
