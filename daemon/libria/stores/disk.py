"""Bytes on disk: what survives the daemon, and costs its event loop nothing."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from libria.clock import Clock, Timer
from libria.stores.disk_thread import DiskThread, Write
from libria.stores.figures import TierFigures

if TYPE_CHECKING:
    from libria.stores.disk_shelf import Shelf

READ_SECONDS = 0.2
"""For a read; what comes later is a miss. It takes 0.1 ms. Beside an import in another thread, which hands
Python's lock over every 5 ms, 50 ms were too little; and of a disk that hangs only one call waits so long."""

LATE_SECONDS = 0.005
"""By which the loop's own timer is late when it is the loop that hangs: that is not the disk's fault."""

OPEN_SECONDS = 0.5
"""For the first, which opens the database."""

LOOK_SECONDS = 10.0
"""For figures, and for clearing: a person waits."""

CLOSE_SECONDS = 3.0
"""For what is still to be written when the daemon ends."""

T = TypeVar("T")


class DiskStore:
    """Below `folder`, which nobody else may enter, at most `max_bytes`. Nothing is opened before it is
    needed. A disk that fails is left alone for a while; that costs hits, and never a call."""

    name = "disk"

    def __init__(self, folder: Path, max_bytes: int, clock: Clock) -> None:
        self._clock = clock
        self._thread = DiskThread(folder, max_bytes, clock)
        self._late = False  # a read was, and nothing has been read since: nobody else waits for it

    async def get(self, key: bytes) -> bytes | None:
        value = self._thread.waiting(key)
        if value is not None or self._thread.off or self._late:
            return value
        within = READ_SECONDS if self._thread.opened else OPEN_SECONDS
        return await self._ask(lambda shelf: shelf.read(key) if shelf else None, None, within)

    def put(self, key: bytes, value: bytes, ttl: float, tags: Mapping[str, str]) -> None:
        self._thread.write(key, Write(value, ttl, tags.get("model", "")))

    async def clear(self, model: str | None = None, older: float | None = None) -> int:
        """How many are gone, as MemoryStore's. What is still to be written is younger than anything."""
        if not older:
            self._thread.forget(model)
        now = self._clock.wall()
        return await self._ask(lambda shelf: shelf.clear(model, older, now) if shelf else 0, 0, LOOK_SECONDS)

    async def stats(self) -> TierFigures:
        found = await self._ask(lambda shelf: shelf.stats() if shelf else None, None, LOOK_SECONDS)
        if found is not None:
            return found
        problem = self._thread.problem or "The cache on disk did not answer in time; look again."
        return TierFigures(self.name, max_bytes=self._thread.max_bytes, problem=problem)

    def resize(self, max_bytes: int) -> None:
        """What is too much then goes bit by bit, as others are written."""
        self._thread.max_bytes = max_bytes

    @property
    def dropped(self) -> int:
        """Writes that were not made, as too many waited or the disk had failed."""
        return self._thread.dropped

    async def aclose(self) -> None:
        """Write what waits, within CLOSE_SECONDS, and close."""
        closed = asyncio.get_running_loop().create_future()
        tell = _teller(closed)
        timer = self._clock.call_at(self._clock.now() + CLOSE_SECONDS, lambda: _set(closed, None))
        self._thread.close(lambda: tell(None))
        try:
            await closed
        finally:
            timer.cancel()

    async def _ask(self, read: "Callable[[Shelf | None], T]", otherwise: T, within: float) -> T:
        """What `read` gives in the thread; `otherwise` when it is not done `within` so many seconds."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        tell = _teller(answer)
        found: list[T] = []  # by the thread, and not yet told

        def job(shelf: "Shelf | None") -> None:
            if not answer.done():  # whoever asked may have gone
                found.append(read(shelf))
                tell(found[0])
            self._late = False

        if not self._thread.do(job):
            return otherwise
        clock = self._clock
        due = clock.now() + within
        timers: list[Timer] = []

        def too_late() -> None:
            if found:
                _set(answer, found[0])
            elif clock.now() - due > LATE_SECONDS and len(timers) == 1:
                timers.append(clock.call_at(clock.now() + within, too_late))
            else:
                self._late = True
                _set(answer, otherwise)

        timers.append(clock.call_at(due, too_late))
        try:
            return await answer
        finally:
            timers[-1].cancel()


def _teller(answer: "asyncio.Future[T]") -> Callable[[T], None]:
    """Sets it from another thread."""
    loop = answer.get_loop()

    def tell(value: T) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(_set, answer, value)

    return tell


def _set(answer: "asyncio.Future[T]", value: T) -> None:
    if not answer.done():
        answer.set_result(value)
