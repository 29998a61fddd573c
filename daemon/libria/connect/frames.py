"""The client's bytes to whole messages, as leniently as the daemon reads them (`libria.rpc.framing`).

What is no frame is passed on as it is, for the daemon to refuse: one place decides what is wrong.
"""

import os
import re
import select
from collections.abc import Iterator

SIZE = 256 * 1024

MAX_BYTES = 128 * 1024 * 1024
"""Of one message, as the daemon has it; a longer one goes on unread."""

MAX_HEADER_BYTES = 8 * 1024

_LENGTH = re.compile(rb"(?:^|\r\n)[ \t]*content-length[ \t]*:[ \t]*(\d{1,18})[ \t]*(?:\r\n|$)", re.IGNORECASE)
_LINES = re.compile(rb"[^\r\n:]+:[^\r\n]*(?:\r\n[^\r\n:]+:[^\r\n]*)*\Z")
_MAY_BEGIN = re.compile(rb"[!#-&(-9<-Z\\^-z|~]+(?::|\Z)")
"""The name of a header, perhaps cut: printable, no braces, brackets or quotes."""

_NEXT = re.compile(rb"content-length:[ \t]*\d{1,10}[ \t]*\r\n(?:content-type:[^\r\n]{0,200}\r\n)?\r\n", re.IGNORECASE)
_KEPT = 300  # what a header cut in two may need

LARGE = 16 * 1024
"""Bytes of a message from which its pieces are put where they belong as they come."""


class Frame:
    """`data[body:]` is the message; a `body` of -1 says that this is none."""

    __slots__ = ("body", "data")

    def __init__(self, data: bytes | bytearray, body: int) -> None:
        self.data = data
        self.body = body


class Frames:
    """Feed it bytes in any pieces. What it gives is all that was fed, in order, but for a message that
    has only begun."""

    def __init__(self) -> None:
        self._tail = b""
        self._lost = False  # passing garbage on, until a frame begins
        self._large: bytearray | None = None  # a message too large for one piece, filled from `_have`
        self._have = 0
        self._body = 0

    def room(self) -> memoryview | None:
        """Where the next bytes belong, if it is known: within a large message, so that nothing is copied."""
        return memoryview(self._large)[self._have :] if self._large is not None else None

    def filled(self, size: int) -> Frame | None:
        """So many bytes were put into `room`; the message, once it is whole."""
        self._have += size
        large = self._large
        if large is None or self._have < len(large):
            return None
        self._large = None
        return Frame(large, self._body)

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        data = self._tail + chunk if self._tail else chunk
        self._tail = b""
        place, size = 0, len(data)
        while place < size:
            if self._lost:
                found = _NEXT.search(data, place)
                stop = found.start() if found else max(place, size - _KEPT)
                if stop > place:
                    yield Frame(data[place:stop], -1)
                    place = stop
                if found is None:
                    break
                self._lost = False
            end = data.find(b"\r\n\r\n", place, place + MAX_HEADER_BYTES)
            if end < 0:
                if size - place < MAX_HEADER_BYTES and _MAY_BEGIN.match(data, place, place + 256):
                    break
                length = -1
            else:
                length = _length(data, place, end)
            if length < 0 or length > MAX_BYTES:
                yield Frame(data[place : place + 1], -1)
                place += 1
                self._lost = True
                continue
            stop = end + 4 + length
            if stop > size:
                if length > LARGE:
                    self._large = bytearray(stop - place)
                    self._have = size - place
                    self._body = end + 4 - place
                    self._large[: self._have] = memoryview(data)[place:]
                    return
                break
            yield Frame(data if place == 0 and stop == size else data[place:stop], end + 4 - place)
            place = stop
        self._tail = data[place:] if place else data

    def rest(self) -> bytes:
        """What came and makes no message."""
        return self._tail


def read(descriptor: int) -> bytes:
    """What there is; waits also where somebody made the descriptor non-blocking, as some editors do."""
    while True:
        try:
            return os.read(descriptor, SIZE)
        except BlockingIOError:
            select.select([descriptor], [], [])


def read_into(descriptor: int, room: memoryview) -> int:
    while True:
        try:
            return os.readv(descriptor, [room])
        except BlockingIOError:
            select.select([descriptor], [], [])


def framed(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def _length(data: bytes, place: int, end: int) -> int:
    """-1 for a header that says none."""
    if data.startswith(b"Content-Length: ", place):
        digits = data[place + 16 : end]
        if digits.isdigit() and len(digits) <= 18:
            return int(digits)
    header = data[place:end]
    found = _LENGTH.search(header)
    return int(found[1]) if found and _LINES.match(header) else -1
