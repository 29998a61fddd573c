"""From the event loop to the disk: a bounded queue, and one thread that writes what is in it."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from libria.log.entry import Entry, lost

MOST_ENTRIES = 10_000
MOST_BYTES = 16 * 1024 * 1024

CLOSE_SECONDS = 2.0
"""For what is still to be written when the daemon ends."""


class Weighed(Protocol):
    @property
    def weight(self) -> int:
        """About its size in bytes."""
        ...


T = TypeVar("T", bound=Weighed)
T_contra = TypeVar("T_contra", contravariant=True)


class Sink(Protocol[T_contra]):
    """Where entries go. Both are called in the writer's thread, and raise nothing."""

    def write(self, entries: Sequence[T_contra], /) -> None: ...

    def close(self) -> None: ...


class Background(Generic[T]):
    """`put` never waits: what the disk cannot take in time is counted, and `lost` is called with the count, in the
    thread; what it gives is written. For `linger` seconds the thread waits for more to write with the first."""

    def __init__(
        self, sinks: Sequence[Sink[T]], lost: Callable[[int], T | None], *, name: str, linger: float = 0.0
    ) -> None:
        self._sinks = sinks
        self._lost = lost
        self._name = name
        self._linger = linger
        self._waiting: list[T] = []
        self._bytes = 0
        self._dropped = 0
        self._closed = False
        self._asked = 0  # times that somebody wanted all written
        self._done = 0  # of these, how many are
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, entry: T) -> None:
        """From any thread."""
        with self._news:
            if self._closed:
                return
            waiting = self._waiting
            if len(waiting) >= MOST_ENTRIES or self._bytes + entry.weight > MOST_BYTES:
                self._dropped += 1
                return
            waiting.append(entry)
            self._bytes += entry.weight
            if len(waiting) == 1:  # else it is awake, or will look before it sleeps
                self._start()
                self._news.notify_all()

    def flush(self, seconds: float) -> bool:
        """Whether all that was put before is written, within `seconds`. Sinks are called in any case."""
        with self._news:
            if self._closed:
                return False
            self._asked += 1
            mine = self._asked
            self._start()
            self._news.notify_all()
            return self._news.wait_for(lambda: self._done >= mine or self._closed, seconds) and self._done >= mine

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Write what waits, at most for `seconds`."""
        with self._news:
            self._closed = True
            thread, self._thread = self._thread, None
            self._news.notify_all()
        if thread is not None:
            thread.join(seconds)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def _hurried(self) -> bool:
        return self._closed or self._asked > self._done

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._waiting and not self._hurried():
                    self._news.wait()
                if self._linger:
                    self._news.wait_for(self._hurried, self._linger)
                entries, self._waiting, self._bytes = self._waiting, [], 0
                dropped, self._dropped = self._dropped, 0
                ending, asked = self._closed, self._asked
                hurried = asked > self._done
            if dropped and (said := self._lost(dropped)) is not None:
                entries.append(said)
            for sink in self._sinks:
                if entries or hurried:
                    sink.write(entries)
                if ending:
                    sink.close()
            if hurried:
                with self._news:
                    self._done = asked
                    self._news.notify_all()
            if ending:
                return


class Writer(Background[Entry]):
    """The log's: how many lines are lost stands among its lines."""

    def __init__(self, sinks: Sequence[Sink[Entry]], wall: Callable[[], float]) -> None:
        super().__init__(sinks, lambda dropped: lost(wall(), dropped), name="libria-log")
