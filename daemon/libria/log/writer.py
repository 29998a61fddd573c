"""From the event loop to the files: a bounded queue, and one thread that writes what is in it."""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from libria.log.entry import Entry, lost

MOST_ENTRIES = 10_000
MOST_BYTES = 16 * 1024 * 1024

CLOSE_SECONDS = 2.0
"""For what is still to be written when the daemon ends."""


class Sink(Protocol):
    """Where entries go. Both are called in the writer's thread, and raise nothing."""

    def write(self, entries: Sequence[Entry]) -> None: ...

    def close(self) -> None: ...


class Writer:
    """`put` never waits: what the disk cannot take in time is counted, and the count written."""

    def __init__(self, sinks: Sequence[Sink], wall: Callable[[], float]) -> None:
        self._sinks = sinks
        self._wall = wall
        self._waiting: list[Entry] = []
        self._bytes = 0
        self._dropped = 0
        self._closed = False
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, entry: Entry) -> None:
        """From any thread."""
        with self._news:
            if self._closed:
                return
            if len(self._waiting) >= MOST_ENTRIES or self._bytes + entry.weight > MOST_BYTES:
                self._dropped += 1
                return
            self._waiting.append(entry)
            self._bytes += entry.weight
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="libria-log", daemon=True)
                self._thread.start()
            self._news.notify()

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Write what waits, at most for `seconds`."""
        with self._news:
            self._closed = True
            thread, self._thread = self._thread, None
            self._news.notify()
        if thread is not None:
            thread.join(seconds)

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._waiting and not self._closed:
                    self._news.wait()
                entries, self._waiting, self._bytes = self._waiting, [], 0
                dropped, self._dropped = self._dropped, 0
                ending = self._closed
            if dropped:
                entries.append(lost(self._wall(), dropped))
            for sink in self._sinks:
                if entries:
                    sink.write(entries)
                if ending:
                    sink.close()
            if ending:
                return
