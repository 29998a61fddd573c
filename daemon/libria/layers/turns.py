"""Whose turn it is of those who wait for a provider's limits: one queue a target, one task a key.

The first of a target's queue waits until all that it wants is free, and nobody behind it overtakes it: so
a large call is not starved by small ones. Targets of a key take turns. Where they share a limit of the
key's, whoever is first and does not fit into it holds up all of them.
"""

import asyncio
import heapq
from collections.abc import Sequence
from contextvars import Context
from itertools import count

from libria.clock import Clock, Timer
from libria.layers.allowance import Taken
from libria.layers.at_once import AtOnce
from libria.layers.lane import Lane, Turn
from libria.layers.windows import Want, Windows
from libria.queue import TOLD_SECONDS
from libria_providers.errors import RateLimited
from libria_providers.types import Call, Status

NEVER = float("inf")

IMPATIENT_SECONDS = 5.0
"""About what one waits for an answer to begin."""


class Turns:
    """All lanes of one key. `max_wait` is seconds, for a call that can be answered elsewhere."""

    def __init__(self, hash: str, windows: Windows, clock: Clock, max_wait: float) -> None:
        self.hash = hash
        self._all = f"{hash}:"
        self.at_once = AtOnce()
        self.at_once.told = True  # nothing is found out for a key as a whole
        self.lanes: dict[str, Lane] = {}
        self.strikes = 0  # 429s in a row
        self.struck = 0.0
        self.paused_until = 0.0
        self._probe: Call | None = None
        self.max_wait = max_wait
        self._windows = windows
        self._clock = clock
        self._waiting: dict[Lane, None] = {}
        self._ends: list[tuple[float, int, Turn]] = []
        self._order = count(1)
        self._task: asyncio.Task[None] | None = None
        self._kicked = False
        self._sleeper: asyncio.Future[None] | None = None
        self._moved = False  # places changed that were not told yet
        self._told_at = 0.0

    async def enter(self, lane: Lane, call: Call) -> Taken:
        """Return once `call` may be sent; `leave` ends it. Raises RateLimited when its turn would come too late."""
        self._look_elsewhere(lane, call)
        taken = lane.allowance.wanted(call)
        batch = taken.batch
        wait = None
        if self._held(lane, batch):
            pass
        elif not self._free(lane, batch):
            lane.reason = "concurrency"
        else:
            self._occupy(lane)
            wait = NEVER
            try:
                wait = await self._windows.take(taken.wants)
            finally:
                if wait > 0.0:
                    self._vacate(lane)
            if wait <= 0.0:
                try:
                    self._look_elsewhere(lane, call)  # another machine may have said so just now
                except RateLimited:
                    self._vacate(lane)
                    await self._give_back(taken.wants)
                    raise
                return taken
            lane.reason = "rateLimit"
            lane.blocked_until = self._clock.now() + wait
        return await self._turn(lane, call, taken, wait)

    def heard(self, call: Call, *, well: bool) -> None:
        """The provider answered `call`, `well` or not, or it was not sent after all."""
        if self._probe is call:
            self._probe = None
        if well and self._windows.shunned(self._all) > 0.0:
            self._windows.shun(self._all, 0.0)

    def leave(self, lane: Lane, held: float) -> None:
        """A call that had entered, and held its place for so many seconds, is over."""
        lane.holds += 0.1 * (held - lane.holds)
        self._vacate(lane)

    def kick(self) -> None:
        """Something may be free now."""
        if self._waiting:
            self._kicked = True
            if self._sleeper is not None and not self._sleeper.done():
                self._sleeper.set_result(None)
            if self._task is None:
                # In nobody's context: a store may bound there what one call waits for it, and this is for all.
                self._task = asyncio.get_running_loop().create_task(self._run(), context=Context())

    @property
    def shunned_until(self) -> float:
        """A wait that nobody waits for, on any machine: others are asked meanwhile."""
        left = self._windows.shunned(self._all)
        return self._clock.now() + left if left > 0.0 else 0.0

    @shunned_until.setter
    def shunned_until(self, until: float) -> None:
        left = until - self._clock.now()
        if left > 0.0:
            self._windows.shun(self._all, left)

    def _look_elsewhere(self, lane: Lane, call: Call) -> None:
        """Raises RateLimited where `call` has somebody else to ask, or another looks already."""
        if self._probe is call or (left := self._windows.shunned(self._all)) <= 0.0:
            return
        if not call.insist or self._probe is not None:
            raise self._too_late(lane, left)
        self._probe = call  # nobody else is left to answer, and the provider may have recovered

    @property
    def waiting(self) -> int:
        return sum(len(lane.queue) for lane in self._waiting)

    def _patience(self, call: Call) -> float:
        """Seconds that a call waits which can be answered elsewhere: who sits before it would rather be
        answered by another model, a batch would rather wait for its own."""
        return self.max_wait if call.priority == "batch" else min(self.max_wait, IMPATIENT_SECONDS)

    async def _turn(self, lane: Lane, call: Call, taken: Taken, wait: float | None) -> Taken:
        clock = self._clock
        began = clock.now()
        until = call.deadline if call.insist else min(call.deadline, began + self._patience(call))
        if wait is not None and began + wait > until:
            raise self._too_late(lane, wait)
        turn = Turn(call, lane, taken, until)
        lane.queue.push(turn, call.origin.session, batch=turn.batch)
        ahead = lane.queue.ahead(turn)
        if began + (least := lane.least(taken, ahead, began)) > until:
            lane.queue.discard(turn)
            raise self._too_late(lane, least)
        self._waiting[lane] = None
        if until < NEVER:
            heapq.heappush(self._ends, (until, next(self._order), turn))
        self._tell(turn, ahead + 1)
        self.kick()
        try:
            await turn.future
        except asyncio.CancelledError:
            given = turn.future.done() and not turn.future.cancelled() and turn.future.exception() is None
            if given:
                self._vacate(lane)
                await self._give_back(turn.taken.wants)
            self._gone(turn)
            raise
        finally:
            call.trace.queued_ms += (clock.now() - began) * 1000
        return turn.taken

    async def _run(self) -> None:
        """Gives turns until nobody waits; asleep while nothing can be free."""
        while self._waiting:
            self._kicked = False
            again = await self._round()
            again = min(again, self._tell_all())
            if self._waiting and not self._kicked:
                await self._sleep(again)
        self._ends.clear()
        self._task = None

    async def _round(self) -> float:
        """Give what can be given. When it is worth trying again."""
        self._end_late()
        again = self._ends[0][0] if self._ends else NEVER
        for lane in sorted(self._waiting, key=lambda lane: (not lane.queue.urgent, lane.served)):
            while (turn := lane.queue.first()) is not None:
                if not self._free(lane, turn.batch):
                    lane.reason, lane.blocked_until = "concurrency", 0.0
                    break
                wait = await self._take(turn)
                if wait <= 0.0:
                    if self._shares(lane) and len(self._waiting) > 1:
                        self._kicked = True  # whose turn is it now?
                        return again
                    continue
                when = self._clock.now() + wait
                if when > turn.until:
                    self._fail(turn, wait)
                    continue
                lane.reason, lane.blocked_until = "rateLimit", when
                again = min(again, when)
                if lane.allowance.of_key and await self._key_is_full(turn):
                    return again
                break
        return again

    async def _take(self, turn: Turn) -> float:
        """0.0 when the turn was given (or nobody wants it any more), else how long it has to wait."""
        lane = turn.lane
        if turn.version != lane.allowance.version:  # the limits are others now
            turn.version, turn.taken = lane.allowance.version, lane.allowance.wanted(turn.call)
        self._occupy(lane)
        wait = NEVER
        try:
            wait = await self._windows.take(turn.taken.wants)
        finally:
            if wait > 0.0:
                self._vacate(lane, kick=False)
        if turn.future.done():  # cancelled meanwhile
            if wait <= 0.0:
                self._vacate(lane)
                await self._give_back(turn.taken.wants)
            self._gone(turn)
            return 0.0
        if wait <= 0.0:
            lane.served = next(self._order)
            lane.queue.serve(turn)
            self._gone(turn)
            turn.future.set_result(None)
        return wait

    async def _key_is_full(self, turn: Turn) -> bool:
        """Whether it is the key's own limits that hold `turn` up: then nobody else is to take of them."""
        prefix = f"{self.hash}::"
        wants = [want for want in turn.taken.wants if want.key.startswith(prefix)]
        if await self._windows.take(wants) > 0.0:
            return True
        await self._windows.settle(_back(wants))
        return False

    async def _give_back(self, wants: Sequence[Want]) -> None:
        """What was taken just now."""
        await self._windows.settle(_back(wants))
        self.kick()

    def _shares(self, lane: Lane) -> bool:
        """Whether what one lane takes is missing to another."""
        return lane.allowance.of_key or self.at_once.own is not None

    async def _sleep(self, until: float) -> None:
        sleeper = self._sleeper = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not sleeper.done():
                sleeper.set_result(None)

        timer: Timer | None = self._clock.call_at(until, wake) if until < NEVER else None
        try:
            await sleeper
        finally:
            self._sleeper = None
            if timer is not None:
                timer.cancel()

    def _held(self, lane: Lane, batch: bool) -> bool:
        """Whether somebody waits whom one that comes now must not overtake."""
        lanes = self._waiting if lane.allowance.of_key else (lane,)
        return any(other.queue if batch else other.queue.urgent for other in lanes)

    def _free(self, lane: Lane, batch: bool) -> bool:
        return self.at_once.free(batch) and lane.at_once.free(batch)

    def _occupy(self, lane: Lane) -> None:
        self.at_once.in_use += 1
        lane.at_once.in_use += 1

    def _vacate(self, lane: Lane, *, kick: bool = True) -> None:
        self.at_once.in_use -= 1
        lane.at_once.in_use -= 1
        if kick:
            self.kick()

    def _gone(self, turn: Turn) -> None:
        """Nobody waits in `turn` any more."""
        lane = turn.lane
        lane.queue.discard(turn)
        self._moved = True
        if not lane.queue:
            self._waiting.pop(lane, None)
        # Whoever sleeps for it has nothing to wait for.
        if not self._waiting and self._sleeper is not None and not self._sleeper.done():
            self._sleeper.set_result(None)

    def _end_late(self) -> None:
        """Those whose time is over, and the memory of those that are gone."""
        now = self._clock.now()
        while self._ends and (self._ends[0][0] <= now or self._ends[0][2].future.done()):
            turn = heapq.heappop(self._ends)[2]
            if not turn.future.done():
                self._fail(turn, max(turn.lane.blocked_until - now, 0.0))

    def _fail(self, turn: Turn, wait: float) -> None:
        self._gone(turn)
        turn.future.set_exception(self._too_late(turn.lane, wait))

    def _too_late(self, lane: Lane, wait: float) -> RateLimited:
        provider, _, model = lane.name.partition("/")
        paused = (
            max(self.paused_until, self.shunned_until) > self._clock.now() or self._windows.known_pause(self._all) > 0
        )
        why = "is paused, as its provider asked," if paused else "has used up its limits"
        return RateLimited(
            f"{lane.name} {why} for {wait:.0f} s more; wait, name a fallback or ask for less at once.",
            provider=provider,
            model=model,
            retry_after=wait or None,
            asked=False,
        )

    def _tell_all(self) -> float:
        """Tell those who wait where they stand, where that is news. When to do it again."""
        if not self._moved:
            return NEVER
        now = self._clock.now()
        if now < self._told_at + TOLD_SECONDS:
            return self._told_at + TOLD_SECONDS
        self._told_at = now
        self._moved = False
        for lane in self._waiting:
            for place, turn in enumerate(lane.queue, 1):
                self._tell(turn, place)
        return NEVER

    def _tell(self, turn: Turn, place: int) -> None:
        now = self._clock.now()
        if turn.told.news(place, now):
            lane = turn.lane
            eta = round(lane.eta(turn, place, now, self.at_once.bound) * 1000, 1)
            turn.call.trace.report(
                Status(
                    "waiting" if place == 1 else "queued",
                    reason=lane.reason,
                    position=place,
                    eta_ms=eta,
                    target=lane.name,
                )
            )


def _back(wants: Sequence[Want]) -> list[Want]:
    return [Want(want.key, -want.amount, want.limit, want.seconds) for want in wants]
