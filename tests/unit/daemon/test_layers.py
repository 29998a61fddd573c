"""The layers on the fake clock: who asks whom, how often, after how long."""

import asyncio
from dataclasses import replace

import pytest

from libria import stack
from libria.layers.attempt import OneAttempt
from libria.layers.fallback import Fallback
from libria.layers.retry import Retry, RetryPolicy
from libria.testing import SILENCE, FakeClock, FakeService, settle
from libria_providers.errors import (
    BadRequest,
    ContentFiltered,
    CredentialMissing,
    CredentialRejected,
    Disconnected,
    Interrupted,
    InvalidResponse,
    Overloaded,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    TimedOut,
)
from libria_providers.reply import Batches, Reply
from libria_providers.types import Call, Delta, Finish, Message, Reset, Status, Timeouts, Trace

DEFAULT = Timeouts()
POLICY = RetryPolicy(random=lambda: 1.0)


def a_call(clock: FakeClock, model: str = "p/m", *fallbacks: str, timeouts: Timeouts = DEFAULT) -> Call:
    return Call(
        model=model,
        messages=(Message("user", "hello"),),
        fallbacks=fallbacks,
        timeouts=timeouts,
        started=clock.now(),
        deadline=clock.now() + timeouts.total,
        trace=Trace(),
    )


def whole(text: str) -> list[list[Delta | Finish]]:
    return [[Delta(text)], [Finish("stop")]]


async def read(service: object, call: Call) -> list[object]:
    reply = await service.send(call)  # type: ignore[attr-defined]
    events: list[object] = []
    try:
        async for batch in reply:
            events += batch
    finally:
        await reply.aclose()
    return events


async def finished(clock: FakeClock, work: "asyncio.Task[object]", limit: float = 1000.0) -> object:
    """What `work` comes to, time moving on as it waits."""
    spent = 0.0
    while not work.done() and spent < limit:
        await clock.advance(0.05)
        spent += 0.05
    return await work


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (Overloaded("busy"), 3),
        (RateLimited("slow down", retry_after=2.0), 3),
        (Disconnected("gone"), 3),
        (Overloaded("busy", should_retry=False), 1),
        (BadRequest("odd", should_retry=True), 1),
        (QuotaExhausted("no money", should_retry=True), 1),
        (InvalidResponse("garbage", should_retry=True), 3),
        (RateLimited("in an hour", retry_after=3600.0), 1),
        (TimedOut("silent", phase="firstToken"), 1),
        (QuotaExhausted("no money"), 1),
        (CredentialRejected("wrong key"), 1),
        (BadRequest("odd"), 1),
        (ContentFiltered("no"), 1),
        (InvalidResponse("garbage"), 1),
    ],
)
async def test_retry_asks_again_only_what_may_succeed(error: ProviderError, attempts: int) -> None:
    clock = FakeClock()
    service = FakeService(*[[error]] * 5)
    task = asyncio.create_task(Retry(service, POLICY, clock).send(a_call(clock)))
    with pytest.raises(type(error)):
        await finished(clock, task)
    assert len(service.calls) == attempts


async def test_retry_waits_the_exponential_backoff_with_the_providers_wish_as_floor() -> None:
    clock = FakeClock()
    service = FakeService([Overloaded("a")], [RateLimited("b", retry_after=2.0)], whole("done"))
    statuses: list[Status] = []
    call = a_call(clock)
    call.trace.report = statuses.append
    reply = await finished(clock, asyncio.create_task(Retry(service, POLICY, clock).send(call)))
    assert clock.slept == [0.5, 3.0]
    assert [(s.state, s.reason, s.eta_ms) for s in statuses] == [
        ("retrying", "overloaded", 500.0),
        ("retrying", "rateLimited", 3000.0),
    ]
    assert call.trace.waited_ms == pytest.approx(3500.0)
    await reply.aclose()  # type: ignore[attr-defined]


async def test_retry_gives_up_at_once_when_the_wait_passes_the_deadline() -> None:
    clock = FakeClock()
    service = FakeService([RateLimited("later", retry_after=30.0)], whole("never"))
    call = a_call(clock, timeouts=Timeouts(total=20.0))
    with pytest.raises(RateLimited):
        await Retry(service, POLICY, clock).send(call)
    assert clock.slept == []


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


