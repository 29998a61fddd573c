"""One call for a task: asked of the engine, told on the way to whoever listens, logged like any other."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from libria.engine import Engine
from libria.seen import Seen
from libria_providers.errors import ContentFiltered, InvalidResponse, ProviderError
from libria_providers.reply import Answer
from libria_providers.types import Call, Event, Finish, Status, Trace

FAIR_TURNS = 32
"""Batches between two looks at everything else that waits."""


class Told(Protocol):
    """Who hears what is said, in order and numbered."""

    def start(self, call_id: str) -> None: ...
    def status(self, status: Status) -> None: ...
    def batch(self, events: list[Event]) -> None: ...


class Silence:
    """Nobody hears."""

    def status(self, status: Status) -> None: ...
    def batch(self, events: list[Event]) -> None: ...


@dataclass(frozen=True, slots=True)
class Timings:
    first_token_ms: float


@dataclass(frozen=True, slots=True)
class Said:
    """A whole answer; `target` gave it."""

    answer: Answer
    target: str
    age: float | None
    cost: float | None
    timings: Timings

    @property
    def finish(self) -> Finish:
        assert self.answer.finish is not None  # a reply that was read to its end has one
        return self.answer.finish


async def ask(
    engine: Engine, call: Call, call_id: str, told: Told | Silence, watch: Callable[[Call, Seen], None]
) -> Said:
    """The whole answer to `call`, whose time begins now. Raises ProviderError, with what was said as its partial
    text; also for an answer that was cut at its greatest length or by a filter, which is none."""
    seen, now = Seen(), engine.clock.now()
    trace = Trace(began=seen.began, call_id=call_id)
    call = replace(call, started=now, deadline=now + call.timeouts.total, trace=trace)

    def report(status: Status) -> None:
        seen.waits(status)
        told.status(status)

    trace.report = report
    watch(call, seen)
    return await engine.log.call(call, _said(engine, call, told, seen))


async def _said(engine: Engine, call: Call, told: Told | Silence, seen: Seen) -> Said:
    answer = Answer()
    reply = await engine.send(call)
    first_token = engine.clock.now()
    seen.speaks(reply, answer, first_token, lambda: False)
    try:
        turns = 0
        async for batch in reply:
            turns += 1
            if turns % FAIR_TURNS == 0:
                await asyncio.sleep(0)
            for event in batch:
                answer.add(event)
            told.batch(batch)
        _check_whole(answer)
    except ProviderError as error:
        error.partial_text = answer.text
        raise
    finally:
        await reply.aclose()
    timings = Timings(round((first_token - call.started) * 1000, 3))
    assert answer.finish is not None
    engine.answered(call, reply.target, reply.age, answer.finish)
    cost = 0.0 if reply.age is not None else await engine.cost(reply.target, answer.finish)
    return Said(answer, reply.target, reply.age, cost, timings)


def _check_whole(answer: Answer) -> None:
    reason = answer.finish.stop_reason if answer.finish else None
    if reason == "length":
        raise InvalidResponse(
            "The answer was cut at its greatest length; allow more with max_tokens, or give the task in smaller parts."
        )
    if reason == "contentFilter":
        raise ContentFiltered(
            "The provider's content filter ended the answer; put the task in other words, or name another model."
        )
