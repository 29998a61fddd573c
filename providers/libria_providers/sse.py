"""Server-sent events out of bytes that come in any pieces.

Follows https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
(CR, LF or CRLF, comments, several data lines, a leading BOM) and departs in one place: an event
that the end of bytes cut off from its blank line is still given by `end`, because servers are seen
that close right after the last line. Whoever reads it must expect half a line.
"""

from libria_providers.frames import MAX_FRAME_BYTES, too_large


class SSEReader:
    """Feed it bytes; it gives `(event name, data)` pairs. The name is "" where none was said."""

    def __init__(self) -> None:
        self._unfinished: list[bytes] = []  # the pieces of a line whose end has not come
        self._size = 0  # bytes held: unfinished pieces and data lines
        self._after_cr = False  # the last chunk ended in CR: an LF right after it belongs to it
        self._started = False  # past the place where a BOM may stand
        self._data: list[bytes] = []
        self._event = ""

    def feed(self, chunk: bytes) -> list[tuple[str, bytes]]:
        """The events that `chunk` completes. Raises InvalidResponse past MAX_FRAME_BYTES."""
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == 0x0A:
                chunk = chunk[1:]
        if not chunk:
            return []
        if b"\n" not in chunk and b"\r" not in chunk:
            self._hold(chunk)
            return []
        if self._unfinished:
            self._unfinished.append(chunk)
            chunk = b"".join(self._unfinished)
            self._size -= sum(map(len, self._unfinished[:-1]))
            self._unfinished.clear()
        lines = chunk.splitlines()  # of bytes: CR, LF and CRLF, and nothing else
        last = chunk[-1]
        if last == 0x0D:
            self._after_cr = True
        elif last != 0x0A:
            self._hold(lines.pop())
        return self._read(lines)

    def end(self) -> list[tuple[str, bytes]]:
        """What the end of bytes leaves: at most one event, perhaps half of one."""
        lines = [b"".join(self._unfinished), b""] if self._unfinished else [b""]
        self._unfinished.clear()
        return self._read(lines)

    def _hold(self, piece: bytes) -> None:
        self._unfinished.append(piece)
        self._grow(len(piece))

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > MAX_FRAME_BYTES:
            raise too_large()

    def _read(self, lines: list[bytes]) -> list[tuple[str, bytes]]:
        if not self._started and lines:
            self._started = True
            lines[0] = lines[0].removeprefix(b"\xef\xbb\xbf")
        events: list[tuple[str, bytes]] = []
        data = self._data
        for line in lines:
            if not line:
                if data:
                    events.append((self._event, data[0] if len(data) == 1 else b"\n".join(data)))
                    data.clear()
                    self._size = sum(map(len, self._unfinished))
                self._event = ""
            elif line[:6] == b"data: ":
                data.append(line[6:])
                self._grow(len(line))
            elif line[0] != 0x3A:  # not a comment
                self._field(line)
        return events

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            self._grow(len(value))
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
