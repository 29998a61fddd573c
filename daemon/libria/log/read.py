"""The log's lines out of its files, the oldest first, and those still to come."""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import BinaryIO

LONGEST = 4 * 1024 * 1024
"""Bytes of a line; what is longer was not written by us, and comes in pieces."""


def follow(path: Path, wait: Callable[[], None] | None = None, since: float = 0.0) -> Iterator[str | None]:
    """The lines that are there, of the files that were written to after `since` (seconds since the epoch); then
    None; then, where `wait` is given, those that come, also into the files that are begun meanwhile. `wait` is
    called where nothing new is there.

    The file before the newest is looked at too: another daemon may still write its last lines there."""
    tails = _tails(path, since)
    try:
        for tail in tails:
            yield from tail.lines()
            if wait is None or tail is not tails[-1]:
                yield from tail.rest()
        yield None
        while wait is not None:
            if not (tails and tails[-1].is_at(path)):
                tails += _tails(path, since, after=tails[-1].inode if tails else None)
            said = False
            for tail in tails:
                for line in tail.lines():
                    said = True
                    yield line
            while len(tails) > 2:
                tails.pop(0).close()
            if not said:
                wait()
    finally:
        for tail in tails:
            tail.close()


class _Tail:
    """One open file, read as far as its lines are whole."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._part = b""
        found = os.fstat(file.fileno())
        self.inode = (found.st_dev, found.st_ino)

    def is_at(self, path: Path) -> bool:
        """Whether `path` still leads here, or to nothing."""
        try:
            there = path.stat()
        except OSError:
            return True
        if (there.st_dev, there.st_ino) != self.inode:
            return False
        if there.st_size < self._file.tell():  # somebody has emptied it
            self._file.seek(0)
            self._part = b""
        return True

    def lines(self) -> Iterator[str]:
        while piece := self._file.readline(LONGEST):
            self._part += piece
            if self._part.endswith(b"\n") or len(self._part) >= LONGEST:
                yield from self.rest()

    def rest(self) -> Iterator[str]:
        """What of a line is there."""
        part, self._part = self._part, b""
        if part:
            yield part.decode("utf-8", "replace").rstrip("\r\n")

    def close(self) -> None:
        self._file.close()


def _tails(path: Path, since: float, after: tuple[int, int] | None = None) -> list[_Tail]:
    """All that are newer than the file `after`, open before the first is read: one that is put aside meanwhile
    is read once, and not missed."""
    tails: list[_Tail] = []
    seen: set[tuple[int, int]] = set()
    for number in count():  # the newest first: what moves, moves towards the end
        try:
            file = (path if number == 0 else path.with_name(f"{path.name}.{number}")).open("rb")
        except FileNotFoundError:
            if number:
                return tails[::-1]
            continue
        tail = _Tail(file)
        if tail.inode == after:
            tail.close()
            return tails[::-1]
        if tail.inode in seen or (number and os.fstat(file.fileno()).st_mtime < since):
            tail.close()
        else:
            seen.add(tail.inode)
            tails.append(tail)
    raise AssertionError  # count() has no end
