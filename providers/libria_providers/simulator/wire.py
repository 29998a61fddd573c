"""HTTP/1.1 requests out of bytes, and the bytes of a reply's head."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import parse_qsl

_MOST_HEAD = 64 * 1024
_MOST_BODY = 64 * 1024 * 1024


class Malformed(Exception):
    """Not HTTP, or too large; `status` is what to answer before closing."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """`path` is without the query; `headers` have lower-case names."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    keep_alive: bool
    query: str = ""

    def asked(self, name: str) -> str | None:
        """What the query says of `name`."""
        return next((value for key, value in parse_qsl(self.query, keep_blank_values=True) if key == name), None)


class Reader:
    """Feed it bytes, take requests out. Holds at most one incomplete request."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: Request | None = None
        self._left = 0  # bytes of the body that Content-Length promised
        self._chunks: bytearray | None = None  # the body so far, when it comes in chunks

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> Request | None:
        """A whole request, or None when more bytes are needed. Raises Malformed."""
        if self._head is None and not self._read_head():
            return None
        assert self._head is not None
        if self._chunks is None:
            if len(self._buffer) < self._left:
                return None
            body = bytes(self._buffer[: self._left])
            del self._buffer[: self._left]
        else:
            if not self._read_chunks():
                return None
            body = bytes(self._chunks)
        head, self._head, self._chunks = self._head, None, None
        return replace(head, body=body)

    def rest(self) -> bytes:
        """What came after the last request, for another protocol to read."""
        return bytes(self._buffer)

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _MOST_HEAD:
                raise Malformed(431)
            return False
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        try:
            method, target, version = lines[0].split(" ")
            headers = {name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines[1:])}
            self._left = int(headers.get("content-length", 0))
        except ValueError:
            raise Malformed(400) from None
        if version != "HTTP/1.1":
            raise Malformed(505)
        if not 0 <= self._left <= _MOST_BODY:
            raise Malformed(413)
        if headers.get("transfer-encoding", "").lower() == "chunked":
            self._chunks = bytearray()
        keep_alive = headers.get("connection", "").lower() != "close"
        path, _, query = target.partition("?")
        self._head = Request(method, path, headers, b"", keep_alive, query)
        return True

    def _read_chunks(self) -> bool:
        """True at the last chunk."""
        assert self._chunks is not None
        while True:
            end = self._buffer.find(b"\r\n")
            if end < 0:
                return False
            try:
                size = int(self._buffer[:end].partition(b";")[0], 16)
            except ValueError:
                raise Malformed(400) from None
            if len(self._chunks) + size > _MOST_BODY:
                raise Malformed(413)
            if len(self._buffer) < end + 2 + size + 2:
                return False
            self._chunks += self._buffer[end + 2 : end + 2 + size]
            del self._buffer[: end + 2 + size + 2]
            if size == 0:
                return True


def head(status: int, headers: Mapping[str, str]) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = {498: "Capacity Exceeded", 520: "Unknown Error", 529: "Overloaded"}.get(status, "Unknown")
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace")


def chunk(data: bytes) -> bytes:
    """One HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"
