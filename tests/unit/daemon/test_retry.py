"""Retry on the fake clock: what is asked again, how often, after how long."""

import asyncio

import pytest
from layers_kit import POLICY, a_call, a_retry, finished, whole

from libria.layers.budget import RetryBudget
from libria.layers.retry import Retry
from libria.testing import FakeClock, FakeService
from libria_providers.errors import (
    BadRequest,
    ContentFiltered,
    CredentialRejected,
    Disconnected,
    InvalidResponse,
    Overloaded,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    TimedOut,
)
from libria_providers.types import Status, Timeouts


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
    task = asyncio.create_task(a_retry(service, clock).send(a_call(clock)))
    with pytest.raises(type(error)):
        await finished(clock, task)
    assert len(service.calls) == attempts


async def test_retry_waits_the_exponential_backoff_with_the_providers_wish_as_floor() -> None:
    clock = FakeClock()
    service = FakeService([Overloaded("a")], [RateLimited("b", retry_after=2.0)], whole("done"))
    statuses: list[Status] = []
    call = a_call(clock)
    call.trace.report = statuses.append
    reply = await finished(clock, asyncio.create_task(a_retry(service, clock).send(call)))
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
        await a_retry(service, clock).send(call)
    assert clock.slept == []


async def test_nobody_waits_for_an_attempt_that_is_not_made() -> None:
    """The failure opened the target's circuit."""
    clock = FakeClock()
    service = FakeService([Overloaded("busy")])
    with pytest.raises(Overloaded):
        await Retry(service, POLICY, clock, RetryBudget(clock), lambda: False).send(a_call(clock))
    assert clock.slept == []


async def test_an_outage_does_not_multiply_the_load() -> None:
    """A hundred calls at once: without a budget they would be three hundred requests."""
    clock = FakeClock()
    service = FakeService(*[[Overloaded("busy")]] * 300)
    retry = a_retry(service, clock)
    calls = [asyncio.create_task(retry.send(a_call(clock))) for _ in range(100)]
    await clock.advance(60)
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(result, Overloaded) for result in results)
    assert 100 < len(service.calls) <= 100 + 20 + 60


def test_the_budget_comes_back_with_calls_and_with_time() -> None:
    clock = FakeClock()
    budget = RetryBudget(clock)
    assert sum(budget.withdraw() for _ in range(50)) == 20
    for _ in range(11):
        budget.deposit()
    assert sum(budget.withdraw() for _ in range(50)) == 2
    clock._now += 3
    assert sum(budget.withdraw() for _ in range(50)) == 3
