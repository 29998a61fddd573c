"""Pieces of a streamed body to whole messages: what every wire's reader is, and the one for JSON.

`SSEReader` (sse.py) is the other common one. A dialect says which by its `frames`.
"""

import re
from typing import Protocol

from libria_providers.errors import InvalidResponse

MAX_FRAME_BYTES = 64 * 1024 * 1024
"""A reply of base64 images may hold megabytes in one message; without any bound a broken server would
fill the memory of everyone's daemon."""


class Frames(Protocol):
    """One object a reply; fed in order."""

    def feed(self, chunk: bytes) -> list[tuple[str, bytes]]:
        """The `(event name, data)` pairs that `chunk` completes; the name is "" where the wire has none.
        Raises InvalidResponse past MAX_FRAME_BYTES or for what cannot be of this wire."""
        ...

    def end(self) -> list[tuple[str, bytes]]:
        """What the end of bytes leaves: at most one message, perhaps half of one."""
        ...


def too_large() -> InvalidResponse:
    return InvalidResponse(f"The provider sent one event of more than {MAX_FRAME_BYTES} bytes; ask for less at once.")


class JSONReader:
    """JSON objects one after another: lines (NDJSON), or the elements of one array (Gemini's stream
    without alt=sse). White space and commas between them mean nothing, line breaks within one neither;
    anything else between them is given as it is, for the decoder to refuse."""

    def __init__(self) -> None:
        self._held = bytearray()  # from the first byte that was not given yet
        self._at = 0  # how much of it was looked at
        self._depth = 0  # open braces and brackets of the value at hand
        self._in_string = False
        self._in_array = False

    def feed(self, chunk: bytes) -> list[tuple[str, bytes]]:
        held = self._held
        held += chunk
        if len(held) > MAX_FRAME_BYTES:
            raise too_large()
        found: list[tuple[str, bytes]] = []
        given = 0
        while mark := self._next_mark():
            byte = held[mark.start()]
            self._at = mark.end()
            if self._in_string:
                self._in_string = byte != _QUOTE  # else it is an escape
            elif byte == _QUOTE:
                self._in_string = True
            elif byte in b"{[" and self._depth:
                self._depth += 1
            elif byte == _BRACE or (byte == _BRACKET and self._in_array):
                found += _between(held[given : mark.start()])
                given = mark.start()
                self._depth = 1
            elif self._depth:
                self._depth -= 1
                if not self._depth:
                    found.append(("", bytes(held[given : self._at])))
                    given = self._at
            else:  # the outer array begins or ends
                found += _between(held[given : mark.start()])
                given = self._at
                self._in_array = byte == _BRACKET
        del held[:given]
        self._at -= given
        return found

    def end(self) -> list[tuple[str, bytes]]:
        rest = _between(self._held)
        self._held.clear()
        return rest

    def _next_mark(self) -> re.Match[bytes] | None:
        """The next byte that matters, None where it has not come."""
        wanted = _IN_STRING if self._in_string else _IN_VALUE if self._depth else _BETWEEN
        mark = wanted.search(self._held, self._at)
        if mark is None:
            # A backslash at the very end is half an escape: it is looked at again.
            half = self._in_string and len(self._held) > self._at and self._held.endswith(b"\\")
            self._at = len(self._held) - half
        return mark


_QUOTE, _BRACE, _BRACKET = b'"{['
_IN_STRING = re.compile(rb'\\.|"', re.DOTALL)
_IN_VALUE = re.compile(rb'["{}\[\]]')
_BETWEEN = re.compile(rb"[{\[\]]")
_MEANINGLESS = b" \t\r\n,\xef\xbb\xbf"  # with the bytes of a BOM


def _between(data: bytearray) -> list[tuple[str, bytes]]:
    rest = bytes(data).strip(_MEANINGLESS)
    return [("", rest)] if rest else []
