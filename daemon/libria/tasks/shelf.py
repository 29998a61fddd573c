"""The journal of tasks: a file each, that says which were begun and how they ended; read by the next daemon.

It holds no key and nothing of what was asked, of which a digest is enough; what came of it is kept for a day.
A task under way is a file that its daemon has locked: the kernel lets go of it however that ends.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from libria.paths import ensure_private_dir
from libria.tasks.messages import Acknowledgment, Completion, Escalation, well

KEEP_SECONDS = 86400.0
MOST_FILES = 1000
MOST_BYTES = 256 * 1024 * 1024

PRUNE_EVERY = 20
"""Tasks between two looks at what may go."""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`at` is seconds since the epoch; without a `message` the task has not ended."""

    acknowledgment: Acknowledgment
    digest: str
    at: float
    model: str = ""
    message: Completion | Escalation | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A task that this process may work on: it holds the lock until `finish` or `discard`."""

    record: Record
    descriptor: int


@dataclass(frozen=True, slots=True)
class Found:
    """A task of `record`, which has ended, or that another daemon works on."""

    record: Record


@dataclass(frozen=True, slots=True)
class Shelved:
    """One of the list. `busy`: a daemon works on it."""

    record: Record
    busy: bool


class Busy(Exception):
    """Another daemon works on this task."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode


class Shelf:
    """Blocks; for a thread. Everything raises OSError where the disk does not take it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._claims = 0

    def claim(self, record: Record, *, restart: bool = False) -> Held | Found:
        """The right to work on this task, or what is known of it. With `restart` one that did not end well
        begins anew, where its content is the same."""
        ensure_private_dir(self._folder)
        if self._claims % PRUNE_EVERY == 0:
            self._prune()
        self._claims += 1
        path = self._path(record.acknowledgment.task_id)
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            kept = False
            try:
                free = _lock(descriptor)
                if not _same(descriptor, path):
                    continue  # it ended meanwhile, and another file has taken its place
                old = _read(descriptor)
                if not free:
                    return Found(old or record)
                if old is not None and (old.message is not None or old.digest != record.digest):
                    if not (restart and old.message and not well(old.message) and old.digest == record.digest):
                        return Found(old)
                    old = None
                if old is None:
                    old = record
                    _write(descriptor, record)
                kept = True
                return Held(old, descriptor)
            finally:
                if not kept:
                    os.close(descriptor)

    def finish(self, held: Held, record: Record) -> None:
        """Put the outcome in the place of what was; nobody sees half of it."""
        path = self._path(record.acknowledgment.task_id)
        new = path.with_suffix(".new")
        try:
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(_encode(record))
            new.replace(path)
        finally:
            os.close(held.descriptor)

    def end(self, message: Escalation) -> bool | None:
        """Whether a task that nobody works on ends with `message`; None where there is no such task. Raises Busy where
        another daemon works on it."""
        path = self._path(message.task_id)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        record = _read(descriptor)
        if record is None or record.message is not None:
            os.close(descriptor)
            return None if record is None else False
        if not _lock(descriptor):
            os.close(descriptor)
            raise Busy
        self.finish(Held(record, descriptor), msgspec.structs.replace(record, message=message))
        return True

    def records(self) -> list[Shelved]:
        """All there are, the newest first."""
        found = [one for path in self._files() if (one := self._look(path)) is not None]
        return sorted(found, key=lambda one: -one.record.at)

    def _look(self, path: Path) -> Shelved | None:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            record = _read(descriptor)
            return None if record is None else Shelved(record, record.message is None and not _lock(descriptor))
        finally:
            os.close(descriptor)

    def _prune(self) -> None:
        """What is a day old, and of too many the oldest that have ended."""
        now, left, size = time.time(), 0, 0
        for path in sorted(self._files(), key=_modified, reverse=True):
            with contextlib.suppress(OSError):
                found = path.stat()
                size += found.st_size
                old = now - found.st_mtime > KEEP_SECONDS
                if (old or left >= MOST_FILES or size > MOST_BYTES) and self._idle(path, old=old):
                    path.unlink()
                    size -= found.st_size
                else:
                    left += 1

    def _idle(self, path: Path, *, old: bool) -> bool:
        shelved = self._look(path)
        return shelved is None or (not shelved.busy and (old or shelved.record.message is not None))

    def _files(self) -> Iterator[Path]:
        with contextlib.suppress(OSError):
            yield from self._folder.glob("*.json")

    def _path(self, task_id: str) -> Path:
        """Whatever stands in the id."""
        return self._folder / f"{sha256(task_id.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}.json"


def _lock(descriptor: int) -> bool:
    """Whether nobody else has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def _read(descriptor: int) -> Record | None:
    """None for an empty file and for what makes no sense: a task that was never begun."""
    data = b""
    os.lseek(descriptor, 0, os.SEEK_SET)
    while piece := os.read(descriptor, 1024 * 1024):
        data += piece
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _write(descriptor: int, record: Record) -> None:
    data = _encode(record)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.ftruncate(descriptor, 0)
    while data:
        data = data[os.write(descriptor, data) :]


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
