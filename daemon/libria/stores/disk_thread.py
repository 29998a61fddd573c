"""The thread that alone touches the cache's folder, and what waits for it."""

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from libria.clock import Clock
from libria.stores.figures import of_model

if TYPE_CHECKING:  # diskcache and SQLite: 20 ms and 1 MB, for who uses them and in their own thread
    from libria.stores.disk_shelf import Shelf

log = logging.getLogger("libria.cache")

FILES = ("cache.db", "cache.db-wal", "cache.db-shm", "cache.db-journal")
"""SQLite's, under the name that diskcache gives."""

MOST_JOBS = 256
"""Reads that wait; one more is a miss."""

MOST_WRITES = 1000
MOST_WRITE_BYTES = 16 * 1024 * 1024
"""What waits to be written; what is beyond is not kept."""

PAUSE_SECONDS = 60.0
"""For which a disk that failed is left alone."""

Job = Callable[["Shelf | None"], None]
"""Called in the thread, with None where there is no shelf to use; it raises what the shelf raises."""


@dataclass(frozen=True, slots=True)
class Write:
    value: bytes
    ttl: float
    model: str


class DiskThread:
    """Runs from the first job to `close`. `problem` is why the disk is left alone; `idle` is whether
    everything that was asked for is done; `dropped` counts writes that were not made."""

    def __init__(self, folder: Path, max_bytes: int, clock: Clock) -> None:
        self.max_bytes = max_bytes
        self.problem: str | None = None
        self.opened = False
        self.dropped = 0
        self._folder = folder
        self._clock = clock
        self._shelf: Shelf | None = None
        self._off_until = float("-inf")
        self._mended = float("-inf")  # when it was last begun anew
        self._lock = threading.Condition()
        self._jobs: deque[Job] = deque()
        self._writes: OrderedDict[bytes, Write] = OrderedDict()
        self._write_bytes = 0
        self._done: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None

    @property
    def off(self) -> bool:
        return self._clock.now() < self._off_until

    def do(self, job: Job) -> bool:
        """Whether `job` will be done: there may be too many. Those come before all writes."""
        with self._lock:
            if self._done is not None or len(self._jobs) >= MOST_JOBS:
                return False
            self._jobs.append(job)
            self._wake()
        return True

    def write(self, key: bytes, write: Write) -> None:
        """In the order in which they came, the last one for a key alone."""
        size = len(write.value)
        with self._lock:
            old = self._writes.get(key)
            more = size - (len(old.value) if old else 0)
            full = len(self._writes) >= MOST_WRITES or self._write_bytes + more > MOST_WRITE_BYTES
            if self._done is not None or self.off or (full and old is None) or size > self.max_bytes // 8:
                self.dropped += 1
                return
            self._writes[key] = write
            self._write_bytes += more
            self._wake()

    def waiting(self, key: bytes) -> bytes | None:
        """What is to be written under `key`."""
        write = self._writes.get(key)
        return write.value if write is not None else None

    def forget(self, model: str | None = None) -> None:
        """What is to be written, of `model` or of all."""
        with self._lock:
            for key, write in list(self._writes.items()):
                if model is None or of_model(write.model, model):
                    self._forget(key, write)

    def close(self, done: Callable[[], None]) -> None:
        """Call `done`, in the thread, once all is written and closed."""
        with self._lock:
            self._done = done
            if self._thread is None:
                done()
            self._lock.notify()

    def _wake(self) -> None:
        if self._thread is None:
            # A process that ends does not wait for it: what is half written is as if it had not begun.
            self._thread = threading.Thread(target=self._run, name="libria-cache", daemon=True)
            self._thread.start()
        self._lock.notify()

    def _run(self) -> None:
        while True:
            with self._lock:
                while not (self._jobs or self._writes or self._done):
                    self._lock.wait()
                job = self._jobs.popleft() if self._jobs else None
                key, write = next(iter(self._writes.items())) if job is None and self._writes else (b"", None)
            if job is not None:
                self._try(job)
            elif write is not None:
                self._try(partial(_put, key, write))
                with self._lock:
                    self._forget(key, write)
            else:
                break
        if self._shelf is not None:
            self._shelf.close()
        assert self._done is not None
        self._done()

    def _forget(self, key: bytes, write: Write) -> None:
        """Unless there is another by now."""
        if self._writes.get(key) is write:
            del self._writes[key]
            self._write_bytes -= len(write.value)

    def _try(self, job: Job) -> None:
        """Do `job`; a damaged database is begun anew and asked once more."""
        try:
            job(self._open())
            return
        except Exception as error:  # noqa: BLE001  # whatever the disk brings, it fails no call
            again = self._failed(error)
        try:
            job(self._open() if again else None)
        except Exception as error:  # noqa: BLE001  # as above
            self._failed(error)
            job(None)

    def _open(self) -> "Shelf | None":
        if self.off:
            return None
        if self._shelf is not None and self._shelf.moved():
            self._shelf.close()
            self._shelf = None
        if self._shelf is None:
            from libria.stores.disk_shelf import Shelf

            self._shelf = Shelf(self._folder, self.max_bytes)
            self.problem = None
            self.opened = True
        self._shelf.max_bytes = self.max_bytes
        return self._shelf

    def _failed(self, error: Exception) -> bool:
        """Whether it is worth trying once more."""
        found = "unusable"
        if not isinstance(error, ImportError):  # of diskcache itself, or of a Python without SQLite
            from libria.stores import disk_shelf

            error = disk_shelf.real(error)
            found = disk_shelf.verdict(error)
        if found == "busy":
            return False
        if self._shelf is not None:
            self._shelf.close()
            self._shelf = None
        now = self._clock.now()
        if found == "damaged" and now - self._mended > PAUSE_SECONDS:
            self._mended = now
            log.warning("the cache on disk is damaged (%s) and is begun anew", type(error).__name__)
            try:
                throw_away(self._folder)
            except OSError as failed:
                error = failed
            else:
                return True
        self._off_until = now + PAUSE_SECONDS
        self.problem = f"The cache on disk is not used for {PAUSE_SECONDS:g} s: {_reason(error)}"
        log.warning("%s", self.problem)
        self.forget()
        return False


def throw_away(folder: Path) -> None:
    """The database and no other file."""
    for name in FILES:
        with suppress(FileNotFoundError):
            (folder / name).unlink()


def _put(key: bytes, write: Write, shelf: "Shelf | None") -> None:
    if shelf is not None:
        shelf.write(key, write.value, write.ttl, write.model)
        shelf.shrink()


def _reason(error: Exception) -> str:
    """Ours is a sentence; the system's and SQLite's are words without content."""
    if isinstance(error, OSError) and len(error.args) != 1:
        return f"{(error.strerror or type(error).__name__).lower()}."
    return f"{error or type(error).__name__}".rstrip(".") + "."
