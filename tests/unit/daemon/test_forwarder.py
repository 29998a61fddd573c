"""The forwarder between a client and the daemons that come and go."""

import pytest
from forwarder_kit import Json, Stage, ask, framed, progress, result, tell

from libria.connect.lock import NoDaemon


def test_what_a_client_and_its_daemon_say_goes_through() -> None:
    stage = Stage()
    daemon = stage.daemon()
    stage.send(ask(1, "libria/status"), tell("$/whatever"))
    assert [daemon.next()["method"], daemon.next()["method"]] == ["libria/status", "$/whatever"]
    daemon.say(tell("window/logMessage", type=3), ask(7, "workspace/configuration"), result(1, {"pid": 5}))
    assert [stage.next().get("id"), stage.next()["id"], stage.next()["result"]] == [None, 7, {"pid": 5}]
    stage.send(result(7, []))
    assert daemon.next() == result(7, [])
    assert stage.leave() == 0
    assert daemon.next() is None


def test_a_call_goes_on_in_the_next_daemon() -> None:
    stage = Stage()
    stage.send(ask(1, "libria/chat", model="m", partialResultToken="t"))
    first = stage.daemon()
    asked = first.next()
    first.progress("t", "start", 0, callId="call-1")
    first.progress("t", "delta", 1, text='a ","seq":77}}} b')
    first.progress("t", "delta", 2, text="c")
    first.die()
    second = stage.daemon()
    assert second.next() == tell("libria/again", id=1, callId="call-1", seq=3)
    assert second.next() == asked
    second.progress("t", "reset", 3, reason="disconnected", target="m")
    second.progress("t", "delta", 4, text="d")
    second.die()
    third = stage.daemon()
    assert third.next() == tell("libria/again", id=1, callId="call-1", seq=5)
    assert third.next() == asked
    third.say(result(1, "whole"))
    heard = [stage.next() for _ in range(6)]
    assert [one["params"]["value"]["seq"] for one in heard[:5]] == [0, 1, 2, 3, 4]
    assert heard[5] == result(1, "whole")
    assert stage.leave() == 0


@pytest.mark.parametrize("token", ["t", 5, 'a "token" \\ with ü'])
@pytest.mark.parametrize("id", [1, "one", 'an "id" \\ with \x01 ü'])
def test_ids_and_tokens_of_any_spelling(id: Json, token: Json) -> None:
    import msgspec

    stage = Stage()
    stage.send(ask(id, "libria/chat", partialResultToken=token))  # json escapes what is not ASCII
    first = stage.daemon()
    first.next()
    first.raw(framed(msgspec.json.encode(progress(token, "start", 0, callId="c"))))  # the daemon does not
    first.die()
    second = stage.daemon()
    assert second.next()["params"] == {"id": id, "callId": "c", "seq": 1}
    assert second.next()["id"] == id
    second.raw(framed(msgspec.json.encode(result(id))))
    assert [stage.next()["method"], stage.next()["id"]] == ["$/progress", id]
    assert stage.leave() == 0


ANSWER = framed(result(1, {"text": "x" * 50}))


@pytest.mark.parametrize("cut", [*range(0, len(ANSWER), 7), len(ANSWER) - 1])
def test_half_a_frame_of_a_lost_daemon_never_reaches_the_client(cut: int) -> None:
    stage = Stage()
    stage.send(ask(1, "libria/embed", input=["a"]))
    first = stage.daemon()
    first.next()
    first.raw(framed(tell("some/thing")) + ANSWER[:cut])
    first.die()
    second = stage.daemon()
    assert second.next()["method"] == "libria/embed"
    second.raw(ANSWER)
    assert stage.next() == tell("some/thing")
    assert stage.next()["id"] == 1
    assert stage.leave() == 0


def test_an_answer_in_any_pieces_is_whole_and_counted_once() -> None:
    stage = Stage()
    daemon = stage.daemon()
    for id in range(3):
        stage.send(ask(id, "libria/chat", partialResultToken="t"))
        daemon.next()
        said = b"".join(map(framed, [progress("t", "start", 0, callId="c"), progress("t", "delta", 1, text="é")]))
        for byte in said + framed(result(id)):
            daemon.raw(bytes([byte]))
        assert [stage.next().get("id") for _ in range(3)] == [None, None, id]
    daemon.die()
    stage.send(ask(9, "libria/status"))
    assert stage.daemon().next()["id"] == 9, "nothing of what was answered is asked again"
    assert stage.leave() == 0


