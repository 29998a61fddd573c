"""A forwarder between a client and daemons that a test plays, in this process: pipes and socket pairs."""

import json
import os
import queue
import socket
import threading
from collections.abc import Callable
from typing import Any

from libria.connect.lock import NoDaemon
from libria.connect.pump import Forwarder

WITHIN = 20.0
"""Seconds. Only ever an upper bound."""

Json = Any


def framed(message: Json) -> bytes:
    body = message if isinstance(message, bytes) else json.dumps(message, separators=(",", ":")).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def unframed(data: bytes) -> tuple[list[Json], bytes]:
    """Whole messages (bytes where they are no text), and what is left. Raises ValueError for anything else."""
    messages: list[Json] = []
    while b"\r\n\r\n" in data:
        header, _, rest = data.partition(b"\r\n\r\n")
        name, _, length = header.partition(b": ")
        if name != b"Content-Length":
            raise ValueError(header)
        if len(rest) < int(length):
            break
        try:
            messages.append(json.loads(rest[: int(length)]))
        except UnicodeDecodeError:
            messages.append(rest[: int(length)])
        data = rest[int(length) :]
    return messages, data


class Reading:
    """Messages out of a descriptor, in order; None is its end, at which `ended` is called."""

    def __init__(self, descriptor: int, ended: Callable[[], None] = lambda: None) -> None:
        self._ended = ended
        self._queue: queue.Queue[Json] = queue.Queue()
        self._descriptor = descriptor
        self.left = b""
        threading.Thread(target=self._run, daemon=True).start()

    def next(self) -> Json:
        return self._queue.get(timeout=WITHIN)

    def empty(self) -> bool:
        return self._queue.empty()

    def _run(self) -> None:
        while True:
            try:
                data = os.read(self._descriptor, 65536)
            except OSError:
                data = b""
            if not data:
                self._queue.put(None)
                self._ended()
                return
            messages, self.left = unframed(self.left + data)
            for message in messages:
                self._queue.put(message)


class Played:
    """A daemon's end of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reading = Reading(connection.fileno(), connection.close)  # as a daemon does whose client has left

    def next(self) -> Json:
        return self._reading.next()

    def say(self, *messages: Json) -> None:
        self._connection.sendall(b"".join(map(framed, messages)))

    def raw(self, data: bytes) -> None:
        self._connection.sendall(data)

    def die(self) -> None:
        """All that was said is heard before."""
        self._connection.shutdown(socket.SHUT_RDWR)

    def progress(self, token: Json, kind: str, seq: int, **fields: Json) -> None:
        self.say(progress(token, kind, seq, **fields))


class Stage:
    """`daemons` are those that the forwarder may find, an error for one that it does not."""

    def __init__(self, daemons: list[NoDaemon | None] | None = None) -> None:
        self._script = daemons
        self._opened: queue.Queue[Played] = queue.Queue()
        stdin, self._to = os.pipe()
        self._from, stdout = os.pipe()
        self._client = Reading(self._from, lambda: os.close(self._from))
        self.outcome: list[int] = []
        forwarder = Forwarder(self._open, None, stdin, stdout)
        self._running = threading.Thread(target=lambda: self.outcome.append(forwarder.run()), daemon=True)
        self._running.start()

    def _open(self) -> socket.socket:
        if self._script is not None:
            found = self._script.pop(0) if self._script else None
            if found is not None:
                raise found
        ours, theirs = socket.socketpair()
        self._opened.put(Played(theirs))
        return ours

    def daemon(self) -> Played:
        """The next that the forwarder joined."""
        return self._opened.get(timeout=WITHIN)

    def alone(self) -> bool:
        return self._opened.empty()

    def send(self, *messages: Json) -> None:
        self.raw(b"".join(map(framed, messages)))

    def raw(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._to, data) :]

    def next(self) -> Json:
        """What the client hears."""
        return self._client.next()

    def leave(self) -> int:
        os.close(self._to)
        return self.code()

    def code(self) -> int:
        self._running.join(WITHIN)
        return self.outcome[0]


def progress(token: Json, kind: str, seq: int, **fields: Json) -> Json:
    value = {"kind": kind, **fields, "seq": seq}
    return {"jsonrpc": "2.0", "method": "$/progress", "params": {"token": token, "value": value}}


def ask(id: Json, method: str, **params: Json) -> Json:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


def tell(method: str, **params: Json) -> Json:
    return {"jsonrpc": "2.0", "method": method, "params": params}


def result(id: Json, value: Json = None) -> Json:
    return {"jsonrpc": "2.0", "id": id, "result": value}
