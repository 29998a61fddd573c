"""OpenAI's chat format as vendors really stream it, case by case."""

from typing import Any

import msgspec
import pytest

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.errors import Interrupted, InvalidResponse, Overloaded, ProviderError
from libria_providers.types import Delta, Event, Finish, Reasoning, ToolCallDelta, Usage

STOP = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
ECHO = Quirks(echo=("reasoning_details", "reasoning_content", "extra_content"))


def delta(**said: Any) -> dict[str, Any]:
    return {"id": "r1", "choices": [{"delta": said}]}


def call(arguments: str | None = None, **fields: Any) -> dict[str, Any]:
    name = fields.pop("name", None)
    return delta(tool_calls=[{**fields, "function": {"name": name, "arguments": arguments}}])


def run(*chunks: dict[str, Any] | bytes, quirks: Quirks | None = None) -> list[Event]:
    decoder = OpenAIChat().decoder(quirks or Quirks())
    events: list[Event] = []
    for chunk in chunks:
        events += decoder.feed("", chunk if isinstance(chunk, bytes) else msgspec.json.encode(chunk))
    return events + decoder.end()


def finish(*chunks: dict[str, Any] | bytes, quirks: Quirks | None = None) -> Finish:
    last = run(*chunks, quirks=quirks)[-1]
    assert isinstance(last, Finish)
    return last


@pytest.mark.parametrize(
    ("said", "events"),
    [
        ({"role": "assistant", "content": ""}, []),
        ({"content": None}, []),
        ({"content": "a"}, [Delta("a")]),
        ({"reasoning": "r"}, [Reasoning("r")]),
        ({"reasoning_content": "r"}, [Reasoning("r")]),
        ({"reasoning": "r", "reasoning_content": "r"}, [Reasoning("r")]),
        ({"reasoning": "r", "reasoning_details": [{"type": "reasoning.text", "text": "r"}]}, [Reasoning("r")]),
        ({"reasoning_details": [{"text": "r"}, {"summary": "s"}, {"data": "x"}]}, [Reasoning("r"), Reasoning("s")]),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "r"}]},
                    {"type": "text", "text": "a"},
                    {"type": "reference", "reference_ids": [1]},
                ]
            },
            [Reasoning("r"), Delta("a")],
        ),
    ],
)
def test_delta(said: dict[str, Any], events: list[Event]) -> None:
    assert run(delta(**said), STOP)[:-1] == events


