"""The word and the proof: who cannot read the file gets nothing, neither the daemon's client nor its place."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from libria import paths
from libria.connect import loopback


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    return tmp_path


def listen() -> tuple[socket.socket, loopback.Secrets]:
    listener, secrets = loopback.listen()
    loopback.publish(listener, secrets)
    return listener, secrets


@pytest.fixture
def served() -> Iterator[Callable[[bytes], list[bytes]]]:
    """Answers one connection at the port of the file with these bytes; gives what was heard."""
    listener, secrets = listen()
    listener.setblocking(True)
    threads: list[threading.Thread] = []

    def serve(answer: bytes) -> list[bytes]:
        heard: list[bytes] = []

        def one() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):  # it hangs up on who is not the daemon
                heard.append(connection.recv(65536))
                connection.sendall(answer.replace(b"P" * 64, secrets.proof.encode()))
                connection.shutdown(socket.SHUT_WR)
                while piece := connection.recv(65536):
                    heard.append(piece)

        threads.append(threading.Thread(target=one))
        threads[-1].start()
        return heard

    yield serve
    for thread in threads:
        thread.join(10)
    listener.close()


def _frame(message: Any) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def test_the_file_is_this_users_alone_and_whole() -> None:
    listener, secrets = listen()
    with listener:
        file = paths.port_file()
        assert file.stat().st_mode & 0o777 == 0o600
        said = json.loads(file.read_text())
        assert said["port"] == listener.getsockname()[1]
        assert listener.getsockname()[0] == "127.0.0.1"
        assert said["token"] == secrets.token != said["proof"]
        assert len(bytes.fromhex(secrets.token)) == len(bytes.fromhex(secrets.proof)) == 32
        assert [one.name for one in file.parent.iterdir()] == [paths.PORT_NAME]


def test_a_daemon_that_knows_the_proof_is_the_one(served: Callable[[bytes], list[bytes]]) -> None:
    heard = served(_frame({"jsonrpc": "2.0", "id": "libria/token", "result": {"proof": "P" * 64}}))
    connection = loopback.connected()
    assert connection is not None
    connection.close()
    token = json.loads(paths.port_file().read_text())["token"]
    assert json.loads(heard[0].partition(b"\r\n\r\n")[2])["params"] == {"token": token}


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        _frame({"jsonrpc": "2.0", "id": "libria/token", "result": {"proof": "0" * 64}}),
        _frame({"jsonrpc": "2.0", "id": "libria/token", "result": None}),
        _frame({"jsonrpc": "2.0", "id": "libria/token", "result": {"proof": "é"}}),
        b"}}" * 1000,
        b"\xff" * 2000,
    ],
)
def test_who_took_over_a_port_hears_an_old_word_and_nothing_else(
    answer: bytes, served: Callable[[bytes], list[bytes]]
) -> None:
    heard = served(answer)
    assert loopback.connected() is None
    assert len(heard) <= 1


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff", b'{"port":"x","token":"a","proof":"b"}', b'{"port":0}']
)
def test_a_file_that_says_nothing_is_no_daemon(content: bytes) -> None:
    paths.ensure_private_dir(paths.runtime_dir())
    paths.port_file().write_bytes(content)
    paths.port_file().chmod(0o600)
    assert loopback.connected() is None


def test_no_file_and_nobody_there_are_no_daemon() -> None:
    assert loopback.connected() is None
    listen()[0].close()
    assert loopback.connected() is None


def test_a_file_that_others_may_read_or_a_link_is_not_believed(tmp_path: Path) -> None:
    listener, _ = listen()
    with listener:
        paths.port_file().chmod(0o644)
        with pytest.raises(PermissionError, match="this user's alone"):
            loopback.connected()
        paths.port_file().rename(tmp_path / "elsewhere")
        paths.port_file().symlink_to(tmp_path / "elsewhere")
        assert loopback.connected() is None


def test_a_later_daemons_file_is_not_ones_own() -> None:
    first, old = listen()
    second, new = listen()
    with first, second:
        assert not loopback.published(old)
        assert loopback.published(new)
        paths.port_file().unlink()
        assert not loopback.published(new)


def test_another_users_file_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    listener, _ = listen()
    with listener, socket.socket():
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        with pytest.raises(PermissionError):
            loopback.connected()
