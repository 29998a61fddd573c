"""One attempt on the fake clock: limits per phase, the record."""

import asyncio
from typing import Literal

import pytest
from layers_kit import BREAKING, POLICY, a_call, finished, read, whole

from libria import stack
from libria.layers.attempt import Ended, Notes, OneAttempt
from libria.testing import SILENCE, FakeClock, FakeService, settle
from libria_providers.errors import Overloaded, TimedOut
from libria_providers.reply import Batches, Reply
from libria_providers.types import Call, Delta, Finish, Status, Timeouts, Usage


@pytest.mark.parametrize(("total", "phase", "after"), [(600.0, "firstToken", 15.0), (4.0, "total", 4.0)])
async def test_a_silent_target_times_out_in_its_phase(total: float, phase: str, after: float) -> None:
    clock = FakeClock()
    call = a_call(clock, timeouts=Timeouts(total=total))
    task = asyncio.create_task(OneAttempt(FakeService([SILENCE]), clock).send(call))
    await clock.advance(after - 0.01)
    assert not task.done()
    await clock.advance(0.02)
    with pytest.raises(TimedOut) as caught:
        await task
    assert caught.value.phase == phase
    assert [attempt.outcome for attempt in call.trace.attempts] == ["timedOut"]
    assert clock.waiting == 0


async def test_a_stall_is_seen_after_the_idle_limit_and_the_readers_own_time_is_not_counted() -> None:
    clock = FakeClock()
    service = FakeService([[Delta("a")], [Delta("b")], SILENCE])
    call = a_call(clock)
    reply = await OneAttempt(service, clock).send(call)
    assert await reply.__anext__() == [Delta("a")]
    await clock.advance(100.0)  # the reader is busy elsewhere
    assert await reply.__anext__() == [Delta("b")]
    waiting = asyncio.ensure_future(reply.__anext__())
    await clock.advance(19.9)
    assert not waiting.done()
    await clock.advance(0.2)
    with pytest.raises(TimedOut) as caught:
        await waiting
    assert caught.value.phase == "idle"
    await reply.aclose()
    assert service.open == 0
    assert [attempt.outcome for attempt in call.trace.attempts] == ["interrupted"]


async def test_signs_of_life_are_no_silence_but_the_total_counts() -> None:
    """Comments while a model queues, pings while it writes a tool call's arguments."""
    clock = FakeClock()

    class Queueing:
        async def send(self, call: Call) -> Reply:
            for _ in range(4):
                await clock.sleep(10.0)
                call.trace.alive()
            return Reply(self.batches(), target="p/m", close=self.close)

        async def batches(self) -> Batches:
            yield [Delta("a")]
            while True:
                await clock.sleep(15.0)
                yield []

        async def close(self) -> None:
            pass

    call = a_call(clock, timeouts=Timeouts(total=100.0))
    work = asyncio.create_task(read(OneAttempt(Queueing(), clock), call))
    await clock.advance(99.0)
    assert not work.done()
    await clock.advance(2.0)
    with pytest.raises(TimedOut) as caught:
        await work
    assert caught.value.phase == "total"


async def test_a_cancel_from_outside_is_no_timeout() -> None:
    clock = FakeClock()
    call = a_call(clock)
    task = asyncio.create_task(OneAttempt(FakeService([SILENCE]), clock).send(call))
    await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [attempt.outcome for attempt in call.trace.attempts] == ["cancelled"]
    assert clock.waiting == 0


async def test_attempts_are_recorded_in_order_with_outcome_and_time() -> None:
    clock = FakeClock()
    service = FakeService([Overloaded("busy", status=503, request_id="r1")], whole("ok"))
    call = a_call(clock)
    target = stack.for_target(service, POLICY, BREAKING, clock, Notes(), lambda _call: None, lambda inner: inner)
    task = asyncio.create_task(read(target.service, call))
    await finished(clock, task)
    assert [(a.target, a.outcome, a.status, a.request_id) for a in call.trace.attempts] == [
        ("p/m", "overloaded", 503, "r1"),
        ("p/m", "ok", 200, "req-2"),
    ]
    assert call.trace.attempts[1].started_ms == pytest.approx(500.0)


@pytest.mark.parametrize(
    ("slow", "head_after", "seconds"),
    [("loads", None, 60.0), ("loads", 50.0, 110.0), ("thinks", None, 15.0), ("thinks", 10.0, 70.0), (None, 10.0, 25.0)],
)
async def test_a_slow_start_is_given_more_time(
    slow: Literal["thinks", "loads"] | None, head_after: float | None, seconds: float
) -> None:
    """A model that thinks first is waited for longer once the head of its reply has come; one that is
    loaded first, from the start."""
    clock = FakeClock()

    class Silent:
        async def send(self, call: Call) -> Reply:
            if head_after is not None:
                await clock.sleep(head_after)
                call.trace.alive()
            return await FakeService([SILENCE]).send(call)

    attempt = OneAttempt(Silent(), clock, slow_start=lambda _call: slow)
    task = asyncio.create_task(attempt.send(a_call(clock)))
    await clock.advance(seconds - 0.1)
    assert not task.done()
    await clock.advance(0.2)
    with pytest.raises(TimedOut) as caught:
        await task
    assert caught.value.phase == "firstToken"


async def test_the_message_of_a_silence_says_how_long_it_was() -> None:
    clock = FakeClock()
    attempt = OneAttempt(FakeService([SILENCE]), clock, slow_start=lambda _call: "loads")
    task = asyncio.create_task(attempt.send(a_call(clock)))
    await clock.advance(61)
    with pytest.raises(TimedOut) as caught:
        await task
    assert "60 s" in caught.value.message


async def test_who_waits_long_is_told_for_what() -> None:
    clock = FakeClock()
    call = a_call(clock)
    statuses: list[Status] = []
    call.trace.report = statuses.append
    task = asyncio.create_task(OneAttempt(FakeService([SILENCE]), clock).send(call))
    await clock.advance(0.9)
    assert statuses == []
    await clock.advance(0.2)
    assert statuses == [Status("waiting", reason="firstToken", eta_ms=15000, target="p/m", attempt=1)]
    await clock.advance(20)
    await asyncio.gather(task, return_exceptions=True)
    assert len(statuses) == 1


@pytest.mark.parametrize(
    ("script", "outcome", "usage", "exact"),
    [
        ([[Delta("a")], [Finish("stop", Usage(7, 3))]], "ok", Usage(7, 3), True),
        ([[Delta("a"), Delta("b")], Overloaded("broke")], "interrupted", Usage(6, 2), False),
        ([Overloaded("busy")], "overloaded", Usage(), True),
    ],
)
async def test_every_attempt_is_booked(script: list[object], outcome: str, usage: Usage, exact: bool) -> None:
    """With the provider's own figures, else with what was read and said, as far as it went."""
    clock = FakeClock()
    booked: list[Ended] = []
    notes = Notes(ended=booked.append)
    await asyncio.gather(read(OneAttempt(FakeService(script), clock, notes), a_call(clock)), return_exceptions=True)
    assert [(line.attempt.outcome, line.usage, line.exact) for line in booked] == [(outcome, usage, exact)]


async def test_a_cancelled_stream_is_booked() -> None:
    clock = FakeClock()
    booked: list[Ended] = []
    attempt = OneAttempt(FakeService([[Delta("a")], SILENCE]), clock, Notes(ended=booked.append))
    reply = await attempt.send(a_call(clock))
    await reply.__anext__()
    await reply.aclose()
    assert [(line.attempt.outcome, line.usage.output_tokens, line.exact) for line in booked] == [
        ("cancelled", 1, False)
    ]
