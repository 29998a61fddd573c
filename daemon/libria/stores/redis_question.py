"""One command and its answer, waited for no longer than a moment."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, TypeVar

from libria.clock import Clock
from libria.stores.redis_connect import Lane
from libria.stores.redis_fault import Answer, Away
from libria.stores.redis_pipe import Command, Done

T = TypeVar("T")

Sent = Callable[[], float | None]
"""When Redis was asked, None before that."""

LATE = 0.005
"""A timer that rings later than this shows that our own loop was busy: the answer may lie there unread, and
the machine may have had no time for Redis either."""

GLANCES = 4
"""Times that each question is looked at before it has waited long enough, LATE seconds between them. Those
from which the loop was kept do not count."""

MOST_LATE, MOST_UNREAD = 8, 40
"""Glances that do not count, for one answer: because the loop was busy, and because something lies there that
it has not written or read yet."""

PATIENCE = 0.045
"""Seconds that one call has for Redis, all its questions together."""


@dataclass(slots=True)
class Patience:
    """What is left of a call's seconds."""

    left: float


_patience: ContextVar[Patience | None] = ContextVar("libria_redis_patience", default=None)


@contextmanager
def patience(seconds: float = PATIENCE) -> Generator[None]:
    """Within it, and in tasks that begin within it, all questions to Redis together take at most so long."""
    token = _patience.set(Patience(seconds))
    try:
        yield
    finally:
        _patience.reset(token)


def patience_left() -> Patience | None:
    """None where nobody set a bound."""
    return _patience.get()


async def answer_to(
    command: Command, lane: Lane, clock: Clock, limit: float, heard: Callable[[], None], late: Done | None = None
) -> Answer | Away:
    """The answer within `limit` seconds, or why there is none. `heard` is called when Redis said anything;
    `late` with the answer to one who was cancelled, or waits no longer, and does not hear it."""
    answer: asyncio.Future[Answer | Away] = asyncio.get_running_loop().create_future()

    def done(said: Answer | Away) -> None:
        if not isinstance(said, Away):
            heard()
        if not answer.done():
            answer.set_result(said)
        elif late is not None:
            late(said)

    lane.send(command, done)
    return await within(limit, answer, lane, clock)


async def within(
    limit: float, answer: "asyncio.Future[T | Away]", lane: Lane, clock: Clock, sent: Sent | None = None
) -> T | Away:
    """What comes as `answer`, which `lane` is to bring, in so many seconds from when Redis was asked for it."""
    bell = _Bell(limit, answer, lane, clock, sent)
    try:
        return await answer
    finally:
        bell.cancel()


class _Bell(Generic[T]):
    """Ends the waiting for `answer` once Redis had `limit` seconds to answer, and we the time to hear it."""

    def __init__(
        self, limit: float, answer: "asyncio.Future[T | Away]", lane: Lane, clock: Clock, sent: Sent | None
    ) -> None:
        self._limit = limit
        self._answer = answer
        self._lane = lane
        self._clock = clock
        self._sent = sent
        self._left = GLANCES
        self._late, self._unread = MOST_LATE, MOST_UNREAD
        self._set(clock.now() + limit - GLANCES * LATE)

    def cancel(self) -> None:
        self._timer.cancel()

    def _set(self, when: float) -> None:
        self._when = when
        self._timer = self._clock.call_at(when, self._ring)

    def _ring(self) -> None:
        if self._answer.done():
            return
        if not self._excused():
            self._left -= 1
        if self._left >= 0:
            self._set(self._clock.now() + LATE)
        else:
            # What was read in this very turn of the loop is understood in the next.
            asyncio.get_running_loop().call_soon(self._end)

    def _excused(self) -> bool:
        """Whether it is we who were not ready since the last glance."""
        now = self._clock.now()
        if now - self._when > LATE and self._late:
            self._late -= 1
            return True
        if self._unread and (self._lane.unread or self._sent_late(now)):
            self._unread -= 1
            return True
        return False

    def _sent_late(self, now: float) -> bool:
        if self._sent is None:
            return False
        sent = self._sent()
        return sent is None or now < sent + self._limit - (self._left + 1) * LATE

    def _end(self) -> None:
        if not self._answer.done():
            self._answer.set_result(Away("timedOut"))
