"""A daemon in a thread that answers by a script: what the command line is tested against."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Json = Any
Handler = Callable[["FakeDaemon", dict[str, Json]], None]

# Stands in for libria.connect in a process of its own: joins the fake daemon, starts nothing.
RUNNER = """
import os, socket, sys, types
def running_socket(client=""):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(os.environ["FAKE_DAEMON"])
    return connection
connect = types.ModuleType("libria.connect")
connect.daemon_socket = connect.running_socket = running_socket
connect.ensure_daemon = lambda: os.environ["FAKE_DAEMON"]
sys.modules["libria.connect"] = connect
from libria.cli import main
"""


class FakeDaemon:
    """Serves one connection after another. `on` says what a method does; `seen` holds all messages
    that came, `arrived` is released for each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seen: list[dict[str, Json]] = []
        self.arrived = threading.Semaphore(0)
        self._handlers: dict[str, Handler] = {}
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def on(self, method: str, handler: Handler) -> None:
        self._handlers[method] = handler

    def answers(self, method: str, result: Json, *progress: dict[str, Json]) -> None:
        """`method` gives the progress, then the result."""

        def handler(daemon: "FakeDaemon", message: dict[str, Json]) -> None:
            for value in progress:
                daemon.progress(message, value)
            daemon.send({"id": message["id"], "result": result})

        self.on(method, handler)

    def fails(self, method: str, code: int, text: str, data: Json = None) -> None:
        error = {"code": code, "message": text, "data": data}
        self.on(method, lambda daemon, message: daemon.send({"id": message["id"], "error": error}))

    def progress(self, message: dict[str, Json], value: dict[str, Json]) -> None:
        token = message["params"].get("partialResultToken")
        if token is not None:
            self.send({"method": "$/progress", "params": {"token": token, "value": value}})

    def send(self, message: dict[str, Json]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode()
        self.send_bytes(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def send_bytes(self, data: bytes) -> None:
        assert self._connection is not None
        self._connection.sendall(data)

    def hang_up(self) -> None:
        assert self._connection is not None
        self._connection.shutdown(socket.SHUT_RDWR)

    def wait_for(self, method: str) -> dict[str, Json]:
        """The first message of `method`, seen or to come."""
        while True:
            for message in list(self.seen):
                if message.get("method") == method:
                    return message
            assert self.arrived.acquire(timeout=5), f"no {method} came"

    def close(self) -> None:
        """The thread ends with its connection, which the command has closed."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the accept
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connection = connection
            with connection, contextlib.suppress(OSError):
                self._read(connection)

    def _read(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            while header := stream.readline():
                assert header.startswith(b"Content-Length: ")
                assert stream.readline() == b"\r\n"
                message = json.loads(stream.read(int(header.split()[1])))
                self.seen.append(message)
                self.arrived.release()
                handler = self._handlers.get(message.get("method", ""))
                if handler is not None:
                    handler(self, message)


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDaemon]:
    """A fake daemon at which this process's libria.connect arrives."""
    import libria.connect

    fake = FakeDaemon(tmp_path / "d")

    def arrive(client: str = "") -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(fake.path))
        return connection

    monkeypatch.setattr(libria.connect, "daemon_socket", arrive)
    monkeypatch.setattr(libria.connect, "running_socket", arrive)
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    yield fake
    fake.close()


@pytest.fixture
def start(daemon: FakeDaemon, tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Start `libria ARGUMENTS` in a process of its own; `then` is Python that is run after it, `code`
    being its exit code."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, then: str = "", **options: Any) -> "subprocess.Popen[bytes]":
        script = f"{RUNNER}\ncode = main({list(arguments)!r})\n{then}\nsys.exit(code)"
        env = {
            **os.environ,
            "FAKE_DAEMON": str(daemon.path),
            "LIBRIA_HOME": str(tmp_path),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        streams: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        } | options
        process = subprocess.Popen([sys.executable, "-c", script], env=env, **streams)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