@pytest.mark.parametrize(
    ("chunks", "events"),
    [
        # OpenAI: id and name with the first piece only
        (
            (call("", index=0, id="a", name="f"), call('{"x":', index=0), call("1}", index=0)),
            [ToolCallDelta(0, "", "a", "f"), ToolCallDelta(0, '{"x":'), ToolCallDelta(0, "1}")],
        ),
        # OpenRouter: later pieces say id "" or repeat what is known
        (
            (call("{", index=0, id="a", name="f"), call("}", index=0, id=""), call("", index=0, id="a", name="f")),
            [ToolCallDelta(0, "{", "a", "f"), ToolCallDelta(0, "}"), ToolCallDelta(0, "")],
        ),
        # Mistral: whole, without an index
        (
            (call("{}", id="a", name="f"), call("{}", id="b", name="g")),
            [ToolCallDelta(0, "{}", "a", "f"), ToolCallDelta(1, "{}", "b", "g")],
        ),
        # the same index for every call
        (
            (call("{}", index=0, id="a", name="f"), call("{}", index=0, id="b", name="f")),
            [ToolCallDelta(0, "{}", "a", "f"), ToolCallDelta(1, "{}", "b", "f")],
        ),
        # indices with gaps, pieces that alternate
        (
            (call("", index=3, id="a", name="f"), call("", index=1, id="b", name="g"), call("{}", index=3)),
            [ToolCallDelta(0, "", "a", "f"), ToolCallDelta(1, "", "b", "g"), ToolCallDelta(0, "{}")],
        ),
        # arguments that are an object, or nothing
        (({**call(index=0, id="a", name="f")},), [ToolCallDelta(0, "", "a", "f")]),
        (
            (delta(tool_calls=[{"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}]),),
            [ToolCallDelta(0, '{"x":1}', "a", "f")],
        ),
    ],
)
def test_tool_calls(chunks: tuple[dict[str, Any], ...], events: list[Event]) -> None:
    got = run(*chunks, STOP)
    assert got[:-1] == events
    last = got[-1]
    assert isinstance(last, Finish)
    assert last.stop_reason == "toolUse"


def test_a_call_without_an_id_gets_one() -> None:
    events = run(call("{}", name="f"), call("{}", name="g"), STOP)
    ids = [event.id for event in events if isinstance(event, ToolCallDelta) and event.id]
    assert len(set(ids)) == 2
    assert isinstance(events[-1], Finish)


@pytest.mark.parametrize(
    ("reason", "stop_reason"),
    [("stop", "stop"), ("length", "length"), ("model_length", "length"), ("content_filter", "contentFilter"),
     ("tool_calls", "stop"), ("something new", "stop")],
)  # fmt: skip
def test_stop_reason(reason: str, stop_reason: str) -> None:
    """Without a tool call nothing can be run, whatever the reason says."""
    assert finish({"choices": [{"delta": {"content": "a"}, "finish_reason": reason}]}).stop_reason == stop_reason


def test_refusal_is_told_and_flagged() -> None:
    events = run(delta(content=None, refusal="I "), delta(refusal="can't"), STOP)
    assert events[:2] == [Delta("I "), Delta("can't")]
    assert events[-1] == Finish("contentFilter")


U1 = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
U2 = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


@pytest.mark.parametrize(
    ("chunks", "usage"),
    [
        ((STOP,), Usage()),
        (({**STOP, "usage": U1},), Usage(10, 2)),
        ((STOP, {"choices": [], "usage": U1}), Usage(10, 2)),
        (({**delta(content=""), "usage": U1}, {**STOP, "usage": None}), Usage(10, 2)),
        (({**delta(content="a"), "usage": U1}, {**STOP, "usage": U2}), Usage(10, 5)),
        (({**STOP, "x_groq": {"usage": U2}},), Usage(10, 5)),
        (({**STOP, "usage": U2, "x_groq": {"usage": U2}}, {"choices": [], "usage": U2}), Usage(10, 5)),
        (
            ({**STOP, "usage": {**U2, "prompt_tokens_details": {"cached_tokens": 4}}}, {"choices": [], "usage": U2}),
            Usage(10, 5, 4),
        ),
        (({**STOP, "usage": {**U1, "prompt_cache_hit_tokens": 3}},), Usage(10, 2, 3)),
        (({**STOP, "usage": {**U1, "completion_tokens_details": {"reasoning_tokens": 1}}},), Usage(10, 2, None, 1)),
        (({**STOP, "usage": {"prompt_tokens": 10.0}},), Usage(10, 0)),
    ],
)
def test_usage(chunks: tuple[dict[str, Any], ...], usage: Usage) -> None:
    assert finish(*chunks, b"[DONE]").usage == usage


@pytest.mark.parametrize(("total", "out"), [(19, 9), (12, 2)])
def test_reasoning_outside_output(total: int, out: int) -> None:
    """xAI's arithmetic, and only where its own total says that it is meant."""
    said = {**U1, "total_tokens": total, "completion_tokens_details": {"reasoning_tokens": 7}}
    assert finish({**STOP, "usage": said}, quirks=Quirks(reasoning_outside_output=True)).usage == Usage(
        10, out, None, 7
    )


def test_finish_comes_once_and_last() -> None:
    events = run(delta(content="a"), STOP, {"choices": [], "usage": U1}, b"[DONE]", b"[DONE]", delta(content="b"))
    assert events == [Delta("a"), Finish("stop", Usage(10, 2))]


def test_done_without_a_reason_is_an_end() -> None:
    assert run(delta(content="a"), b"[DONE]") == [Delta("a"), Finish("stop")]


def test_azure() -> None:
    filters = {"choices": [], "prompt_filter_results": [{}], "id": "", "model": ""}
    bare = {"choices": [{"index": 0, "content_filter_offsets": {}}]}
    assert run(filters, {**delta(content="a"), "model": "m"}, bare, STOP)[-1] == Finish("stop", served_model="m")


def test_only_the_first_choice() -> None:
    assert run({"choices": [{"index": 1, "delta": {"content": "b"}}]}, STOP)[:-1] == []


@pytest.mark.parametrize(
    ("event", "data", "kind"),
    [
        ("", {"error": {"message": "x", "type": "server_error"}}, "overloaded"),
        ("", {"error": {"message": "x", "code": 429}}, "rateLimited"),
        ("", {"error": "boom", "code": "x"}, "overloaded"),
        ("", {"object": "error", "message": "x", "type": "BadRequestError", "code": 400}, "badRequest"),
        ("", {"message": "x", "type": "too_many_tokens_error", "code": "token_quota_exceeded"}, "rateLimited"),
        ("error", {"error": {"code": "tool_use_failed", "status_code": 400}}, "badRequest"),
        ("error", "just words", "overloaded"),
        ("", {"error": {"code": 502}, "choices": [{"delta": {}, "finish_reason": "error"}]}, "overloaded"),
        ("", {"choices": [{"delta": {}, "finish_reason": "error"}]}, "overloaded"),
        ("", {"choices": [{"error": {"code": 400}, "delta": {}}]}, "badRequest"),
        ("", {"error": {"type": "x"}, "choices": 5}, "overloaded"),
        ("", {"error": [1]}, "overloaded"),
    ],
)
def test_error(event: str, data: object, kind: str) -> None:
    decoder = OpenAIChat().decoder(Quirks())
    decoder.feed("", msgspec.json.encode(delta(content="a")))
    with pytest.raises(ProviderError) as caught:
        decoder.feed(event, msgspec.json.encode(data))
    assert caught.value.kind == kind


@pytest.mark.parametrize("data", [b"{", b"null", b"[1]", b'"x"', b'{"choices": 1}', b"\xff", b"[" * 9999])
def test_unreadable(data: bytes) -> None:
    with pytest.raises(InvalidResponse):
        OpenAIChat().decoder(Quirks()).feed("", data)


def test_interrupted() -> None:
    with pytest.raises(Interrupted):
        run(delta(content="a"))
    with pytest.raises(Interrupted):
        run()
    with pytest.raises(InvalidResponse):
        run(b"[DONE]")


def test_echo() -> None:
    text = [{"type": "reasoning.text", "index": 0, "text": piece} for piece in ("a", "b")]
    signed = {"type": "reasoning.text", "index": 0, "text": "", "signature": "s"}
    sealed = {"type": "reasoning.encrypted", "index": 1, "data": "x", "id": "i"}
    last = finish(*(delta(reasoning_details=[one]) for one in (*text, signed, sealed)), STOP, quirks=ECHO)
    assert last.opaque == {
        "dialect": "openai-chat",
        "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "ab", "signature": "s"}, sealed],
    }
    assert finish(delta(reasoning_content="r"), STOP, quirks=ECHO).opaque == {
        "dialect": "openai-chat",
        "reasoning_content": "r",
    }
    assert finish(delta(reasoning_content="r"), STOP).opaque is None
    signature = {"google": {"thought_signature": "t"}}
    assert finish(call("{}", id="a", name="f", extra_content=signature), STOP, quirks=ECHO).opaque == {
        "dialect": "openai-chat",
        "tool_calls": {"0": signature},
    }


def test_whole() -> None:
    def whole(body: bytes) -> list[Event]:
        return OpenAIChat().whole(body, Quirks())

    said = {"model": "m", "choices": [{"message": {"content": "a"}, "finish_reason": "length"}], "usage": U1}
    assert whole(b"\n\n" + msgspec.json.encode(said)) == [Delta("a"), Finish("length", Usage(10, 2), "m")]
    # Azure leaves the message of a filtered choice out
    assert whole(b'{"choices": [{"finish_reason": "content_filter"}]}') == [Finish("contentFilter")]
    with pytest.raises(Overloaded):
        whole(b'{"error": {"code": 502, "message": "x"}, "user_id": "u"}')
    for body in (b"", b"{}", b"<html>", b'{"choices": []}', b"[DONE]"):
        with pytest.raises(InvalidResponse):
            whole(body)


def test_models() -> None:
    dialect = OpenAIChat()
    rows = dialect.models(b'{"data": [{"id": "a", "context_length": 9}, {"id": "b"}]}', "p")
    assert [(row.id, row.context_window) for row in rows] == [("p/a", 9), ("p/b", None)]
    assert dialect.models(b'[{"id": "a"}]', "p")[0].id == "p/a"
    with pytest.raises(InvalidResponse):
        dialect.models(b"<html>", "p")
