"""A key that takes time to get: fetched once for all who want it, and anew after a refusal."""

import asyncio
from collections.abc import Awaitable, Callable

from libria.clock import Clock

AGAIN_SECONDS = 60.0
"""Between two fetches that refusals caused: a key that is wrong for good is not asked for with each call."""

FAILURE_SECONDS = 0.1
"""For which a failure is told to whoever asks: the layers of one call do so one after another."""


class NoKey(Exception):
    """There is none; the text goes into a sentence."""


class Fetched:
    """`fetch` raises NoKey. It is never cancelled by who no longer waits for it."""

    def __init__(self, fetch: Callable[[], Awaitable[str]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._task: asyncio.Task[str] | None = None
        self._failed_at: float | None = None
        self._refused = False
        self._not_before = float("-inf")  # of the next fetch that a refusal causes

    async def get(self) -> str:
        """Raises NoKey."""
        if self._task is None or self._is_to_be_replaced(self._task):
            self._task = asyncio.ensure_future(self._run())
            self._task.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen, if nobody waits
        return await asyncio.shield(self._task)

    def refused(self, value: str) -> None:
        """Unless another was fetched meanwhile."""
        task = self._task
        if task is not None and task.done() and not task.cancelled() and task.exception() is None:
            self._refused = self._refused or task.result() == value

    def _is_to_be_replaced(self, task: "asyncio.Task[str]") -> bool:
        if not task.done():
            return False
        now = self._clock.now()
        if task.cancelled() or task.exception() is not None:
            return self._failed_at is None or now - self._failed_at >= FAILURE_SECONDS
        if self._refused and now >= self._not_before:
            self._refused = False
            self._not_before = now + AGAIN_SECONDS
            return True
        return False

    async def _run(self) -> str:
        self._failed_at = None
        try:
            return await self._fetch()
        except NoKey:
            self._failed_at = self._clock.now()
            raise
