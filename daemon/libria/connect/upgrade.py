"""Have an older daemon hand over to a new one of our version, while it finishes what it has."""

import socket
from time import monotonic
from typing import Any

from libria import __version__
from libria.connect.daemon import connected
from libria.connect.lock import StartLock

Json = Any  # whatever JSON can say; looked into by who asked

ANSWER_SECONDS = 10.0
"""For the older daemon: its answers take milliseconds, but it may be busy."""

MAX_ANSWER = 64 * 1024 * 1024


def upgrade() -> None:
    """Return once a daemon of our version, or of a later one, listens: started, where the one that runs is older
    and knows how to hand over. What knows not is left as it is. Raises NoDaemon, an OSError, when the new one
    could not start; the older one then goes on."""
    with StartLock() as lock:
        connection = connected()
        if connection is None:
            return  # whoever needs one starts it
        with connection:
            if not offers(connection):
                return  # somebody else was quicker, or it is too old to know
        from libria.connect.start import start

        start(lock, succeed=True)


def offers(connection: socket.socket) -> bool:
    """Whether the daemon there would hand over to one of our version."""
    import json

    try:
        message: Json = json.loads(hand_over(connection, "look"))
        return bool(message["result"]["willing"])
    except (OSError, ValueError, LookupError, TypeError):
        return False


def hand_over(connection: socket.socket, step: str) -> bytes:
    """The response of the daemon there, whose `result` is a `HandOverResult`. Raises OSError or ValueError where
    none comes."""
    body = b'{"jsonrpc":"2.0","id":"libria/%b","method":"libria/handOver","params":{"version":"%b","step":"%b"}}' % (
        step.encode(), __version__.encode(), step.encode(),
    )  # fmt: skip
    connection.settimeout(ANSWER_SECONDS)
    connection.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    return _frame(connection, monotonic() + ANSWER_SECONDS)


def older(version: str, than: str) -> bool:
    """Whether `version` comes before `than`, as PEP 440 orders what we give out: 0.9 < 0.10rc1 < 0.10 < 0.10.1."""
    return _order(version) < _order(than)


def _order(version: str) -> tuple[list[int], tuple[int, int]]:
    """A release, and where before or after it; what is after a "+" does not count."""
    text = version.partition("+")[0].lower()
    release: list[int] = []
    while True:
        digits = text[: len(text) - len(text.lstrip("0123456789"))]
        if not digits:
            break
        release.append(int(digits))
        text = text[len(digits) :]
        if not text.startswith("."):
            break
        if not text[1:2].isdigit():
            break
        text = text[1:]
    while release and release[-1] == 0:
        release.pop()
    rest = text.lstrip(".-_")
    for rank, name in ((-4, "dev"), (-3, "a"), (-2, "b"), (-1, "rc"), (1, "post")):
        if rest.startswith(name):
            number = rest[len(name) :].strip(".-_")
            return release, (rank, int(number) if number.isdigit() else 0)
    return release, (0, 0)


def _frame(connection: socket.socket, until: float) -> bytes:
    """The next body. Nothing comes behind it: to whom says no hello, nothing is told."""
    buffer = bytearray()
    while (end := buffer.find(b"\r\n\r\n")) < 0:
        _more(connection, buffer, until)
    length = int(bytes(buffer[:end]).lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    if length > MAX_ANSWER:
        raise ValueError("an answer of that size is none")
    while len(buffer) < end + 4 + length:
        _more(connection, buffer, until)
    return bytes(buffer[end + 4 : end + 4 + length])


def _more(connection: socket.socket, buffer: bytearray, until: float) -> None:
    if monotonic() > until:
        raise TimeoutError("the daemon does not answer")
    received = connection.recv(1024 * 1024)
    if not received:
        raise ConnectionError("the daemon ended before it answered")
    buffer += received
