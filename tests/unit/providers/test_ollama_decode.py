"""Replies in Ollama's own format, case by case."""

from typing import Any

import msgspec
import pytest

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.ollama import Ollama
from libria_providers.errors import Interrupted, InvalidResponse, ProviderError
from libria_providers.frames import JSONReader
from libria_providers.types import Delta, Event, Finish, Reasoning, ToolCallDelta, Usage

DONE = {"model": "m", "done": True, "done_reason": "stop", "prompt_eval_count": 5, "eval_count": 7}


def said(**fields: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", **fields},
        "done": False,
    }


def call(name: str, arguments: Any, **fields: Any) -> dict[str, Any]:
    return {**fields, "function": {"name": name, "arguments": arguments}}


def run(*lines: dict[str, Any] | bytes) -> list[Event]:
    decoder = Ollama().decoder(Quirks())
    reader = Ollama().frames(b"{")
    assert isinstance(reader, JSONReader)
    events: list[Event] = []
    for line in lines:
        data = line if isinstance(line, bytes) else msgspec.json.encode(line) + b"\n"
        for event, message in reader.feed(data):
            events += decoder.feed(event, message)
    assert not decoder.ending
    return events + decoder.end()


def finish(*lines: dict[str, Any] | bytes) -> Finish:
    last = run(*lines)[-1]
    assert isinstance(last, Finish)
    return last


@pytest.mark.parametrize(
    ("fields", "events"),
    [
        ({"content": ""}, []),
        ({"content": "a"}, [Delta("a")]),
        ({"content": None, "thinking": "r"}, [Reasoning("r")]),
        ({"content": "a", "thinking": "r"}, [Reasoning("r"), Delta("a")]),
        ({"content": "", "tool_calls": None, "images": ["x"]}, []),
        ({"content": 5}, [Delta("5")]),  # not what is documented, and plain
        ({"tool_calls": [call("f", {"a": 1}, id="i")]}, [ToolCallDelta(0, '{"a":1}', "i", "f")]),
        ({"tool_calls": [call("f", '{"a":1}', id="i")]}, [ToolCallDelta(0, '{"a":1}', "i", "f")]),
        ({"tool_calls": [call("f", None, id="i")]}, [ToolCallDelta(0, "", "i", "f")]),
        ({"tool_calls": [call("f", {}, id="i")]}, [ToolCallDelta(0, "{}", "i", "f")]),
    ],
)
def test_message(fields: dict[str, Any], events: list[Event]) -> None:
    assert run(said(**fields), DONE)[:-1] == events


def test_lines_in_any_pieces() -> None:
    body = b"".join(msgspec.json.encode(line) + b"\n" for line in (said(content='"}{'), said(content="ü\n"), DONE))
    whole = run(body)
    assert whole[:-1] == [Delta('"}{'), Delta("ü\n")]
    assert run(*(body[at : at + 1] for at in range(len(body)))) == whole


@pytest.mark.parametrize(
    ("line", "stop_reason", "usage"),
    [
        (DONE, "stop", Usage(5, 7)),
        ({**DONE, "done_reason": "length"}, "length", Usage(5, 7)),
        ({**DONE, "done_reason": None}, "stop", Usage(5, 7)),  # before version 0.1.38
        ({**DONE, "prompt_eval_count": None}, "stop", Usage(0, 7)),  # all of the prompt was in the cache
        ({"model": "m", "done": True}, "stop", Usage()),
    ],
)
def test_finish(line: dict[str, Any], stop_reason: str, usage: Usage) -> None:
    last = finish(said(content="a"), line)
    assert (last.stop_reason, last.usage, last.served_model, last.opaque) == (stop_reason, usage, "m", None)


def test_tool_calls_are_the_reason_to_stop() -> None:
    assert finish(said(tool_calls=[call("f", {})]), DONE).stop_reason == "toolUse"
    assert finish(said(tool_calls=[call("f", {})]), {**DONE, "done_reason": "length"}).stop_reason == "length"


def test_calls_without_ids_get_some_that_differ() -> None:
    first = said(tool_calls=[call("f", {}), call("f", {})])
    later = {**first, "created_at": "2026-01-01T00:00:01Z"}
    ids = [event.id for event in (*run(first, later, DONE), *run(later, DONE)) if isinstance(event, ToolCallDelta)]
    assert all(ids)
    assert len(set(ids[:4])) == 4
    assert not set(ids[:2]) & set(ids[4:])
    same = [event.id for event in run(first, DONE) if isinstance(event, ToolCallDelta)]
    assert same == ids[:2]


def test_an_id_that_comes_twice_is_given_once() -> None:
    events = run(said(tool_calls=[call("f", {}, id="i"), call("g", {}, id="i")]), DONE)
    calls = [event for event in events if isinstance(event, ToolCallDelta)]
    assert [event.index for event in calls] == [0, 1]
    assert calls[0].id == "i"
    assert calls[1].id not in (None, "", "i")


def test_thinking_is_kept_for_the_next_turn() -> None:
    last = finish(said(thinking="a"), said(thinking="b"), said(content="c"), DONE)
    assert last.opaque == {"dialect": "ollama", "thinking": "ab"}


@pytest.mark.parametrize("reason", ["load", "unload"])
def test_a_model_that_was_only_loaded_has_answered_nothing(reason: str) -> None:
    line = {**DONE, "done_reason": reason}
    with pytest.raises(ProviderError) as caught:
        run(said(content=""), line)
    assert (caught.value.kind, caught.value.retryable, caught.value.code) == ("overloaded", True, reason)
    assert finish(said(content="a"), line).stop_reason == "stop"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ({"error": "an error was encountered while running the model"}, "overloaded"),
        ({"error": "unauthorized", "status": 401}, "credentialRejected"),
        ({"error": "prompt too long; exceeded max context length by 9 tokens"}, "contextTooLong"),
    ],
)
def test_error_within(line: dict[str, Any], kind: str) -> None:
    with pytest.raises(ProviderError) as caught:
        run(said(content="a"), line)
    assert caught.value.kind == kind


def test_cut() -> None:
    with pytest.raises(Interrupted):
        run(said(content="a"))


def test_nothing_after_the_end_counts() -> None:
    assert run(DONE, said(content="a"), DONE) == run(DONE)


@pytest.mark.parametrize("data", [b"data: x{}", b'{"a": 1}', b"[1]", b"{]"])
def test_what_it_is_not(data: bytes) -> None:
    with pytest.raises(InvalidResponse):
        Ollama().decoder(Quirks()).feed("", data)


def test_whole() -> None:
    dialect = Ollama()
    body = {**said(content="a", thinking="r"), **DONE}
    assert dialect.whole(msgspec.json.encode(body), Quirks())[:-1] == [Reasoning("r"), Delta("a")]
    lines = b"\n".join(msgspec.json.encode(line) for line in (said(content="a"), said(content="b"), DONE))
    assert dialect.whole(lines, Quirks())[:-1] == [Delta("a"), Delta("b")]
    undone = dialect.whole(msgspec.json.encode({"message": {"content": "a"}}), Quirks())
    assert isinstance(undone[-1], Finish)
    with pytest.raises(Interrupted):
        dialect.whole(b"\n".join(msgspec.json.encode(said(content=text)) for text in "ab"), Quirks())
    with pytest.raises(ProviderError, match="boom"):
        dialect.whole(b'{"error": "boom"}', Quirks())
