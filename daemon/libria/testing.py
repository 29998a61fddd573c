"""Shipped doubles: a clock that moves only when told to, and a service that answers as scripted."""

import asyncio
import heapq
from collections.abc import Callable, Sequence
from itertools import count

from libria_providers.errors import ProviderError
from libria_providers.reply import Batches, Reply
from libria_providers.types import Call, Event


class FakeClock:
    """Time stands still until `advance`. `slept` lists every sleep asked for, in seconds."""

    def __init__(self, now: float = 1000.0) -> None:
        self._now = now
        self._timers: list[tuple[float, int, FakeTimer]] = []
        self._order = count()
        self.slept: list[float] = []

    def now(self) -> float:
        return self._now

    def wall(self) -> float:
        return 1_800_000_000.0 + self._now

    def call_at(self, when: float, callback: Callable[[], None]) -> "FakeTimer":
        timer = FakeTimer(callback)
        heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        woken = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not woken.done():
                woken.set_result(None)

        timer = self.call_at(self._now + seconds, wake)
        try:
            await woken
        finally:
            timer.cancel()

    async def advance(self, seconds: float) -> None:
        """Move time on, ringing each timer at its moment and letting the tasks that it woke run."""
        until = self._now + seconds
        await settle()
        while self._timers and self._timers[0][0] <= until:
            when, _, timer = heapq.heappop(self._timers)
            self._now = max(self._now, when)
            timer.ring()
            await settle()
        self._now = until

    @property
    def waiting(self) -> int:
        """Timers that are set."""
        return sum(not timer.cancelled for _, _, timer in self._timers)


class FakeTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True

    def ring(self) -> None:
        if not self.cancelled:
            self.cancelled = True
            self._callback()


async def settle() -> None:
    """Let every task that can run do so."""
    for _ in range(20):
        await asyncio.sleep(0)


SILENCE = "silence"
"""In a script: nothing more is said, and the connection stays open."""

Script = Sequence[list[Event] | ProviderError | str]


class FakeService:
    """Answers each call with the next of `scripts`: batches of events, then perhaps an error or
    SILENCE. An error or a SILENCE that stands first comes before the first delta."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = list(scripts)
        self.calls: list[Call] = []
        self.open = 0  # replies not yet closed

    async def send(self, call: Call) -> Reply:
        self.calls.append(call)
        script = self._scripts.pop(0)
        if script and isinstance(script[0], ProviderError):
            raise script[0]
        if script and script[0] == SILENCE:
            await asyncio.get_running_loop().create_future()
        self.open += 1
        return Reply(_play(script), target=call.model, request_id=f"req-{len(self.calls)}", close=self._closed)

    async def _closed(self) -> None:
        self.open -= 1


async def _play(script: Script) -> Batches:
    for step in script:
        if isinstance(step, ProviderError):
            raise step
        if isinstance(step, str):
            await asyncio.get_running_loop().create_future()
        else:
            yield step
