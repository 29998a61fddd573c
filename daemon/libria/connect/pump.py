"""Bytes between stdio and a socket, both ways at once and unread."""

import _thread
import os
import socket
from contextlib import suppress

SIZE = 256 * 1024


def pump(daemon: socket.socket, stdin: int = 0, stdout: int = 1) -> int:
    """Return once the daemon has closed: 0 when the client left first, or said `exit` after
    `shutdown`; 1 when it said `exit` alone, as LSP has it, or the daemon was lost.

    Two blocking loops, one in a thread of its own, because a client that does not read its answers
    must still be heard (its cancel, above all), and a poll cannot tell how much a pipe takes."""
    client = _Client()
    _thread.start_new_thread(_inward, (daemon, stdin, client))
    deaf = _outward(daemon, stdout)
    return 0 if deaf or client.left or (client.exit and client.shutdown) else 1


class _Client:
    left = False  # it closed its input
    shutdown = False
    exit = False

    def __init__(self) -> None:
        self._tail = b""

    def said(self, data: bytes) -> None:
        """Only two words are looked for: inside a JSON string their quotes would be escaped."""
        edge = self._tail + data[:16]
        self.shutdown |= b'"shutdown"' in data or b'"shutdown"' in edge
        self.exit |= b'"exit"' in data or b'"exit"' in edge
        self._tail = (self._tail + data[-16:])[-16:]


def _inward(daemon: socket.socket, stdin: int, client: _Client) -> None:
    with suppress(OSError):
        while data := os.read(stdin, SIZE):
            client.said(data)
            daemon.sendall(data)
        client.left = True
    with suppress(OSError):
        daemon.shutdown(socket.SHUT_WR)


def _outward(daemon: socket.socket, stdout: int) -> bool:
    """Whether it ended because the client no longer reads."""
    buffer = bytearray(SIZE)
    view = memoryview(buffer)
    while True:
        try:
            size = daemon.recv_into(buffer)
        except OSError:
            return False
        if not size:
            return False
        try:
            written = os.write(stdout, view[:size])
            while written < size:
                written += os.write(stdout, view[written:size])
        except OSError:
            return True
