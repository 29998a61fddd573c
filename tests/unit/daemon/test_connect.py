"""The thin forwarder: what it says of its environment, to whom, and how it pumps."""

import json
import os
import socket
import threading
from pathlib import Path

import msgspec
import pytest

from libria.connect import daemon
from libria.connect.hello import carried, hello
from libria.connect.pump import pump
from libria_providers.registry import ROWS


def test_only_what_is_on_the_list_travels() -> None:
    env = {
        "OPENAI_API_KEY": "k",
        "MY_AUTH_TOKEN": "t",
        "GROQ_BASE_URL": "u",
        "HTTPS_PROXY": "p",
        "no_proxy": "n",
        "SSL_CERT_FILE": "c",
        "OLLAMA_HOST": "o",
        "NAMED_IN_CONFIG": "x",
        "AWS_SECRET_ACCESS_KEY": "never",
        "PATH": "never",
        "HOME": "never",
        "API_KEY_HINT": "never",
    }
    assert set(env) - set(carried(env, ("NAMED_IN_CONFIG",))) == {
        "AWS_SECRET_ACCESS_KEY",
        "PATH",
        "HOME",
        "API_KEY_HINT",
    }


def test_whatever_a_provider_is_set_up_with_travels() -> None:
    """The forwarder cannot import the rows, so its list is checked against them here."""
    names = {name for row in ROWS.values() for name in row.env()}
    assert names - set(carried(dict.fromkeys(names, "x"))) == set()


def test_the_greeting_is_one_frame_of_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[providers.team]\napi_key_env = 'TEAM_SECRET'\n[providers.b]\napi_key_env=\"B\"\n")
    for name in list(os.environ):
        monkeypatch.delenv(name)
    value = 'quote " backslash \\ newline \n umlaut ü emoji 😀'
    monkeypatch.setenv("X_API_KEY", value)
    monkeypatch.setenv("TEAM_SECRET", "s")
    header, _, body = hello(config, "a “tool”").partition(b"\r\n\r\n")
    assert header == b"Content-Length: %d" % len(body)
    message = json.loads(body)
    assert message["method"] == "libria/hello"
    assert message["params"]["client"] == "a “tool”"
    assert message["params"]["env"] == {"X_API_KEY": value, "TEAM_SECRET": "s"}


def test_a_variable_that_is_no_text_spoils_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_API_KEY", os.fsdecode(b"\xff\xfe"))
    monkeypatch.setenv("Y_API_KEY", "ü")
    _, _, body = hello(Path("/nowhere"), "").partition(b"\r\n\r\n")
    env = msgspec.json.decode(body)["params"]["env"]
    assert "X_API_KEY" not in env
    assert env["Y_API_KEY"] == "ü"


def test_a_socket_of_another_user_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert daemon.same_user(ours)
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
        assert not daemon.same_user(ours)


def test_a_socket_of_another_user_is_refused_before_anything_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(run / "libria.sock"))
        listener.listen()
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
        with pytest.raises(daemon.NoDaemon, match="another user"):
            daemon.running_socket()
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.recv(1) == b""


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_the_pump_carries_both_ways_and_ends_with_the_daemon(size: int) -> None:
    ours, theirs = socket.socketpair()
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    sent, back = os.urandom(size), os.urandom(size)
    outcome: list[int] = []
    pumping = threading.Thread(target=lambda: outcome.append(pump(ours, in_read, out_write)))
    pumping.start()
    feeding = threading.Thread(target=lambda: _write(in_write, sent))
    feeding.start()
    received = b"".join(iter(lambda: theirs.recv(65536), b""))  # ends as the client has ended
    answering = threading.Thread(target=lambda: (theirs.sendall(back), theirs.close()))
    answering.start()
    answer = b""
    while len(answer) < size:
        answer += os.read(out_read, 65536)
    for thread in (feeding, answering, pumping):
        thread.join()
    assert (received == sent, answer == back, outcome) == (True, True, [0])
    for descriptor in (out_read, out_write):
        os.close(descriptor)  # not in_read: the pump's thread may be about to read it, whatever it is by then
    ours.close()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ([b'{"method":"shutdown"}', b'{"method":"exit"}'], 0),
        ([b'{"method":"shut', b'down"}{"method":"e', b'xit"}'], 0),
        ([bytes([byte]) for byte in b'{"method":"shutdown"}{"method":"exit"}'], 0),
        ([b'{"method":"exit"}'], 1),
        ([b'{"method":"libria/chat"}'], 1),
        ([rb'{"text":"\"shutdown\" and \"exit\""}'], 1),
    ],
)
def test_the_exit_code_when_the_daemon_closes_first(said: list[bytes], code: int) -> None:
    ours, theirs = socket.socketpair()
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    outcome: list[int] = []
    pumping = threading.Thread(target=lambda: outcome.append(pump(ours, in_read, out_write)))
    pumping.start()
    for piece in said:
        os.write(in_write, piece)
        assert theirs.recv(len(piece), socket.MSG_WAITALL) == piece
    theirs.close()
    pumping.join()
    for descriptor in (in_write, out_read, out_write):
        os.close(descriptor)  # not in_read: the pump's thread may be about to read it, whatever it is by then
    ours.close()
    assert outcome == [code]


def test_a_client_that_does_not_read_is_still_heard() -> None:
    """Its cancel, above all."""
    ours, theirs = socket.socketpair()
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    pumping = threading.Thread(target=lambda: pump(ours, in_read, out_write))
    pumping.start()
    stuffing = threading.Thread(target=lambda: theirs.sendall(b"x" * 2_000_000))
    stuffing.start()  # more than the pipe takes: the outward pump stands still
    os.write(in_write, b"cancel")
    assert theirs.recv(6) == b"cancel"
    os.close(in_write)
    taken = 0
    while taken < 2_000_000:
        taken += len(os.read(out_read, 65536))
    stuffing.join()
    theirs.close()
    pumping.join()
    for descriptor in (out_read, out_write):
        os.close(descriptor)  # not in_read: the pump's thread may be about to read it, whatever it is by then
    ours.close()


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
    os.close(descriptor)
