"""How late the event loop is, measured while somebody looks: at rest no timer runs."""

import asyncio
from collections import deque

from libria.clock import Clock

TICK_SECONDS = 0.1

FIRST_SECONDS = 0.01
"""The timer that the first to look waits for."""

KEPT = 20
"""Timers that are looked back at: two seconds."""

WATCHED_SECONDS = 2.0
"""For which it goes on after a look."""


class Lag:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._late: deque[float] = deque(maxlen=KEPT)
        self._looked = 0.0
        self._due: float | None = None  # of the timer that runs

    async def worst(self) -> float:
        """Seconds by which a timer was late at the worst, lately."""
        self._looked = self._clock.now()
        if self._due is None:
            await self._first()
        late = 0.0 if self._due is None else self._clock.now() - self._due  # it may be late right now
        return max(late, 0.0, *self._late)

    async def _first(self) -> None:
        rung = asyncio.Event()
        due = self._clock.now() + FIRST_SECONDS
        timer = self._clock.call_at(due, rung.set)
        try:
            await rung.wait()
        finally:
            timer.cancel()
        self._late.append(self._clock.now() - due)
        if self._due is None:  # several may have looked
            self._next()

    def _next(self) -> None:
        self._due = self._clock.now() + TICK_SECONDS
        self._clock.call_at(self._due, self._rang)

    def _rang(self) -> None:
        now = self._clock.now()
        assert self._due is not None
        self._late.append(max(0.0, now - self._due))
        if now - self._looked < WATCHED_SECONDS:
            self._next()
        else:
            self._due = None
            self._late.clear()
