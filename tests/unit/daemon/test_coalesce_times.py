"""Coalescing: each caller's own deadline, and what it is told of attempts and waiting."""

import asyncio
from dataclasses import replace

import pytest
from coalesce_kit import DONE, A, B, Rig

from libria.clock import cancel
from libria.layers.attempt import OneAttempt
from libria.layers.cache import Identity
from libria.testing import settle
from libria_providers.errors import Overloaded, TimedOut
from libria_providers.types import (
    Attempt,
    Call,
    Status,
    Timeouts,
    Trace,
)  # fmt: skip


async def test_each_has_its_own_deadline_and_the_upstream_the_latest() -> None:
    rig = Rig()
    short = await rig.ask(rig.call(timeouts=Timeouts(total=2.0), deadline=rig.clock.now() + 2))
    asked = rig.pipe.calls[0]
    assert asked.deadline == short.call.deadline
    long = await rig.ask(rig.call(timeouts=Timeouts(total=50.0), deadline=rig.clock.now() + 50))
    assert asked.deadline == replace(asked, model="x").deadline == long.call.deadline
    await rig.clock.advance(1)
    await rig.say(A)
    await rig.clock.advance(1)
    error = short.task.exception()
    assert isinstance(error, TimedOut)
    assert error.phase == "total"
    assert "2 s" in error.message
    await rig.say(B, DONE)
    assert await long.task == [A, B, DONE]


@pytest.mark.parametrize("spoken", [False, True])
async def test_an_attempt_waits_for_who_came_with_more_time(spoken: bool) -> None:
    """It had begun to wait when the deadline moved."""
    rig = Rig()
    rig.coalesce._inner = OneAttempt(rig.pipe, rig.clock)
    short = await rig.ask(rig.call(deadline=rig.clock.now() + 2))
    if spoken:
        await rig.say(A)
    long = await rig.ask(rig.call(deadline=rig.clock.now() + 9))
    await rig.clock.advance(2)
    assert isinstance(short.task.exception(), TimedOut)
    await rig.clock.advance(5)
    await rig.say(B)
    assert long.events == ([A, B] if spoken else [B])
    await rig.clock.advance(3)
    error = long.task.exception()
    assert isinstance(error, TimedOut)
    assert error.phase == "total"


async def test_no_time_left_before_the_first_word() -> None:
    rig = Rig()
    long = await rig.ask()
    short = await rig.ask(rig.call(deadline=rig.clock.now() + 2))
    await rig.clock.advance(2)
    assert isinstance(short.task.exception(), TimedOut)
    assert not long.task.done()
    cancel(long.task)
    await settle()
    assert rig.clock.waiting == 0


async def test_what_each_is_told_of_attempts_and_waiting() -> None:
    rig = Rig()
    told: list[Status] = []
    first = await rig.ask(rig.call(trace=Trace(report=told.append)))
    shared = rig.pipe.calls[0].trace
    await rig.clock.advance(1)
    shared.report(Status("waiting", reason="firstToken"))
    late_told: list[Status] = []
    late = await rig.ask(rig.call(trace=Trace(report=late_told.append)))
    assert told == late_told == [Status("waiting", reason="firstToken")]
    await rig.clock.advance(2)
    shared.waited_ms += 2900.0
    shared.queued_ms += 100.0
    await rig.say(A, DONE)
    await asyncio.gather(first.task, late.task)
    assert first.call.trace.attempts == [Attempt("p/m", "ok", 0.0, 5.0)]
    assert late.call.trace.attempts == [Attempt("p/m", "ok", -1000.0, 5.0)]  # began before it did
    assert (first.call.trace.waited_ms, first.call.trace.queued_ms) == (2900.0, 100.0)
    assert late.call.trace.waited_ms == pytest.approx(2000.0)


async def test_who_waits_takes_a_batch_out_of_the_queue_but_not_off_the_wire() -> None:
    rig = Rig()
    batch = await rig.ask(rig.call(priority="batch"))
    rig.pipe.calls[0].trace.report(Status("queued", position=40))
    person = await rig.ask()
    assert [call.priority for call in rig.pipe.calls] == ["batch", "interactive"]
    await rig.say(A, DONE)
    assert await batch.task == await person.task == [A, DONE]
    await rig.clock.advance(1)

    sent = await rig.ask(rig.call(priority="batch"))
    rig.pipe.calls[2].trace.report(Status("queued", position=1))
    rig.pipe.calls[2].trace.queued_ms += 5.0  # its turn has come
    person = await rig.ask()
    assert len(rig.pipe.calls) == 3
    await rig.say(A, DONE)
    assert await sent.task == await person.task == [A, DONE]


async def test_a_first_target_that_cannot_be_named_goes_through() -> None:
    rig = Rig()

    async def unknown(call: Call) -> Identity:
        raise Overloaded("who?")

    rig.coalesce._identify = unknown
    heard = await rig.ask()
    await rig.say(DONE)
    assert await heard.task == [DONE]
