"""Where entries become lines: in the file, and on the terminal of who runs the daemon in the foreground."""

from collections.abc import Callable, Sequence
from typing import TextIO

from libria.log.entry import Entry, lost
from libria.log.file import LogFile


class FileSink:
    """Says how much is missing, once it can."""

    def __init__(self, file: LogFile, wall: Callable[[], float]) -> None:
        self.file = file
        self._wall = wall
        self._lost = 0

    def write(self, entries: Sequence[Entry]) -> None:
        if self._lost and self.file.write([lost(self._wall(), self._lost).line()]):
            self._lost = 0
        if self._lost:
            self._lost += sum(not entry.quiet for entry in entries)
            return
        lines = [entry.line() for entry in entries if not entry.quiet]
        self._lost = len(lines) - self.file.write(lines)

    def close(self) -> None:
        self.file.close()


class TerminalSink:
    """For a person; `shown` makes a line of an entry."""

    def __init__(self, stream: TextIO, shown: Callable[[Entry], str]) -> None:
        self._stream = stream
        self._shown = shown

    def write(self, entries: Sequence[Entry]) -> None:
        try:
            self._stream.write("".join(f"{self._shown(entry)}\n" for entry in entries if not entry.quiet))
            self._stream.flush()
        except (OSError, ValueError):
            pass  # the terminal has gone; the file has it all

    def close(self) -> None:
        pass