def test_answers_larger_than_any_buffer() -> None:
    stage = Stage()
    daemon = stage.daemon()
    for id, size in enumerate([262_000, 262_144, 3_000_000]):
        stage.send(ask(id, "libria/embed"), ask(f"{id}", "libria/status"))
        daemon.next()
        daemon.next()
        daemon.say(result(id, "x" * size), result(f"{id}"))
        assert len(stage.next()["result"]) == size
        assert stage.next()["id"] == f"{id}"
    assert stage.leave() == 0


SIDE_EFFECTS = ["libria/cacheClear", "libria/stop", "workspace/executeCommand", "libria/unknown"]


def test_what_has_effects_elsewhere_is_not_asked_again() -> None:
    stage = Stage()
    stage.send(*(ask(method, method) for method in SIDE_EFFECTS))
    daemon = stage.daemon()
    for method in SIDE_EFFECTS:
        assert daemon.next()["id"] == method
    daemon.die()
    for method in SIDE_EFFECTS:
        answer = stage.next()
        assert (answer["id"], answer["error"]["code"]) == (method, -32802)
        data = answer["error"]["data"]
        assert (data["kind"], data["retryable"], data["attempts"]) == ("disconnected", True, [])
    assert stage.alone(), "nothing is left that needs a daemon"
    assert stage.leave() == 0


def test_the_third_daemon_that_a_request_loses_is_the_last() -> None:
    stage = Stage()
    stage.send(ask(1, "libria/chat", workDoneToken="w"))
    for _ in range(3):
        daemon = stage.daemon()
        assert daemon.next()["id"] == 1
        daemon.say(tell("$/progress", token="w", value={"kind": "begin", "title": "x"}))
        daemon.die()
    assert stage.next()["params"]["value"]["kind"] == "begin"
    assert stage.next()["params"]["value"] == {"kind": "end"}, "all progress comes before the answer"
    assert stage.next()["error"]["code"] == -32802
    assert stage.leave() == 0


def test_daemons_that_die_without_a_word_do_not_count_as_much() -> None:
    """Bug: one that was killed still listened when the forwarder came back, and so took two of three lives."""
    stage = Stage()
    stage.send(ask(1, "libria/chat"))
    for _ in range(10):
        stage.daemon().die()
    daemon = stage.daemon()
    assert daemon.next()["id"] == 1
    daemon.say(result(1))
    assert stage.next() == result(1)
    assert stage.leave() == 0


def test_work_done_progress_begins_and_ends_once() -> None:
    stage = Stage()
    stage.send(ask(1, "libria/chat", workDoneToken="w"))
    for last in (False, True):
        daemon = stage.daemon()
        assert daemon.next()["id"] == 1
        daemon.say(*(tell("$/progress", token="w", value={"kind": kind}) for kind in ("begin", "report", "end")))
        if last:
            daemon.say(result(1))
        else:
            daemon.die()
    assert [stage.next()["params"]["value"]["kind"] for _ in range(3)] == ["begin", "report", "end"]
    assert stage.next() == result(1)
    assert stage.leave() == 0


def test_a_cancel_whose_daemon_is_lost_is_answered_here() -> None:
    stage = Stage()
    stage.send(ask(1, "libria/chat"), ask(2, "libria/chat", workDoneToken="w"), ask(3, "libria/chat"))
    daemon = stage.daemon()
    for _ in range(3):
        daemon.next()
    stage.send(tell("$/cancelRequest", id=1), tell("window/workDoneProgress/cancel", token="w"))
    assert [daemon.next()["method"], daemon.next()["method"]] == ["$/cancelRequest", "window/workDoneProgress/cancel"]
    daemon.die()
    answers = [stage.next(), stage.next()]
    assert [(one["id"], one["error"]["code"]) for one in answers] == [(1, -32800), (2, -32800)]
    assert stage.daemon().next()["id"] == 3
    assert stage.leave() == 0