def a_fallback(clock: FakeClock, **services: FakeService) -> Fallback:
    async def service(target: str, call: Call) -> FakeService:
        return services[target.partition("/")[0]]

    return Fallback(lambda call: [call.model, *call.fallbacks], service, clock)


@pytest.mark.parametrize(
    "error",
    [
        Overloaded("busy"),
        CredentialMissing("no key"),
        CredentialRejected("bad"),
        TimedOut("silent", phase="firstToken"),
    ],
)
async def test_before_the_first_delta_the_next_target_answers_unseen(error: ProviderError) -> None:
    clock = FakeClock()
    call = a_call(clock, "a/m", "b/m")
    statuses: list[Status] = []
    call.trace.report = statuses.append
    events = await read(a_fallback(clock, a=FakeService([error]), b=FakeService(whole("yes"))), call)
    assert events == [Delta("yes"), Finish("stop")]
    assert [(s.state, s.reason, s.target) for s in statuses] == [("fallback", error.kind, "b/m")]


@pytest.mark.parametrize("error", [BadRequest("odd"), ContentFiltered("no")])
async def test_what_another_target_would_not_mend_goes_nowhere(error: ProviderError) -> None:
    clock = FakeClock()
    second = FakeService(whole("yes"))
    with pytest.raises(type(error)):
        await a_fallback(clock, a=FakeService([error]), b=second).send(a_call(clock, "a/m", "b/m"))
    assert second.calls == []


async def test_a_broken_stream_starts_again_openly() -> None:
    clock = FakeClock()
    first = FakeService([[Delta("ha")], [Delta("lf")], Disconnected("cut")])
    events = await read(a_fallback(clock, a=first, b=FakeService(whole("whole"))), a_call(clock, "a/m", "b/m"))
    assert events == [Delta("ha"), Delta("lf"), Reset("disconnected", "b/m"), Delta("whole"), Finish("stop")]
    assert first.open == 0


async def test_a_stream_can_break_twice() -> None:
    clock = FakeClock()
    services = {
        "a": FakeService([[Delta("1")], Disconnected("cut")]),
        "b": FakeService([[Delta("2")], Overloaded("error event")]),
        "c": FakeService(whole("3")),
    }
    events = await read(a_fallback(clock, **services), a_call(clock, "a/m", "b/m", "c/m"))
    resets = [event for event in events if isinstance(event, Reset)]
    assert [(reset.reason, reset.target) for reset in resets] == [("disconnected", "b/m"), ("overloaded", "c/m")]
    assert events[-2:] == [Delta("3"), Finish("stop")]


@pytest.mark.parametrize("second", [[], [[Overloaded("busy")]]])
async def test_a_broken_stream_without_a_target_left_is_interrupted(second: list[list[ProviderError]]) -> None:
    clock = FakeClock()
    first = FakeService([[Delta("half")], Disconnected("cut", request_id="r1")])
    fallbacks = ["b/m"] if second else []
    call = a_call(clock, "a/m", *fallbacks)
    with pytest.raises(Interrupted) as caught:
        await read(a_fallback(clock, a=first, b=FakeService(*second)), call)
    assert caught.value.retryable
    assert first.open == 0


async def test_no_fallback_past_the_deadline() -> None:
    clock = FakeClock()
    second = FakeService(whole("late"))
    fallback = a_fallback(clock, a=FakeService([SILENCE]), b=second)
    call = replace(a_call(clock, "a/m", "b/m"), deadline=clock.now() + 5)
    inner = fallback._service

    async def limited(target: str, call: Call) -> OneAttempt:
        return OneAttempt(await inner(target, call), clock)

    fallback._service = limited  # type: ignore[assignment]
    task = asyncio.create_task(fallback.send(call))
    await clock.advance(5.1)
    with pytest.raises(TimedOut) as caught:
        await task
    assert caught.value.phase == "total"
    assert second.calls == []


async def test_attempts_are_recorded_in_order_with_outcome_and_time() -> None:
    clock = FakeClock()
    service = FakeService([Overloaded("busy", status=503, request_id="r1")], whole("ok"))
    call = a_call(clock)
    task = asyncio.create_task(read(stack.for_target(service, POLICY, clock), call))
    await finished(clock, task)
    assert [(a.target, a.outcome, a.status, a.request_id) for a in call.trace.attempts] == [
        ("p/m", "overloaded", 503, "r1"),
        ("p/m", "ok", 200, "req-2"),
    ]
    assert call.trace.attempts[1].started_ms == pytest.approx(500.0)
