"""Which message is whose, what is asked again, and what an error says: no daemon, no sockets."""

import json
import pickle
from typing import Any

import pytest

from libria.client import asks, options
from libria.client.calls import Book, Call
from libria.client.errors import CallFailed, DaemonGone, LibriaError, TaskBlocked, TooManyRounds
from libria.client.parts import file, image
from libria.client.wire import Incoming, framed

Json = Any


def chat(number: int = 1) -> Call:
    return Call(number, "libria/chat", {"messages": []}, streams=True)


def progress(call: Call, **value: Json) -> dict[str, Json]:
    return {"method": "$/progress", "params": {"token": call.token, "value": value}}


def frames(data: bytes) -> list[dict[str, Json]]:
    return list(Incoming().feed(data))


def test_messages_find_their_calls() -> None:
    book, first, second = Book(), chat(1), chat(2)
    book.add(first)
    book.add(second)
    assert book.take(progress(second, kind="start", callId="c", seq=0)) == ([second], b"")
    assert book.take({"method": "$/progress", "params": {"token": "another's", "value": {}}}) == ([], b"")
    assert book.take({"id": 1, "result": {"content": ""}}) == ([first], b"")
    assert book.take({"id": "libria/ping", "result": None}) == ([], b"")
    assert book.take({"id": 1, "result": {}}) == ([], b""), "it was answered"
    assert (second.call_id, second.seq, first.result()) == ("c", 1, {"content": ""})
    assert list(book.calls.values()) == [second]


def test_a_question_is_answered_with_no() -> None:
    _, reply = Book().take({"id": "s1", "method": "workspace/configuration"})
    assert frames(reply)[0]["error"]["code"] == -32601


def test_who_is_turned_away_hears_why() -> None:
    book, call = Book(), chat()
    book.add(call)
    book.take({"id": None, "error": {"code": -32600, "message": "Another protocol; upgrade."}})
    with pytest.raises(CallFailed, match="Another protocol"):
        call.result()


def test_another_daemon_is_told_where_we_stand() -> None:
    call = chat()
    assert call.again() == call.frame, "nothing was said yet"
    book = Book()
    book.add(call)
    book.take(progress(call, kind="start", callId="call-1", seq=0))
    book.take(progress(call, kind="delta", text="a", seq=1))
    again, asked = frames(call.again())
    assert again["method"] == "libria/again"
    assert again["params"] == {"id": 1, "callId": "call-1", "seq": 2}
    assert asked["params"] == {"messages": [], "partialResultToken": call.token}


def test_three_daemons_lost_are_enough() -> None:
    call, error = chat(), DaemonGone()
    for _ in range(40):
        call.lose(heard=False, error=error)  # who listens yet but was killed
    with pytest.raises(DaemonGone):
        call.lose(heard=True, error=error)


def test_only_what_did_not_begin_is_turned_away() -> None:
    ended: dict[str, Json] = {"id": 1, "error": {"code": -32802, "message": "The daemon ends."}}
    call = chat()
    assert not call.turned_away
    call.outcome = ended
    assert call.turned_away
    call.seq = 3
    assert not call.turned_away


def test_a_task_ends_with_its_message() -> None:
    call = Call(7, "libria/task", {"task_id": "t", "instruction": "x"}, streams=True)
    book = Book()
    book.add(call)
    said = {"message_type": "TASK_ACKNOWLEDGMENT", "task_id": "t", "estimated_completion": "2026-01-01T00:00:00Z"}
    book.take({"id": 7, "result": said})
    assert call.outcome is None
    assert call.inbox.popleft()["kind"] == "acknowledged"
    book.take({"id": 7, "result": said})
    assert not call.inbox, "acknowledged once, however often it was asked"
    assert frames(call.cancel())[0]["params"] == {"task_id": "t"}
    book.take({"method": "libria/taskMessage", "params": {"task_id": "another", "message_type": "TASK_COMPLETION"}})
    assert call.outcome is None
    book.take({"method": "libria/taskMessage", "params": {"task_id": "t", "message_type": "TASK_COMPLETION"}})
    assert call.result()["message_type"] == "TASK_COMPLETION"
    assert not book.calls