def test_a_daemon_that_has_moved_finishes_while_the_next_takes_what_is_new() -> None:
    stage = Stage()
    stage.send(ask(1, "libria/chat", partialResultToken="t"))
    old = stage.daemon()
    old.next()
    old.progress("t", "start", 0, callId="c")
    old.say(tell("libria/moved"))
    assert stage.next()["method"] == "$/progress"
    old.progress("t", "delta", 1, text="a")
    assert stage.next()["method"] == "$/progress"  # so the other word has been heard
    stage.send(ask(2, "libria/chat"))
    new = stage.daemon()
    assert new.next()["id"] == 2
    stage.send(tell("$/cancelRequest", id=1), tell("$/cancelRequest", id=2))
    assert old.next()["params"] == {"id": 1}
    assert new.next()["params"] == {"id": 2}
    old.progress("t", "delta", 2, text="b")
    old.say(result(1))
    old.die()
    assert [stage.next().get("id"), stage.next()["id"]] == [None, 1]
    new.say(result(2))
    assert stage.next()["id"] == 2
    assert stage.alone()
    assert stage.leave() == 0


def test_what_a_moved_daemon_no_longer_takes_goes_to_the_next() -> None:
    """It was sent before the forwarder heard the word."""
    draining = {"code": -32802, "message": "Ending.", "data": {"retryable": True, "attempts": []}}
    stage = Stage()
    stage.send(ask(1, "libria/chat"), ask(2, "libria/cacheClear"))
    old = stage.daemon()
    old.next()
    old.next()
    old.say(tell("libria/moved"), *({"jsonrpc": "2.0", "id": id, "error": draining} for id in (1, 2)))
    new = stage.daemon()
    assert new.next()["id"] == 1
    new.say(result(1))
    assert {stage.next()["id"], stage.next()["id"]} == {1, 2}
    assert stage.leave() == 0


def test_a_daemon_that_just_ends_is_replaced_with_the_next_request() -> None:
    draining = {"code": -32802, "message": "Ending.", "data": {"retryable": True, "attempts": []}}
    stage = Stage()
    stage.send(ask(1, "libria/chat"))
    old = stage.daemon()
    old.next()
    old.say({"jsonrpc": "2.0", "id": 1, "error": draining})
    assert stage.next()["error"] == draining
    old.die()
    stage.send(ask(2, "libria/chat"))
    assert stage.daemon().next()["id"] == 2
    assert stage.leave() == 0


def test_a_refusal_is_the_answer_to_every_request_until_it_ends() -> None:
    stage = Stage()
    stage.send(ask(1, "libria/chat"))
    for _ in range(2):
        daemon = stage.daemon()
        assert daemon.next()["id"] == 1
        daemon.say(tell("libria/refused", message="Upgrade it."))
        daemon.die()
        answer = stage.next()["error"]
        assert (answer["code"], answer["message"], answer["data"]["kind"]) == (-32603, "Upgrade it.", "disconnected")
        stage.send(ask(1, "libria/chat"))
    daemon = stage.daemon()
    daemon.next()
    daemon.say(tell("libria/welcome", version="9999.0.0", protocol=1, pid=1), result(1))
    assert stage.next() == result(1)
    assert stage.leave() == 0


def test_a_daemon_that_turns_us_away_is_not_asked_three_times() -> None:
    stage = Stage()
    daemon = stage.daemon()
    stage.send(ask(1, "libria/chat"))
    daemon.next()
    full = {"code": -32803, "message": "The daemon has 5 clients, the most it takes."}
    daemon.say({"jsonrpc": "2.0", "id": None, "error": full})
    daemon.die()
    answer = stage.next()
    assert (answer["id"], answer["error"]["message"]) == (1, full["message"])
    assert stage.alone()
    assert stage.leave() == 1


def test_without_a_daemon_each_request_is_told_why_and_tries_anew(capfd: pytest.CaptureFixture[str]) -> None:
    stage = Stage([NoDaemon("No disk."), NoDaemon("No disk."), NoDaemon("No luck."), None])
    stage.send(ask(1, "libria/chat"), tell("textDocument/didClose"), ask(2, "initialize"))
    for id, message in ((1, "No disk."), (2, "No luck.")):
        answer = stage.next()
        assert (answer["id"], answer["error"]["code"], answer["error"]["message"]) == (id, -32603, message)
    stage.send(ask(3, "libria/chat"))
    assert stage.daemon().next()["id"] == 3
    assert stage.leave() == 0
    assert capfd.readouterr().err.count("No disk.") == 1


