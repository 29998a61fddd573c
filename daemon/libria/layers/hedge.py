"""Hedge: a second target is asked when the first is late; the first to speak wins.

Not a layer but fallback's way of asking, where the user's config names an alias for it. Google's "The
Tail at Scale" has the idea; waiting for the target's own 95th percentile keeps the extra load at a few
percent: https://research.google/pubs/the-tail-at-scale/
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from libria.clock import Clock, cancel
from libria_providers.reply import Batches, Reply

Ask = Callable[[], Awaitable[Reply]]

KEPT = 100  # first-delta times of a target that are looked at
ENOUGH = 20  # below which they say nothing

LOSER_SECONDS = 0.25
"""For the loser of a race to close, where the winner's answer is over before it."""


class Latency:
    """How long a target takes to its first delta, in seconds."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=KEPT)

    def add(self, seconds: float) -> None:
        self._times.append(seconds)

    def p95(self) -> float | None:
        if len(self._times) < ENOUGH:
            return None
        return sorted(self._times)[int(len(self._times) * 0.95)]


class Hedge:
    """Holds what the losers of its races still have to close."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._closing: set[asyncio.Task[None]] = set()

    async def race(self, first: Ask, second: Ask, *, after: float) -> Reply:
        """The reply of `first`, or of `second` if that speaks sooner, which is asked once `after`
        seconds went by with neither a reply nor a failure. The loser is cancelled, which closes its
        connection. Raises what `first` raised when both fail."""
        arms = [asyncio.ensure_future(first())]
        late = asyncio.ensure_future(self._clock.sleep(after))
        winner: asyncio.Future[Reply] | None = None
        try:
            await asyncio.wait([*arms, late], return_when=asyncio.FIRST_COMPLETED)
            if not arms[0].done():
                arms.append(asyncio.ensure_future(second()))
            winner = await _first_to_speak(arms)
            reply = winner.result()
        finally:
            late.cancel()
            losers = [arm for arm in arms if arm is not winner]
            for arm in losers:
                cancel(arm)
                arm.add_done_callback(self._dispose)
        if losers:
            reply.through(lambda batches: _and_losers(batches, losers))
        return reply

    def _dispose(self, loser: asyncio.Future[Reply]) -> None:
        """It may have spoken in the same turn of the loop."""
        if loser.cancelled() or loser.exception() is not None:
            return
        task = asyncio.ensure_future(loser.result().aclose())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _first_to_speak(arms: Sequence[asyncio.Future[Reply]]) -> asyncio.Future[Reply]:
    """The first with a reply; the first of all when none has one."""
    waiting = set(arms)
    while waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for arm in arms:
            if arm in done and not arm.cancelled() and arm.exception() is None:
                return arm
    return arms[0]


async def _and_losers(batches: Batches, losers: Sequence[asyncio.Future[Reply]]) -> Batches:
    """The end waits for the losers': their attempts are among those that the answer tells of."""
    try:
        async for batch in batches:
            yield batch
        await asyncio.wait(losers, timeout=LOSER_SECONDS)
    finally:
        await batches.aclose()
