"""LSP base framing: `Content-Length: N\\r\\n\\r\\n` and N bytes of UTF-8 JSON.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#baseProtocol
"""

import re
from dataclasses import dataclass

MAX_MESSAGE_BYTES = 128 * 1024 * 1024
"""A prompt of 50 MB with images must pass; a length that would eat the memory must not."""

MAX_HEADER_BYTES = 8 * 1024

_NEXT_FRAME = re.compile(
    rb"content-length:[ \t]*\d{1,10}[ \t]*\r\n(?:content-type:[^\r\n]{0,200}\r\n)?\r\n", re.IGNORECASE
)
"""Where reading can start again after something that was no frame. JSON text cannot hold a bare
line break inside a string, so this is not found within a well-formed body."""


@dataclass(frozen=True, slots=True)
class BadFrame:
    """Something that is no frame; reading goes on at the next one."""

    reason: str


class FrameReader:
    """Feed it bytes in any pieces; it gives bodies, and a BadFrame for each stretch of garbage."""

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._max = max_bytes
        self._buffer = bytearray()
        self._need = 0  # do not look again before the buffer holds so many bytes
        self._lost = False  # skipping garbage
        self._told = False  # of this stretch of garbage, which goes on until a body is read

    def feed(self, chunk: bytes) -> list[bytes | BadFrame]:
        buffer = self._buffer
        buffer += chunk
        frames: list[bytes | BadFrame] = []
        while len(buffer) >= self._need and buffer:
            if self._lost and not self._find_next():
                break
            end = buffer.find(b"\r\n\r\n", 0, MAX_HEADER_BYTES)
            if end < 0:
                if len(buffer) >= MAX_HEADER_BYTES or not _may_be_header(buffer):
                    self._lose("A message must begin with a Content-Length header.", frames)
                    continue
                break
            length = _content_length(bytes(buffer[:end]))
            if length is None:
                self._lose("A message must begin with a Content-Length header.", frames)
                continue
            if length > self._max:
                self._lose(f"A message may have {self._max} bytes at most; send less at once.", frames)
                continue
            if len(buffer) < end + 4 + length:
                self._need = end + 4 + length
                break
            frames.append(bytes(memoryview(buffer)[end + 4 : end + 4 + length]))
            del buffer[: end + 4 + length]
            self._need = 0
            self._told = False
        return frames

    def _lose(self, reason: str, frames: list[bytes | BadFrame]) -> None:
        """Give up on what the buffer begins with."""
        del self._buffer[0]
        self._lost = True
        self._need = 0
        if not self._told:
            self._told = True
            frames.append(BadFrame(reason))

    def _find_next(self) -> bool:
        match = _NEXT_FRAME.search(self._buffer)
        if match is None:
            del self._buffer[:-300]  # what a header cut in two may need
            return False
        del self._buffer[: match.start()]
        self._lost = False
        return True


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
