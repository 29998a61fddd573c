"""How the forwarder ends: LSP's exit codes, a daemon that does not close, one daemon alone in this process."""

import os
import socket
import threading

import pytest
from forwarder_kit import WITHIN, Json, Reading, Stage, ask, framed, result, tell

from libria.connect.pump import pump

SAID = [
    ([ask(1, "shutdown"), tell("exit")], 0),
    ([tell("exit")], 1),
    ([ask(1, "libria/chat", text='"shutdown" and "exit"'), tell("exit")], 1),
]


@pytest.mark.parametrize(("said", "code"), SAID)
def test_the_exit_code_is_lsps(said: list[Json], code: int) -> None:
    stage = Stage()
    daemon = stage.daemon()
    stage.send(*said)
    for _ in said:
        daemon.next()
    daemon.die()
    assert stage.code() == code


def test_shutdown_of_a_daemon_that_is_lost_is_done() -> None:
    stage = Stage()
    daemon = stage.daemon()
    stage.send(ask(1, "shutdown"))
    daemon.next()
    daemon.die()
    assert stage.next() == result(1)
    stage.send(ask(2, "libria/status"), tell("exit"))
    assert stage.next()["id"] == 2
    assert stage.code() == 0
    assert stage.alone()


def test_a_daemon_that_does_not_close_holds_nobody() -> None:
    stage = Stage()
    stage.daemon()
    stage.send(ask(1, "libria/chat"))
    assert stage.leave() == 0


def test_a_ping_goes_to_who_is_silent_and_its_answer_to_nobody() -> None:
    stage = Stage()
    daemon = stage.daemon()
    stage.send(ask(1, "libria/chat"))
    daemon.next()
    ping = daemon.next()
    assert (ping["method"], str(ping["id"])[:7]) == ("libria/ping", "libria/")
    daemon.say(result(ping["id"]), result(1))
    assert stage.next() == result(1)
    assert stage.leave() == 0


# `--isolated`: one daemon, in this process.


def isolated() -> tuple[socket.socket, int, Reading, list[int], threading.Thread]:
    ours, theirs = socket.socketpair()
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    outcome: list[int] = []
    pumping = threading.Thread(target=lambda: outcome.append(pump(ours, in_read, out_write)), daemon=True)
    pumping.start()
    return theirs, in_write, Reading(out_read), outcome, pumping


def test_isolated_ends_with_its_daemon() -> None:
    theirs, in_write, client, outcome, pumping = isolated()
    os.write(in_write, framed(ask(1, "libria/chat")))
    theirs.recv(1000)
    theirs.sendall(framed(result(1)))
    assert client.next() == result(1)
    theirs.close()
    pumping.join(WITHIN)
    assert outcome == [1]


def test_isolated_is_half_closed_by_the_end_of_input() -> None:
    theirs, in_write, _, outcome, pumping = isolated()
    os.close(in_write)
    assert theirs.recv(10) == b""
    theirs.close()
    pumping.join(WITHIN)
    assert outcome == [0]


def test_a_client_that_does_not_read_is_still_heard() -> None:
    """Its cancel, above all."""
    theirs, in_write, client, outcome, pumping = isolated()
    del client
    stuffing = threading.Thread(
        target=lambda: theirs.sendall(b"".join(framed(tell("x", text="x" * 1000)) for _ in range(2000))), daemon=True
    )
    stuffing.start()
    os.write(in_write, framed(tell("$/cancelRequest", id=1)))
    assert b"cancelRequest" in theirs.recv(100)
    os.close(in_write)
    stuffing.join(WITHIN)
    theirs.close()
    pumping.join(WITHIN)
    assert outcome == [0]
