"""The only code that tells time or sleeps."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self


class Timer(Protocol):
    def cancel(self) -> None: ...


class Clock(Protocol):
    """Monotonic seconds; the fake one in `libria.testing` moves only when told to."""

    def now(self) -> float: ...

    def wall(self) -> float:
        """Seconds since the epoch, for people and logs only."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer: ...


class SystemClock:
    """The machine's own clock, the one that asyncio's loops use."""

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        loop = asyncio.get_running_loop()
        return loop.call_later(max(0.0, when - self.now()), callback)


UNWINDING_SECONDS = 0.005
"""Between two looks at whether a task has finished with an earlier cancel."""

UNWINDING_LOOKS = 200
"""After which it is cancelled all the same: a second of unwinding is more than any needs."""


def cancel(task: asyncio.Future[Any], looks: int = UNWINDING_LOOKS) -> None:
    """Have `task` end as cancelled, but let it finish first with a cancel that it deals with already.

    A watch's time may have been up in the same moment: its task then closes a connection, and a second
    cancel in the middle of that costs the connection's slot; yet to count on the first one would lose
    this one, as a watch goes on with a TimeoutError."""
    if task.done():
        return
    if looks and isinstance(task, asyncio.Task) and task.cancelling():
        asyncio.get_running_loop().call_later(UNWINDING_SECONDS, cancel, task, looks - 1)
    else:
        task.cancel()


class Watch:
    """Bounds the waits of one task, many waits with one timer: cheap enough for every read.

    `async with watch.until(when):` raises TimeoutError inside when `when` passes before the block
    ends. The timer is left running between blocks and moved on lazily; `stop` ends it. `later`, asked
    when the time is up, may say that it is not."""

    def __init__(self, clock: Clock, later: Callable[[], float] | None = None) -> None:
        self._clock = clock
        self._later = later
        self._when = 0.0
        self._task: asyncio.Task[object] | None = None  # the one that waits now
        self._cancels = 0  # of that task, before the wait
        self._fired = False
        self._timer: Timer | None = None
        self._timer_at = 0.0

    def until(self, when: float) -> Self:
        self._when = when
        return self

    async def __aenter__(self) -> None:
        task = self._task = asyncio.current_task()
        assert task is not None
        self._cancels = task.cancelling()
        self._fired = False
        if self._timer is None or self._timer_at > self._when:
            self._arm()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        # Someone else may have cancelled the task as well: that cancel is theirs and goes on.
        if self._fired and task is not None and task.uncancel() <= self._cancels and kind is asyncio.CancelledError:
            raise TimeoutError from None

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self.stop()
        if self._when != float("inf"):
            self._timer_at = self._when
            self._timer = self._clock.call_at(self._when, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._task is None:
            return  # nobody waits; the next wait arms it again
        if self._later is not None:
            self._when = max(self._when, self._later())
        if self._clock.now() < self._when:
            self._arm()
            return
        if self._task.cancelling() > self._cancels:  # see `cancel`
            self._timer = self._clock.call_at(self._clock.now() + UNWINDING_SECONDS, self._ring)
            return
        self._fired = True
        self._task.cancel()
