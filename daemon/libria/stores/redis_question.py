"""One command and its answer, waited for no longer than a moment."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from libria.clock import Clock
from libria.stores.redis_connect import Lane
from libria.stores.redis_fault import Answer, Away
from libria.stores.redis_pipe import Command, Done

LATE = 0.005
"""A timer that rings later than this shows that our own loop was busy: the answer may lie there unread."""

LOOKS = 5
"""Such late timers in a row, for one answer; then it has waited long enough."""

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

    when = clock.now() + limit
    timer = clock.call_at(when, _bell(answer, when, clock, LOOKS))
    lane.send(command, done)
    try:
        return await answer
    finally:
        timer.cancel()


def _bell(answer: "asyncio.Future[Answer | Away]", when: float, clock: Clock, looks: int) -> Callable[[], None]:
    """What ends the waiting for `answer` at `when`. Rung late, it looks again a little later: the loop was
    busy with something else, and what it has not read yet is no fault of Redis."""

    def ring() -> None:
        now = clock.now()
        if answer.done():
            return
        if looks and now - when > LATE:
            clock.call_at(now + LATE, _bell(answer, now + LATE, clock, looks - 1))
        else:
            answer.set_result(Away("timedOut"))

    return ring