def test_what_a_task_ends_in() -> None:
    ask = asks.task("Do it", {"acceptance_criteria": ("short",), "retry_on_failure": True})
    assert ask.params["acceptance_criteria"] == ["short"]
    assert ask.params["retry_on_failure"] is True
    assert ask.params["task_id"] != asks.task("Do it", {}).params["task_id"]
    output = {"files": [{"path": "a", "content": "b"}], "code": "", "summary": "done"}
    validation = {"acceptance_criteria_met": [True], "all_passed": True, "issues": []}
    common = {"task_id": "t", "from_agent": "INTEGRATIONS"}
    completed = {"message_type": "TASK_COMPLETION", **common, "output": output, "validation": validation}
    done = ask.read(completed)
    assert done.output.files[0].path == "a"
    assert done.validation.acceptance_criteria_met == (True,)
    assert done.raw is completed
    blocked = {"message_type": "BLOCKER_ESCALATION", **common, "blocker_type": "timedOut", "description": "Look."}
    with pytest.raises(TaskBlocked, match="Look") as caught:
        ask.read(blocked)
    assert (caught.value.kind, caught.value.task_id) == ("timedOut", "t")


def test_names_are_the_protocols() -> None:
    given = {"max_tokens": 5, "cache": {"mode": "use", "max_age": 1}, "timeout": 3, "top_p": None, "stop": ("a",)}
    assert options.params(given, options.ChatOptions) == {
        "maxTokens": 5, "cache": {"mode": "use", "maxAge": 1}, "timeouts": {"total": 3}, "stop": ["a"],
    }  # fmt: skip
    both = options.params({"timeout": 3, "timeouts": {"total": 1.0, "first_token": 2}}, options.ChatOptions)
    assert both == {"timeouts": {"total": 1.0, "firstToken": 2}}
    opaque = {"a_b": {"c_d": 1}}
    assert options.params({"provider_options": opaque}, options.ChatOptions) == {"providerOptions": opaque}
    tool = {"role": "tool", "tool_call_id": "1", "content": [{"type": "image", "media_type": "image/png", "data": ""}]}
    assert options.messages([tool]) == [
        {"role": "tool", "toolCallId": "1", "content": [{"type": "image", "mediaType": "image/png", "data": ""}]}
    ]
    with pytest.raises(TypeError, match="'dimensions'"):
        options.params({"dimensions": 3}, options.ChatOptions)


ERRORS = [
    CallFailed(-32803, "Wait.", {"kind": "rateLimited", "retryAfterMs": 1500, "retryable": True, "partialText": "a"}),
    CallFailed(-32800, "The request was cancelled."),
    DaemonGone(),
    TaskBlocked("t", "Look.", "timedOut"),
    TooManyRounds(3, [{"role": "user", "content": "x"}]),
    LibriaError("So."),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_crosses_to_another_process(error: LibriaError) -> None:
    same = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
    assert type(same) is type(error)
    assert (str(same), same.kind, same.data) == (str(error), error.kind, error.data)


def test_what_an_error_says() -> None:
    error = ERRORS[0]
    assert (error.kind, error.retry_after, error.retryable, error.partial_text) == ("rateLimited", 1.5, True, "a")
    assert (ERRORS[1].kind, ERRORS[1].retryable, ERRORS[1].retry_after) == ("cancelled", False, None)
    assert isinstance(DaemonGone(), ConnectionError)


def test_pictures_and_files(tmp_path: Any) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"abc")
    assert image(path) == {"type": "image", "data": "YWJj", "mediaType": "image/png"}
    assert image("https://x/y.png") == {"type": "image", "url": "https://x/y.png"}
    assert file(path)["name"] == "a.png"
    with pytest.raises(ValueError, match="no picture"):
        image(b"abc")


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_frames_come_in_any_pieces(size: int) -> None:
    told = framed({"id": 1, "result": "ü🙂"}) + framed({"id": 2, "result": ["x" * 500]})
    incoming, found = Incoming(), list[Json]()
    for start in range(0, len(told), size):
        found += incoming.feed(told[start : start + size])
    assert [one["id"] for one in found] == [1, 2]
    assert found[0]["result"] == "ü🙂"


@pytest.mark.parametrize(
    "data", [b"Content-Length: x\r\n\r\n", b"x" * 9000, b"Content-Length: 2\r\n\r\n[]", b"Content-Length: 1\r\n\r\n{"]
)
def test_nonsense_is_said_to_be(data: bytes) -> None:
    with pytest.raises(DaemonGone, match="no JSON-RPC"):
        list(Incoming().feed(data))


def test_what_json_cannot_say_is_not_sent() -> None:
    with pytest.raises(ValueError, match="JSON"):
        framed({"id": 1, "params": {"temperature": float("nan")}})
    assert json.loads(framed({"id": 1, "params": {"p": "a\udcffb"}}).partition(b"\r\n\r\n")[2])["params"] == {
        "p": "a?b"
    }
