"""Amazon's binary event stream out of bytes that come in any pieces.

Each message is: its whole length, the length of its headers, a checksum of these two, the headers, the
payload, a checksum of all before it. https://smithy.io/2.0/aws/amazon-eventstream.html
"""

import json
from struct import Struct
from zlib import crc32

from libria_providers.errors import InvalidResponse
from libria_providers.frames import MAX_FRAME_BYTES, too_large

_PRELUDE = Struct(">III")  # whole length, length of the headers, CRC of the eight bytes before
_CRC = Struct(">I")
_SMALLEST = _PRELUDE.size + _CRC.size
_STRING = 7
# By the type of a header's value: its size, or None where two bytes of it say so. True, false, byte,
# short, integer, long, bytes, string, timestamp, UUID.
_SIZES = (0, 0, 1, 2, 4, 8, None, None, 8, 16)

EXCEPTION = "exception/"
"""Comes before the type of an exception (or the code of an error) in the name of the pair that it makes."""


class EventStreamReader:
    """Feed it bytes; it gives `(event type, payload)` pairs. An exception is one too, named with
    EXCEPTION before its type; so is an error, which has no payload but a message: that becomes one."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, chunk: bytes) -> list[tuple[str, bytes]]:
        """The messages that `chunk` completes. Raises InvalidResponse for what is no event stream."""
        held = self._held
        held += chunk
        found: list[tuple[str, bytes]] = []
        at = 0
        while len(held) - at >= _PRELUDE.size:
            whole, headers, checksum = _PRELUDE.unpack_from(held, at)
            if crc32(held[at : at + 8]) != checksum or whole < _SMALLEST or headers > whole - _SMALLEST:
                raise _broken()
            if whole > MAX_FRAME_BYTES:
                raise too_large()
            if len(held) - at < whole:
                break
            found.append(_read(bytes(held[at : at + whole]), headers))
            at += whole
        del held[:at]
        return found

    def end(self) -> list[tuple[str, bytes]]:
        """Nothing: half a message says nothing."""
        self._held.clear()
        return []


def _read(message: bytes, headers: int) -> tuple[str, bytes]:
    """The pair that one whole `message` makes; `headers` is how many bytes these have."""
    last = len(message) - _CRC.size
    if crc32(message[:last]) != _CRC.unpack_from(message, last)[0]:
        raise _broken()
    start = _PRELUDE.size + headers
    named = _strings(message[_PRELUDE.size : start])
    payload = message[start:last]
    match named.get(":message-type"):
        case "exception":
            return EXCEPTION + named.get(":exception-type", ""), payload
        case "error":
            said = {"message": named.get(":error-message", "")}
            return EXCEPTION + named.get(":error-code", ""), json.dumps(said).encode()
        case _:
            return named.get(":event-type", ""), payload


def _strings(data: bytes) -> dict[str, str]:
    """The headers whose value is a string. The others are read past: none of them is needed."""
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        name, at = _bytes(data, at + 1, data[at])
        (kind,), at = _bytes(data, at, 1)
        if kind >= len(_SIZES):
            raise _broken()
        size = _SIZES[kind]
        if size is None:
            length, at = _bytes(data, at, 2)
            size = int.from_bytes(length, "big")
        value, at = _bytes(data, at, size)
        if kind == _STRING:
            found[name.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
    return found


def _bytes(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    """`size` bytes of `data` and where they end."""
    end = at + size
    if end > len(data):
        raise _broken()
    return data[at:end], end


def _broken() -> InvalidResponse:
    return InvalidResponse("The provider sent something that is not Amazon's event stream; check its address.")
