"""LSP base framing: `Content-Length: N\\r\\n\\r\\n` and N bytes of UTF-8 JSON.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#baseProtocol
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_MESSAGE_BYTES = 128 * 1024 * 1024
"""A prompt of 50 MB with images must pass; a length that would eat the memory must not."""

MAX_HEADER_BYTES = 8 * 1024

_WINDOW = 16 * 1024
"""Of garbage, looked through at once: in lower case and by `find`, ten times as fast as by a pattern."""

_MARK = b"content-length:"

_NEXT_FRAME = re.compile(
    rb"content-length:[ \t]{0,20}\d{1,10}[ \t]{0,20}\r\n(?:content-type:[^\r\n]{0,200}\r\n)?\r\n", re.IGNORECASE
)
"""Where reading can start again after something that was no frame. JSON text cannot hold a bare
line break inside a string, so this is not found within a well-formed body."""


@dataclass(frozen=True, slots=True)
class BadFrame:
    """Something that is no frame; reading goes on at the next one."""

    reason: str


class FrameReader:
    """Takes bytes in any pieces; gives bodies, and a BadFrame for each stretch of garbage. Its work is in
    proportion to the bytes, whatever they are."""

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self.max_bytes = max_bytes
        self._buffer = bytearray()
        self._need = 0  # do not look again before the buffer holds so many bytes
        self._lost = False  # skipping garbage
        self._told = False  # of this stretch of garbage, which goes on until a body is read

    @property
    def held(self) -> int:
        """Bytes that were added and not yet given."""
        return len(self._buffer)

    def feed(self, chunk: bytes) -> list[bytes | BadFrame]:
        self.add(chunk)
        return list(self.frames())

    def add(self, chunk: bytes) -> None:
        self._buffer += chunk

    def frames(self) -> Iterator[bytes | BadFrame]:
        """Those that are whole by now; may be left in the middle and asked for again."""
        buffer = self._buffer
        while len(buffer) >= self._need and buffer:
            if self._lost and not self._find_next():
                return
            end = buffer.find(b"\r\n\r\n", 0, MAX_HEADER_BYTES)
            if end < 0:
                if len(buffer) < MAX_HEADER_BYTES and _may_be_header(buffer):
                    return
                length = None
            else:
                length = _content_length(bytes(buffer[:end]))
            if length is None or length > self.max_bytes:
                reason = (
                    "A message must begin with a Content-Length header."
                    if length is None
                    else f"A message may have {self.max_bytes} bytes at most; send less at once."
                )
                del buffer[0]  # it is not looked at again
                self._lost = True
                self._need = 0
                if not self._told:
                    self._told = True
                    yield BadFrame(reason)
                continue
            if len(buffer) < end + 4 + length:
                self._need = end + 4 + length
                return
            body = bytes(memoryview(buffer)[end + 4 : end + 4 + length])
            del buffer[: end + 4 + length]
            self._need = 0
            self._told = False
            yield body

    def _find_next(self) -> bool:
        """Drop what comes before the next header; all but what a header cut in two may need, where none is."""
        buffer = self._buffer
        start, size = 0, _WINDOW // 64  # the next header may be near, again and again
        while start < len(buffer):
            window = buffer[start : start + size + len(_MARK)].lower()
            found = window.find(_MARK)
            while found >= 0:
                if _NEXT_FRAME.match(buffer, start + found):
                    del buffer[: start + found]
                    self._lost = False
                    return True
                found = window.find(_MARK, found + 1)
            start, size = start + size, _WINDOW
        del buffer[:-300]
        return False


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def _may_be_header(start: bytearray) -> bool:
    """Whether this can be the beginning of header lines: names, colons, printable values."""
    line = bytes(start[:256]).split(b"\r\n", 1)[0]
    name = line.partition(b":")[0]
    return bool(name) and all(0x21 <= byte <= 0x7E and byte not in b"{}[]\"'" for byte in name)


def _content_length(header: bytes) -> int | None:
    for line in header.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon:
            return None
        if name.strip().lower() == b"content-length":
            value = value.strip()
            return int(value) if value.isdigit() and len(value) <= 18 else None
    return None
