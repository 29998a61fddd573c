"""A task between a client and the daemons that come and go: one acknowledgment, one end."""

from forwarder_kit import Json, Stage, ask, framed, progress, result, tell

from libria.connect.lock import NoDaemon


def acknowledgment(id: Json, task_id: str = "t1") -> Json:
    return result(id, {"message_type": "TASK_ACKNOWLEDGMENT", "task_id": task_id})


def end(task_id: str = "t1", **more: Json) -> Json:
    return tell("libria/taskMessage", message_type="TASK_COMPLETION", task_id=task_id, **more)


def given(id: Json = 1, **more: Json) -> Json:
    return ask(id, "libria/task", task_id="t1", instruction="x", partialResultToken="p", **more)


def test_before_its_acknowledgment_a_task_is_asked_again_as_it_was() -> None:
    stage = Stage()
    stage.send(given())
    first = stage.daemon()
    assert first.next() == given()
    first.die()
    second = stage.daemon()
    assert second.next() == given()
    second.say(acknowledgment(1), end())
    assert [stage.next(), stage.next()] == [acknowledgment(1), end()]
    second.die()
    stage.send(ask(2, "libria/status"))
    assert stage.daemon().next()["id"] == 2, "nothing of what has ended is asked again"
    assert stage.leave() == 0


def test_behind_its_acknowledgment_the_client_hears_no_second_one() -> None:
    stage = Stage()
    stage.send(given())
    first = stage.daemon()
    first.next()
    first.say(acknowledgment(1), progress("p", "start", 0, callId="c"), progress("p", "delta", 1, text="a"))
    assert [stage.next().get("id") for _ in range(3)] == [1, None, None]
    stage.send(ask(1, "libria/status"))  # its id is the client's again
    assert first.next()["method"] == "libria/status"
    first.say(result(1, "status"))
    assert stage.next() == result(1, "status")
    for life in (2, 4):
        first.die()
        first = stage.daemon()
        assert first.next()["params"] == {"id": "libria/task/1", "callId": "c", "seq": life}
        again = first.next()
        assert (again["id"], again["params"]) == ("libria/task/1", given()["params"])
        first.say(acknowledgment("libria/task/1"), progress("p", "reset", life, reason="disconnected", target=""))
        first.progress("p", "delta", life + 1, text="b")
        assert [stage.next()["params"]["value"]["kind"] for _ in range(2)] == ["reset", "delta"]
    first.say(end())
    assert stage.next() == end()
    first.die()
    assert stage.leave() == 0


def test_two_tasks_and_one_of_them_given_twice() -> None:
    stage = Stage()
    stage.send(given(1), given(2), ask(3, "libria/task", task_id="t2", instruction="y"))
    first = stage.daemon()
    for _ in range(3):
        first.next()
    first.say(acknowledgment(1), acknowledgment(2), acknowledgment(3, "t2"), end("t2"))
    assert [stage.next().get("id") for _ in range(4)] == [1, 2, 3, None]
    first.die()
    second = stage.daemon()
    assert second.next()["id"] == "libria/task/1"
    second.say(acknowledgment("libria/task/1"), end())
    assert stage.next() == end()
    stage.send(ask(4, "libria/status"))
    assert second.next()["id"] == 4
    assert stage.leave() == 0


def test_ids_anywhere_in_the_message() -> None:
    stage = Stage()
    params = b'{"task_id":"t1","instruction":"\\"id\\": 5"}'
    stage.raw(framed(b'{"params":%b,"method":"libria/task","id" : "a","jsonrpc":"2.0"}' % params))
    first = stage.daemon()
    first.next()
    first.say(acknowledgment("a"))
    stage.next()
    first.die()
    second = stage.daemon()
    again = second.next()
    assert (again["id"], again["params"]["instruction"]) == ("libria/task/1", '"id": 5')
    second.say(end())
    assert stage.next() == end()
    assert stage.leave() == 0


def test_a_task_that_no_daemon_can_go_on_with_ends_in_an_escalation() -> None:
    stage = Stage([None, NoDaemon("There is no room for a daemon.")])
    stage.send(given())
    first = stage.daemon()
    first.next()
    first.say(acknowledgment(1))
    stage.next()
    first.die()
    message = stage.next()
    assert message["method"] == "libria/taskMessage"
    said = message["params"]
    assert (said["task_id"], said["message_type"], said["blocker_type"]) == ("t1", "BLOCKER_ESCALATION", "disconnected")
    assert "There is no room for a daemon." in said["description"]
    stage.leave()


def test_a_task_that_the_next_daemon_refuses_ends_in_an_escalation() -> None:
    stage = Stage()
    stage.send(given())
    first = stage.daemon()
    first.next()
    first.say(acknowledgment(1))
    stage.next()
    first.die()
    second = stage.daemon()
    second.next()
    error = {"code": -32602, "message": "No.", "data": {"kind": "invalidParams"}}
    second.say({"jsonrpc": "2.0", "id": "libria/task/1", "error": error})
    said = stage.next()["params"]
    assert (said["blocker_type"], said["description"]) == ("invalidParams", "No.")
    assert stage.leave() == 0


def test_the_third_daemon_that_a_task_loses_is_the_last() -> None:
    stage = Stage()
    stage.send(given())
    daemon = stage.daemon()
    daemon.next()
    daemon.say(acknowledgment(1))
    stage.next()
    for _ in range(2):
        daemon.die()
        daemon = stage.daemon()
        daemon.next()
        daemon.say(acknowledgment("libria/task/1"))
    daemon.die()
    assert stage.next()["params"]["blocker_type"] == "disconnected"
    assert stage.leave() == 0


def test_a_cancel_reaches_the_daemon_that_has_the_task() -> None:
    stage = Stage()
    stage.send(given())
    first = stage.daemon()
    first.next()
    first.say(acknowledgment(1))
    stage.next()
    cancel = tell("window/workDoneProgress/cancel", token="p")
    stage.send(cancel)
    assert first.next() == cancel
    first.die()
    second = stage.daemon()
    assert second.next()["id"] == "libria/task/1"
    told = second.next()
    assert (told["method"], told["params"]) == ("libria/task/cancel", {"task_id": "t1"})
    second.say(acknowledgment("libria/task/1"), result(told["id"], {"task_id": "t1", "cancelled": True}), end())
    assert stage.next() == end()
    assert stage.leave() == 0


def test_an_older_daemon_finishes_what_it_has_acknowledged() -> None:
    stage = Stage()
    older = stage.daemon()
    stage.send(given())
    older.next()
    older.say(acknowledgment(1))
    stage.next()
    older.say(tell("libria/moved"), tell("some/thing"))
    assert stage.next() == tell("some/thing"), "what came before it was heard"
    stage.send(ask(5, "libria/status"))
    newer = stage.daemon()
    assert newer.next()["id"] == 5
    newer.say(result(5))
    assert stage.next() == result(5)
    older.say(end())
    assert stage.next() == end()
    assert stage.leave() == 0
