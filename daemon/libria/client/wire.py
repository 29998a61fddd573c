"""Messages to bytes and back."""

import json
from collections.abc import Iterator
from typing import Any, cast

from libria.client.errors import DaemonGone

Json = Any  # whatever JSON can say

MAX_HEADER = 8 * 1024

NO_SENSE = "The daemon sent something that is no JSON-RPC; restart it with: libria stop"


def framed(message: dict[str, Json]) -> bytes:
    """Raises ValueError or TypeError for what JSON cannot say. A lone surrogate, as file names have them, becomes a
    question mark."""
    text = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    body = text.encode("utf-8", "replace")
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Incoming:
    """Feed it bytes in any pieces. Whatever interrupts its user, nothing is half taken."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._size = 0  # that the buffer needs before it is worth a look

    def feed(self, data: bytes) -> Iterator[dict[str, Json]]:
        """The messages that are whole now. Raises DaemonGone for what is none."""
        self._buffer += data
        while len(self._buffer) >= self._size:
            end = self._buffer.find(b"\r\n\r\n", 0, MAX_HEADER)
            if end < 0:
                if len(self._buffer) >= MAX_HEADER:
                    raise DaemonGone(NO_SENSE)
                return
            stop = end + 4 + _length(bytes(self._buffer[:end]))
            if len(self._buffer) < stop:
                self._size = stop
                return
            body = bytes(self._buffer[end + 4 : stop])
            del self._buffer[:stop]
            self._size = 0
            yield _message(body)


def _length(header: bytes) -> int:
    for line in header.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    raise DaemonGone(NO_SENSE)


def _message(body: bytes) -> dict[str, Json]:
    try:
        message: Json = json.loads(body)
    except (ValueError, RecursionError):
        raise DaemonGone(NO_SENSE) from None
    if not isinstance(message, dict):
        raise DaemonGone(NO_SENSE)
    return cast("dict[str, Json]", message)