def test_a_call_in_flight_with_no_daemon_left() -> None:
    stage = Stage([None, NoDaemon("No disk.")])
    stage.send(ask(1, "libria/chat"))
    daemon = stage.daemon()
    daemon.next()
    daemon.die()
    error = stage.next()["error"]
    assert (error["code"], error["message"], error["data"]["kind"]) == (-32802, "No disk.", "disconnected")
    assert stage.leave() == 1, "there was no daemon in the end"


def opened(uri: str, version: int, text: str) -> Json:
    item = {"uri": uri, "languageId": "python", "version": version, "text": text}
    return tell("textDocument/didOpen", textDocument=item)


def test_the_next_daemon_is_told_who_is_there_and_what_is_open() -> None:
    stage = Stage()
    first = stage.daemon()
    stage.send({"method": "initialize", "params": {"x": {"id": 8}}, "jsonrpc": "2.0", "id": 1})
    first.next()
    first.say(result(1, {"capabilities": {"positionEncoding": "utf-16"}}))
    stage.next()
    place = {"start": {"line": 0, "character": 2}, "end": {"line": 0, "character": 3}}
    said = [
        tell("initialized"),
        tell("workspace/didChangeConfiguration", settings={"a": 1}),
        tell("workspace/didChangeConfiguration", settings={"a": 2}),
        opened("file:///a", 1, "😀x\n"),
        opened("file:///b", 1, "gone"),
        tell(
            "textDocument/didChange",
            textDocument={"uri": "file:///a", "version": 2},
            contentChanges=[{"range": place, "text": "y"}],
        ),
        tell("textDocument/didClose", textDocument={"uri": "file:///b"}),
    ]
    stage.send(*said)
    assert [first.next() for _ in said] == said
    first.die()
    stage.send(ask(2, "libria/status"))
    second = stage.daemon()
    again = second.next()
    assert (again["method"], again["params"]) == ("initialize", {"x": {"id": 8}})
    second.say(result(again["id"], {}))
    replayed = [second.next() for _ in range(3)]
    assert replayed == [said[0], said[2], opened("file:///a", 2, "😀y\n")]
    assert second.next()["id"] == 2
    second.say(result(2))
    assert stage.next()["id"] == 2, "nobody hears of the second greeting"
    assert stage.leave() == 0


def test_an_initialize_that_was_not_answered_is_asked_again_first() -> None:
    stage = Stage()
    first = stage.daemon()
    stage.send(ask(0, "libria/status"), ask(1, "initialize"), opened("file:///a", 1, "x"))
    for _ in range(3):
        first.next()
    first.die()
    second = stage.daemon()
    assert [second.next()["method"] for _ in range(3)] == ["initialize", "textDocument/didOpen", "libria/status"]
    second.say(result(1), result(0))
    assert [stage.next()["id"], stage.next()["id"]] == [1, 0]
    assert stage.leave() == 0


def test_an_id_in_use_is_refused_here_wherever_the_first_is() -> None:
    stage = Stage()
    daemon = stage.daemon()
    stage.send(ask(1, "libria/chat"), ask(1, "libria/status"))
    assert daemon.next()["method"] == "libria/chat"
    assert stage.next()["error"]["code"] == -32600
    daemon.say(result(1))
    assert stage.next() == result(1)
    stage.send(ask(1, "libria/status"))
    assert daemon.next()["method"] == "libria/status"
    assert stage.leave() == 0


def test_what_the_daemon_cannot_read_is_not_waited_for() -> None:
    stage = Stage()
    daemon = stage.daemon()
    daemon.say(tell("libria/welcome", version="9999"))
    for _ in range(2):
        stage.raw(framed(b'{"jsonrpc":"2.0","id":5,"method":"libria/chat","params":{"a":"\xff"}}'))
        stage.send(ask(6, "libria/status"))
        assert (type(daemon.next()), daemon.next()["id"]) == (bytes, 6)
        daemon.say({"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "No."}}, result(6))
        assert [stage.next()["id"], stage.next()["id"]] == [None, 6]
    assert stage.leave() == 0
