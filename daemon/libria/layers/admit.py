"""Admit: how many calls the engine has at once, and in what order they come in.

Position: around everything but split. Once per call. Raises Overloaded when too many wait already, TimedOut when
the call's time is over before its turn; both with `asked` False.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass

from libria.clock import Clock, Timer
from libria.layers.service import Service
from libria.queue import TOLD_SECONDS, FairQueue, Told
from libria_providers.errors import Overloaded, TimedOut
from libria_providers.reply import Reply
from libria_providers.types import Call, Status


@dataclass(frozen=True, slots=True)
class AdmitState:
    """For the status."""

    in_flight: int
    slots: int
    waiting: int
    room: int


class Admit:
    """`slots` calls in flight, `room` waiting. One session has at most three quarters of the slots: whatever a
    script sends, and however slow its provider is, others come in at once. Nor do batches take the last slots."""

    def __init__(self, inner: Service, clock: Clock, *, slots: int = 512, room: int = 10_000) -> None:
        self._inner = inner
        self._clock = clock
        self._slots = slots
        self._of_one = max(1, slots - slots // 4)
        self._of_batches = max(1, slots - max(1, slots // 16))
        self._room = room
        self._of_one_room = max(1, room - room // 10)
        self._queue = FairQueue[_Place]()
        self._in_flight = 0
        self._by_session: Counter[str] = Counter()
        self._pace = 0.0  # seconds between two slots that came free, a moving average
        self._freed_at: float | None = None
        self._telling: Timer | None = None

    async def send(self, call: Call) -> Reply:
        session = call.origin.session
        if self._may(session, call.priority == "batch"):  # of those that wait, nobody may
            self._in_flight += 1
            self._by_session[session] += 1
        else:
            await self._turn(call)
        try:
            reply = await self._inner.send(call)
        except BaseException:
            self._leave(session)
            raise
        reply.on_close(lambda: self._leave(session))
        return reply

    def snapshot(self) -> AdmitState:
        return AdmitState(self._in_flight, self._slots, len(self._queue), self._room)

    def _may(self, session: str, batch: bool) -> bool:
        if self._in_flight >= (self._of_batches if batch else self._slots):
            return False
        return self._by_session[session] < self._of_one

    async def _turn(self, call: Call) -> None:
        queue, session, clock = self._queue, call.origin.session, self._clock
        if len(queue) >= self._room or queue.of(session) >= self._of_one_room:
            raise Overloaded(f"{len(queue)} calls wait already; try again when some are answered.", asked=False)
        began = clock.now()
        place = _Place(call, clock)
        queue.push(place, session, batch=call.priority == "batch")
        self._tell(place, queue.ahead(place) + 1)
        self._serve()
        try:
            await place.future
        except asyncio.CancelledError:
            queue.discard(place)
            if place.given:
                self._leave(session)
            else:
                self._serve()
            raise
        except TimedOut:
            queue.discard(place)
            self._serve()
            raise
        finally:
            place.stop()
            call.trace.queued_ms += (clock.now() - began) * 1000

    def _serve(self) -> None:
        """Let in who may come in now; it has its slot from here on."""
        queue = self._queue
        while (place := queue.first(self._may)) is not None:
            queue.serve(place)
            if place.give():
                self._in_flight += 1
                self._by_session[place.call.origin.session] += 1
        if queue and self._telling is None:
            self._telling = self._clock.call_at(self._clock.now() + TOLD_SECONDS, self._tell_all)
        elif not queue and self._telling is not None:
            self._telling.cancel()
            self._telling = None

    def _leave(self, session: str) -> None:
        self._in_flight -= 1
        self._by_session[session] -= 1
        if not self._by_session[session]:
            del self._by_session[session]
        if self._queue:
            now = self._clock.now()
            if self._freed_at is not None:
                self._pace += 0.2 * (now - self._freed_at - self._pace)
            self._freed_at = now
        else:
            self._freed_at = None
        if self._queue or self._telling is not None:
            self._serve()

    def _tell_all(self) -> None:
        self._telling = None
        for number, place in enumerate(self._queue, 1):
            self._tell(place, number)

    def _tell(self, place: "_Place", number: int) -> None:
        if place.told.news(number, self._clock.now()):
            eta = round(number * self._pace * 1000, 1) or None
            place.call.trace.report(Status("queued", reason="concurrency", position=number, eta_ms=eta))


class _Place:
    """One call that waits, until its deadline."""

    def __init__(self, call: Call, clock: Clock) -> None:
        self.call = call
        self.told = Told()
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._timer = clock.call_at(call.deadline, self._late) if call.deadline < float("inf") else None

    @property
    def given(self) -> bool:
        return self.future.done() and not self.future.cancelled() and self.future.exception() is None

    def give(self) -> bool:
        """False: nobody waits here any more."""
        if self.future.done():
            return False
        self.future.set_result(None)
        return True

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _late(self) -> None:
        if not self.future.done():
            self.future.set_exception(
                TimedOut(
                    "The call's time was over before its turn came; ask for less at once or raise timeouts.total.",
                    phase="total",
                    asked=False,
                )
            )
