"""The log's file: appended to by every daemon of this home, put aside when it is full."""

import contextlib
import fcntl
import os
import stat
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

MODE = 0o600
LOCK = ".lock"

MOST_AT_ONCE = 64 * 1024
"""Bytes of one write: with O_APPEND each is whole, also beside another process's."""

OVERDUE = 4
"""Times its size, beyond which a file that cannot be put aside takes no more."""


class LogFile:
    """`path` is the newest file, `path.1` the one before it; `keep` counts them all.

    While a daemon hands over to its successor both write. Each looks before it writes whether the file is
    still the one it has open, so it follows when the other has put it aside; to put aside takes a lock,
    and another look. Standard output and error, where they are this file (the interpreter's last words
    go there), are moved along."""

    def __init__(self, path: Path, max_bytes: int, keep: int) -> None:
        self.max_bytes = max_bytes
        self.keep = keep
        self._path = path
        self._file: int | None = None
        self._torn = False  # the last line is not whole

    def write(self, lines: Sequence[bytes]) -> int:
        """How many of `lines`, from the first on, are in the file now. What fails, fails quietly: nobody is
        there to hear of it before the disk has room again."""
        written = 0
        try:
            for piece in _pieces(lines):
                whole = self._append(b"".join(piece))
                written += whole
                if whole < len(piece):
                    break
        except OSError:
            pass
        return written

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _append(self, data: bytes) -> int:
        file = self._current(len(data))
        mended = b"\n" if self._torn else b""
        count = os.write(file, mended + data)
        self._torn = self._torn if count == 0 else (mended + data)[count - 1 : count] != b"\n"
        return data.count(b"\n", 0, max(0, count - len(mended)))

    def _current(self, more: int) -> int:
        """The open file, with room for `more` bytes."""
        file = self._opened()
        size = os.fstat(file).st_size
        if size and size + more > self.max_bytes:
            try:
                self._put_aside(file)
            except OSError:
                if size > self.max_bytes * OVERDUE:
                    raise
            file = self._opened()
        return file

    def _opened(self) -> int:
        if self._file is not None and _is(self._path, self._file):
            return self._file
        new = _open(self._path)
        if self._file is not None:
            _take_along(self._file, new)
            os.close(self._file)
            self._torn = False
        self._file = new
        return new

    def _put_aside(self, file: int) -> None:
        """Where another is at it, this one writes on: it does not wait for who may have been stopped."""
        with _locked(self._path.with_name(self._path.name + LOCK)) as ours:
            if not ours or not _is(self._path, file):  # another does it, or has done it
                return
            names = [self._path, *(self._path.with_name(f"{self._path.name}.{n}") for n in range(1, self.keep))]
            for older, newer in zip(reversed(names[1:]), reversed(names[:-1]), strict=True):
                with contextlib.suppress(FileNotFoundError):
                    os.replace(newer, older)
            if len(names) == 1:
                os.unlink(self._path)
            _forget(self._path, self.keep)


def _pieces(lines: Sequence[bytes]) -> Iterator[list[bytes]]:
    piece: list[bytes] = []
    size = 0
    for line in lines:
        if piece and size + len(line) > MOST_AT_ONCE:
            yield piece
            piece, size = [], 0
        piece.append(line)
        size += len(line)
    if piece:
        yield piece


def _open(path: Path) -> int:
    """Raises OSError for what is no file of ours; a pipe or a link is none."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        file = os.open(path, flags, MODE)
    except FileNotFoundError:  # somebody has cleared the folder away
        os.mkdir(path.parent, 0o700)
        file = os.open(path, flags, MODE)
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        os.close(file)
        raise OSError("The log is no file of ours.")
    if stat.S_IMODE(found.st_mode) != MODE:
        os.fchmod(file, MODE)
    return file


def _is(path: Path, file: int) -> bool:
    """Whether `path` leads to the open `file`."""
    try:
        there = os.stat(path, follow_symlinks=False)
    except OSError:
        return False
    here = os.fstat(file)
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def _take_along(old: int, new: int) -> None:
    """Standard output and error, where they are `old`."""
    for standard in (1, 2):
        with contextlib.suppress(OSError):
            if os.path.sameopenfile(standard, old):
                os.dup2(new, standard)


@contextlib.contextmanager
def _locked(path: Path) -> Generator[bool, None, None]:
    """Whether the lock is ours; where files cannot be locked, it is."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, MODE)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        except OSError:
            pass
        yield True
    finally:
        os.close(lock)


def _forget(path: Path, keep: int) -> None:
    """What is left of a time when more were kept."""
    number = keep
    while True:
        try:
            os.unlink(path.with_name(f"{path.name}.{number}"))
        except FileNotFoundError:
            return
        number += 1
