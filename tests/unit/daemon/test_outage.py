"""Outages of minutes and of an hour, on the fake clock, through the whole stack and real HTTP, seen from both sides."""

from collections.abc import AsyncIterator, Callable, Coroutine

import pytest
from layers_kit import BREAKING, a_call, read, whole
from outage_kit import Daemon, Switched, Told

from libria.layers.breaker import Breaker, BreakerPolicy
from libria.testing import FakeClock, FakeService
from libria_providers.errors import Overloaded, ProviderError
from libria_providers.types import Delta, Finish, Timeouts

PRIMARY, OTHER = "openai/fast:5", "groq/fast:7"
RECOVERY = 30.0
"""Seconds after which the primary is asked again at the latest."""

POLICY = BreakerPolicy()


@pytest.fixture
async def daemon() -> AsyncIterator[Daemon]:
    clock = FakeClock()
    async with Switched(clock) as primary, Switched(clock) as other:
        daemon = Daemon(clock, primary, other)
        yield daemon
        await daemon.engine.aclose()
    assert not any(call.state == "open" for call in primary.calls)


def with_a_fallback(daemon: Daemon, outage: float) -> Callable[[], Coroutine[None, None, Told]]:
    """Asks, and mends the primary once it was down for `outage` seconds."""
    end = daemon.clock.now() + outage
    daemon.clock.call_at(end, lambda: setattr(daemon.primary, "down", ""))
    return lambda: daemon.ask(PRIMARY, OTHER)


def probes(seconds: float) -> int:
    """As many as there can be in so long, after the circuit has opened."""
    count, at = 0, 0.0
    while True:
        at += POLICY.pauses[min(count, len(POLICY.pauses) - 1)]
        if at > seconds:
            return count
        count += 1


@pytest.mark.parametrize("fault", ["status:503", "reset", "silent", "cut:0.5", "stall:0.5", "html", "error:0.5"])
async def test_down_for_a_minute_then_healthy_twenty_calls_four_seconds_apart(daemon: Daemon, fault: str) -> None:
    primary, start = daemon.primary, daemon.clock.now()
    primary.down = f"+{fault}"
    told = await daemon.every(4.0, 20, with_a_fallback(daemon, outage=60))
    assert [one.error for one in told] == [None] * 20
    assert all(one.target == OTHER for one in told if one.begun < start + 60 and one.ended < start + 60)
    assert all(one.target == PRIMARY for one in told if one.begun >= start + 60 + RECOVERY)
    assert told[-1].target == PRIMARY
    assert max(one.on("openai") for one in told) <= 4

    assert daemon.opened is not None
    assert daemon.opened <= start + 30
    asked = primary.between(daemon.opened + 0.5, start + 60)
    assert len(asked) <= probes(60)
    assert not [one for one in asked if any(at > daemon.opened for at in one.beside)], "two probes at once"
    late = 15.0 if fault == "silent" else 20.0 if fault == "stall:0.5" else 1.5
    assert max(one.ended - one.begun for one in told) <= late + 1.0


@pytest.mark.parametrize("outage", [10.0, 45.0, 300.0])
async def test_back_on_the_primary_within_thirty_seconds(daemon: Daemon, outage: float) -> None:
    primary, start = daemon.primary, daemon.clock.now()
    primary.down = "+status:503"
    told = await daemon.every(2.0, round(outage / 2) + 16, with_a_fallback(daemon, outage))
    assert all(one.error is None for one in told)
    back = next(one.begun for one in told if one.target == PRIMARY)
    assert start + outage <= back <= start + outage + RECOVERY
    assert all(one.target == PRIMARY for one in told if one.begun > back), "once it is back, it stays"
    during = primary.between(start, start + outage)
    assert len(during) <= POLICY.threshold + 1 + probes(outage)


async def test_many_at_once_make_one_probe(daemon: Daemon) -> None:
    """A probe that hangs holds up nobody but its own caller."""
    primary = daemon.primary
    primary.down = "+status:503"
    await daemon.every(1.0, 3, lambda: daemon.ask(PRIMARY, OTHER))
    assert daemon.opened is not None
    await daemon.clock.advance(POLICY.pauses[0])
    primary.down = "+silent"
    before = len(primary.asked)
    told = await daemon.every(0.0, 30, lambda: daemon.ask(PRIMARY, OTHER))
    assert len(primary.asked) == before + 1
    assert [one.target for one in told] == [OTHER] * 30
    assert sum(one.on("openai") for one in told) == 1
    assert sorted(one.ended - one.begun for one in told)[-2] < 1.0


async def test_429_for_an_hour(daemon: Daemon) -> None:
    """Nobody waits, the primary is asked once a call at most, and it answers when its hour is over."""
    primary, start = daemon.primary, daemon.clock.now()
    primary.down = "+status:429+retry-after:3600"
    told = await daemon.every(60.0, 62, with_a_fallback(daemon, outage=3600))
    assert all(one.error is None for one in told)
    during = [one for one in told if one.begun < start + 3600]
    assert {one.target for one in during} == {OTHER}
    assert max(one.on("openai") for one in during) == 1
    assert max(one.ended - one.begun for one in told) < 2.0
    assert len(primary.between(start, start + 3600)) <= len(during)
    assert told[-1].target == PRIMARY


async def test_without_a_fallback_each_call_still_ends_and_the_first_one_after_is_answered(daemon: Daemon) -> None:
    primary, start = daemon.primary, daemon.clock.now()
    primary.down = "+status:503"
    daemon.clock.call_at(start + 60, lambda: setattr(primary, "down", ""))
    told = await daemon.every(4.0, 20, lambda: daemon.ask(PRIMARY, timeouts=Timeouts(total=30)))
    failed = [one for one in told if one.error is not None]
    assert failed == [one for one in told if one.begun < start + 60]
    assert {one.error.kind for one in failed if one.error} == {"overloaded"}
    assert max(len(one.attempts) for one in told) <= 4
    assert max(one.ended - one.begun for one in told) <= 30
    assert len(primary.between(start, start + 60)) <= 15 + POLICY.threshold, "what is left alone is not asked thrice"


async def test_everybody_down(daemon: Daemon) -> None:
    """The calls fail, none hangs, and both come back."""
    other = with_a_fallback(daemon, outage=30)
    daemon.primary.down = "+reset"
    told = await daemon.every(3.0, 10, lambda: daemon.ask(PRIMARY, "openai/fast:6"))
    assert all(one.error is not None for one in told)
    assert max(len(one.attempts) for one in told) <= 8
    again = await daemon.every(3.0, 12, other)
    assert again[-1].target == PRIMARY


async def test_a_probe_with_a_long_answer_holds_the_others_away_for_five_seconds() -> None:
    clock = FakeClock()
    script = [[Delta(str(number))] for number in range(9)]
    service = FakeService(*[[Overloaded("down")]] * 5, [*script, [Finish("stop")]], whole("yes"))
    breaker = Breaker(service, BREAKING, clock)
    for _ in range(5):
        with pytest.raises(Overloaded):
            await read(breaker, a_call(clock))
    await clock.advance(POLICY.pauses[0])
    probe = await breaker.send(a_call(clock))
    for _ in range(5):
        await probe.__anext__()
        assert breaker.circuit().state == "halfOpen"
        with pytest.raises(ProviderError, match="left alone"):
            await breaker.send(a_call(clock))
        await clock.advance(1.0)
    await probe.__anext__()
    await probe.__anext__()
    assert breaker.closed
    assert await read(breaker, a_call(clock)) == [Delta("yes"), Finish("stop")]
    await probe.aclose()
