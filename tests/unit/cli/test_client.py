"""The blocking client: framing, progress, errors, cancelling."""

import socket
import threading
from typing import Any

import pytest

from libria.client import channel as module
from libria.client.channel import Channel, attach, connect
from libria.client.errors import CallFailed, DaemonGone


@pytest.fixture(autouse=True)
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CANCEL_WAIT", 0.05)


def test_request_gives_the_result(daemon: Any) -> None:
    daemon.answers("libria/status", {"pid": 7})
    with connect() as client:
        assert client.request("libria/status", {}) == {"pid": 7}
        assert client.request("libria/status", {"a": "é"}) == {"pid": 7}
    assert [(m["id"], m["params"]) for m in daemon.seen] == [(1, {}), (2, {"a": "é"})]


def test_progress_comes_in_order_and_only_its_own(daemon: Any) -> None:
    def chat(fake: Any, message: dict[str, Any]) -> None:
        fake.send({"method": "$/progress", "params": {"token": "other", "value": {"n": 0}}})
        fake.send({"method": "window/logMessage", "params": {}})
        for number in (1, 2, 3):
            fake.progress(message, {"n": number})
        fake.send({"id": message["id"], "result": "done"})

    daemon.on("libria/chat", chat)
    values: list[Any] = []
    with connect() as client:
        assert client.request("libria/chat", {}, values.append) == "done"
    assert values == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_without_on_progress_none_is_asked_for(daemon: Any) -> None:
    daemon.answers("libria/chat", None)
    with connect() as client:
        assert client.request("libria/chat", {}) is None
    assert daemon.seen[0]["params"] == {}


def test_an_error_keeps_code_message_and_data(daemon: Any) -> None:
    daemon.fails("libria/chat", -32803, "Set GROQ_API_KEY.", {"kind": "credentialMissing"})
    with connect() as client, pytest.raises(CallFailed) as caught:
        client.request("libria/chat", {})
    failed = caught.value
    assert (failed.code, failed.message, failed.data) == (-32803, "Set GROQ_API_KEY.", {"kind": "credentialMissing"})
    assert str(failed) == failed.message


def test_a_question_to_the_client_is_answered_with_no(daemon: Any) -> None:
    def chat(fake: Any, message: dict[str, Any]) -> None:
        fake.send({"id": "s1", "method": "workspace/configuration", "params": {}})
        fake.send({"id": message["id"], "result": 1})

    daemon.on("libria/chat", chat)
    with connect() as client:
        assert client.request("libria/chat", {}) == 1
    assert daemon.arrived.acquire(timeout=5)
    assert daemon.arrived.acquire(timeout=5)
    assert daemon.seen[1]["id"] == "s1"
    assert daemon.seen[1]["error"]["code"] == -32601


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_frames_may_come_in_any_pieces(size: int) -> None:
    ours, theirs = socket.socketpair()
    body = '{"jsonrpc":"2.0","id":1,"result":"ü🙂"}'.encode()
    frame = b"content-type: x\r\ncontent-LENGTH:  %d \r\n\r\n%b" % (len(body), body)

    def speak() -> None:
        for start in range(0, len(frame), size):
            theirs.sendall(frame[start : start + size])

    thread = threading.Thread(target=speak)
    thread.start()
    with Channel(ours) as client:
        assert client.request("x", {}) == "ü🙂"
    thread.join()
    theirs.close()


BROKEN = {
    "no length": b"Content-Type: x\r\n\r\n{}",
    "no number": b"Content-Length: ten\r\n\r\n{}",
    "no end of the header": b"x" * 20_000,
    "no JSON": b"Content-Length: 3\r\n\r\n{a}",
    "no UTF-8": b"Content-Length: 3\r\n\r\n\xff\xfe\xfd",
    "no object": b"Content-Length: 2\r\n\r\n[]",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_nonsense_is_said_to_be(daemon: Any, data: bytes) -> None:
    daemon.on("x", lambda fake, _: fake.send_bytes(data))
    with connect() as client, pytest.raises(DaemonGone, match="no JSON-RPC"):
        client.request("x", {})


def test_a_lost_daemon_is_said_to_be(daemon: Any) -> None:
    daemon.on("x", lambda fake, _: fake.hang_up())
    with connect() as client:
        with pytest.raises(DaemonGone, match="ended before it answered"):
            client.request("x", {})
        with pytest.raises(DaemonGone):
            client.request("x", {})


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, BrokenPipeError, ZeroDivisionError])
def test_an_interruption_cancels_and_goes_on(daemon: Any, interruption: type[BaseException]) -> None:
    def chat(fake: Any, message: dict[str, Any]) -> None:
        fake.progress(message, {"kind": "delta"})

    def cancelled(fake: Any, message: dict[str, Any]) -> None:
        fake.send({"id": message["params"]["id"], "error": {"code": -32800, "message": "Cancelled."}})

    daemon.on("libria/chat", chat)
    daemon.on("$/cancelRequest", cancelled)
    daemon.answers("libria/status", "still here")

    def interrupt(_: object) -> None:
        raise interruption

    with connect() as client:
        with pytest.raises(interruption):
            client.request("libria/chat", {}, interrupt)
        assert daemon.wait_for("$/cancelRequest")["params"] == {"id": 1}
        assert client.request("libria/status", {}) == "still here"


def test_a_daemon_that_ignores_the_cancel_holds_nobody(daemon: Any) -> None:
    daemon.on("libria/chat", lambda fake, message: fake.progress(message, {"kind": "delta"}))

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with connect() as client, pytest.raises(KeyboardInterrupt):
        client.request("libria/chat", {}, interrupt)


def test_a_lone_surrogate_is_sent_as_a_question_mark(daemon: Any) -> None:
    daemon.answers("x", 1)
    with connect() as client:
        client.request("x", {"prompt": "a\udcffb"})
    assert daemon.seen[0]["params"] == {"prompt": "a?b"}


def test_attach_gives_none_where_no_daemon_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    import libria.connect

    monkeypatch.setattr(libria.connect, "running_socket", lambda client: None)
    assert attach() is None


def test_attached_requests_do_not_wait_for_ever(daemon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ATTACH_WAIT", 0.05)
    client = attach()
    assert client is not None
    with client, pytest.raises(TimeoutError, match="does not answer"):
        client.request("libria/status", {})


def test_a_daemon_that_ends_while_greeted_is_no_broken_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    import libria.connect

    def ended(client: str = "") -> socket.socket:
        raise BrokenPipeError

    monkeypatch.setattr(libria.connect, "daemon_socket", ended)
    monkeypatch.setattr(libria.connect, "running_socket", ended)
    with pytest.raises(DaemonGone):
        connect()
    assert attach() is None
