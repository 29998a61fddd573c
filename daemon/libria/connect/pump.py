"""Bytes between stdio and a socket, both ways at once and unread."""

import _thread
import os
import socket
from contextlib import suppress

SIZE = 256 * 1024


def pump(daemon: socket.socket, stdin: int = 0, stdout: int = 1) -> int:
    """Return once the daemon has closed: 0 when the client had ended or left first, else 1.

    Two blocking loops, one in a thread of its own, because a client that does not read its answers
    must still be heard (its cancel, above all), and a poll cannot tell how much a pipe takes."""
    state = _Inward()
    _thread.start_new_thread(_inward, (daemon, stdin, state))
    answered = _outward(daemon, stdout)
    return 0 if state.ended or answered else 1


class _Inward:
    ended = False  # the client closed its side


def _inward(daemon: socket.socket, stdin: int, state: _Inward) -> None:
    with suppress(OSError):
        while data := os.read(stdin, SIZE):
            daemon.sendall(data)
    state.ended = True
    with suppress(OSError):
        daemon.shutdown(socket.SHUT_WR)


def _outward(daemon: socket.socket, stdout: int) -> bool:
    """Whether the end came in order: by a clean close, or by the client no longer reading."""
    buffer = bytearray(SIZE)
    view = memoryview(buffer)
    while True:
        try:
            size = daemon.recv_into(buffer)
        except OSError:
            return False
        if not size:
            return True
        try:
            written = os.write(stdout, view[:size])
            while written < size:
                written += os.write(stdout, view[written:size])
        except OSError:
            return True
