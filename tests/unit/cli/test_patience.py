"""A daemon that says nothing is asked whether it is there: an answer may take as long as it takes."""

import json
import socket
import threading
from collections.abc import Callable

import pytest

from libria.client import channel as module
from libria.client.channel import Channel
from libria.client.errors import CallFailed, DaemonGone


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PING_WAIT", 0.2)
    monkeypatch.setattr(module, "CANCEL_WAIT", 0.01)


def served(daemon: Callable[[socket.socket], None]) -> tuple[Channel, threading.Thread]:
    ours, theirs = socket.socketpair()

    def run() -> None:
        with theirs:
            daemon(theirs)

    thread = threading.Thread(target=run)
    thread.start()
    return Channel(ours, patience=0.01), thread


def frame(message: object) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def test_a_silent_daemon_is_given_up() -> None:
    heard = bytearray()

    def silent(connection: socket.socket) -> None:
        while data := connection.recv(4096):
            heard.extend(data)

    client, thread = served(silent)
    with client, pytest.raises(TimeoutError, match="libria stop"):
        client.request("libria/chat", {})
    thread.join()
    assert heard.count(b'"method":"libria/ping"') == 1


@pytest.mark.parametrize("pong", [{"result": None}, {"error": {"code": -32601, "message": "There is no method."}}])
def test_one_that_is_there_may_take_its_time(pong: dict[str, object]) -> None:
    """An older one does not know the question, and has answered all the same."""

    def slow(connection: socket.socket) -> None:
        pings = 0
        while pings < 5:
            for _ in range(connection.recv(4096).count(b'"method":"libria/ping"')):
                connection.sendall(frame({"jsonrpc": "2.0", "id": "libria/ping", **pong}))
                pings += 1
        connection.sendall(frame({"jsonrpc": "2.0", "id": 1, "result": "at last"}))

    client, thread = served(slow)
    with client:
        assert client.request("libria/chat", {}) == "at last"
    thread.join()


def test_what_it_said_before_it_closed_is_heard() -> None:
    ours, theirs = socket.socketpair()
    refusal = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "Another protocol; upgrade."}}
    theirs.sendall(frame(refusal))
    theirs.close()
    with Channel(ours) as client:
        with pytest.raises(CallFailed, match="Another protocol"):
            client.request("libria/models", {})
        with pytest.raises(DaemonGone):
            client.request("libria/models", {})
