"""The breaker on the fake clock: when a target is left alone, and how it comes back."""

import asyncio
from dataclasses import replace

import pytest
from layers_kit import BREAKING, a_call, read, whole

from libria.layers.breaker import Breaker
from libria.testing import SILENCE, FakeClock, FakeService
from libria_providers.errors import (
    BadRequest,
    CredentialMissing,
    Disconnected,
    InvalidResponse,
    Overloaded,
    ProviderError,
    RateLimited,
    TimedOut,
)
from libria_providers.types import Call, Delta

DOWN = Overloaded("down")


async def ask(breaker: Breaker, clock: FakeClock, times: int = 1, *, insist: bool = False) -> list[bool]:
    """Whether each of `times` calls reached the target (or was left alone)."""
    asked: list[bool] = []
    for _ in range(times):
        try:
            await read(breaker, replace(a_call(clock), insist=insist))
            asked.append(True)
        except ProviderError as error:
            asked.append(error.asked)
    return asked


def scripted(clock: FakeClock, *scripts: object) -> tuple[Breaker, FakeService]:
    service = FakeService(*scripts)  # type: ignore[arg-type]
    return Breaker(service, BREAKING, clock), service


@pytest.mark.parametrize(
    ("error", "reached"),
    [
        (DOWN, 5),
        (Disconnected("gone"), 5),
        (InvalidResponse("garbage"), 5),
        (TimedOut("silent", phase="firstToken"), 3),  # a silence counts twice
        (RateLimited("slow down"), 8),
        (BadRequest("odd"), 8),
        (CredentialMissing("no key", asked=False), 8),
        (TimedOut("late", phase="total"), 8),
    ],
)
async def test_opens_after_failures_in_a_row(error: ProviderError, reached: int) -> None:
    clock = FakeClock()
    breaker, service = scripted(clock, *[[error]] * 8)
    asked = await ask(breaker, clock, 8)
    assert len(service.calls) == reached
    assert asked == [error.asked] * reached + [False] * (8 - reached)


async def test_one_success_starts_the_count_anew() -> None:
    clock = FakeClock()
    breaker, service = scripted(clock, *[[DOWN]] * 4, whole("ok"), *[[DOWN]] * 5)
    await ask(breaker, clock, 10)
    assert len(service.calls) == 10
    assert await ask(breaker, clock) == [False]


async def test_a_call_that_was_never_sent_shows_nothing() -> None:
    clock = FakeClock()
    unsent = BadRequest("no such parameter", asked=False)
    breaker, service = scripted(clock, *[[DOWN]] * 4, [unsent], [DOWN])
    await ask(breaker, clock, 6)
    assert not breaker.closed
    assert len(service.calls) == 6


async def test_streams_that_break_count_though_they_spoke() -> None:
    clock = FakeClock()
    breaker, service = scripted(clock, *[[[Delta("ha")], Disconnected("cut")]] * 6)
    assert await ask(breaker, clock, 6) == [True] * 5 + [False]
    assert service.open == 0


async def test_what_a_caller_is_told_and_the_status() -> None:
    clock = FakeClock()
    breaker, _ = scripted(clock, *[[Disconnected("gone")]] * 5)
    await ask(breaker, clock, 5)
    await clock.advance(2.0)
    with pytest.raises(Disconnected) as caught:
        await breaker.send(a_call(clock))
    assert "p/m failed 5 times in a row" in caught.value.message
    assert caught.value.retry_after == pytest.approx(3.0)
    circuit = breaker.circuit()
    assert (circuit.state, circuit.failures, circuit.retry_in, circuit.last) == ("open", 5, 3.0, "disconnected")


async def test_probes_come_one_at_a_time_and_ever_more_seldom() -> None:
    """A minute of outage, asked every second: five failures, then probes after 5, 10, 15, 15 … s."""
    clock = FakeClock()
    breaker, service = scripted(clock, *[[DOWN]] * 20)
    at: list[float] = []
    for second in range(60):
        before = len(service.calls)
        await ask(breaker, clock)
        at += [second] * (len(service.calls) - before)
        await clock.advance(1.0)
    assert at == [0, 1, 2, 3, 4, 9, 19, 34, 49]


async def test_a_probe_that_speaks_closes_it_and_one_failure_more_opens_it_again() -> None:
    clock = FakeClock()
    breaker, service = scripted(clock, *[[DOWN]] * 5, [[Delta("ha")], Disconnected("cut")], whole("ok"), [DOWN])
    await ask(breaker, clock, 5)
    await clock.advance(5.1)
    assert await ask(breaker, clock, 2) == [True, False]  # it spoke, broke, and is open again
    await clock.advance(10.1)
    assert await ask(breaker, clock, 2) == [True, True]
    assert breaker.closed
    assert breaker.circuit().failures == 1
    assert len(service.calls) == 8


async def test_while_a_probe_is_under_way_others_are_left_alone() -> None:
    clock = FakeClock()
    breaker, service = scripted(clock, *[[DOWN]] * 5, [SILENCE], whole("ok"))
    await ask(breaker, clock, 5)
    await clock.advance(5.1)
    probe = asyncio.create_task(breaker.send(a_call(clock)))
    await asyncio.sleep(0)
    assert breaker.circuit().state == "halfOpen"
    assert await ask(breaker, clock, 3) == [False] * 3
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert await ask(breaker, clock) == [True]  # a cancel says nothing: the next call probes
    assert len(service.calls) == 7
    assert breaker.closed


async def test_who_insists_is_asked_and_mends_it() -> None:
    clock = FakeClock()
    breaker, service = scripted(clock, *[[DOWN]] * 6, whole("ok"))
    await ask(breaker, clock, 5)
    assert await ask(breaker, clock, 2, insist=True) == [True, True]
    assert breaker.closed
    assert len(service.calls) == 7


async def test_many_at_once_open_it_once() -> None:
    """What was under way when it opened does not make the pause longer."""
    clock = FakeClock()

    class Slow:
        async def send(self, call: Call) -> object:
            await clock.sleep(1.0)
            raise DOWN

    breaker = Breaker(Slow(), BREAKING, clock)  # type: ignore[arg-type]
    calls = [asyncio.create_task(breaker.send(a_call(clock))) for _ in range(50)]
    await clock.advance(1.1)
    await asyncio.gather(*calls, return_exceptions=True)
    assert breaker.circuit().retry_in == pytest.approx(4.9)
