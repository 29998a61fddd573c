"""A second target beside a late one, on the fake clock."""

import asyncio

import pytest
from layers_kit import FakeTargets, a_call, whole

from libria.layers.fallback import Fallback
from libria.layers.hedge import Hedge, Latency
from libria.testing import FakeClock, FakeService, settle
from libria_providers.errors import Disconnected, Overloaded
from libria_providers.reply import Reply
from libria_providers.types import Call, Delta, Event, Finish, Reset


class Late:
    """Answers after `seconds`."""

    def __init__(self, clock: FakeClock, seconds: float, *scripts: object) -> None:
        self.service = FakeService(*scripts)  # type: ignore[arg-type]
        self.cancelled = 0
        self._clock = clock
        self._seconds = seconds

    async def send(self, call: Call) -> Reply:
        try:
            await self._clock.sleep(self._seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return await self.service.send(call)


def hedged(clock: FakeClock, after: float | None, **services: Late) -> Fallback:
    return Fallback(FakeTargets(dict(services), after=after), clock, Hedge(clock).race)


async def answered(clock: FakeClock, fallback: Fallback, *names: str) -> tuple[list[Event], float]:
    """The events, and the seconds to the first."""
    task = asyncio.create_task(fallback.send(a_call(clock, *names)))
    start = clock.now()
    while not task.done():
        await clock.advance(0.1)
    spoke = round(clock.now() - start, 1)
    events: list[Event] = []
    reply = await task
    async for batch in reply:
        events += batch
    await reply.aclose()
    return events, spoke


@pytest.mark.parametrize(
    ("first", "second", "text", "seconds"),
    [
        (0.5, 0.5, "a", 0.5),  # in time: the second is never asked
        (5.0, 0.5, "b", 1.5),
        (2.0, 5.0, "a", 2.0),  # late, and yet the first to speak
    ],
)
async def test_the_first_to_speak_wins(first: float, second: float, text: str, seconds: float) -> None:
    clock = FakeClock()
    a, b = Late(clock, first, whole("a")), Late(clock, second, whole("b"))
    events, spoke = await answered(clock, hedged(clock, 1.0, a=a, b=b), "a/m", "b/m")
    assert events == [Delta(text), Finish("stop")]
    assert spoke == pytest.approx(seconds)
    await clock.advance(10)
    assert a.cancelled + b.cancelled == (first > 1.0)  # the loser, if it was asked
    assert a.service.open == b.service.open == 0
    assert clock.waiting == 0


async def test_without_hedging_the_late_one_is_waited_for() -> None:
    clock = FakeClock()
    b = Late(clock, 0.1, whole("b"))
    _, spoke = await answered(clock, hedged(clock, None, a=Late(clock, 5.0, whole("a")), b=b), "a/m", "b/m")
    assert spoke == pytest.approx(5.0)
    assert b.service.calls == []


async def test_a_failure_before_the_time_is_a_plain_fallback() -> None:
    clock = FakeClock()
    a, b = Late(clock, 0.2, [Overloaded("busy")]), Late(clock, 0.2, whole("b"))
    events, spoke = await answered(clock, hedged(clock, 1.0, a=a, b=b), "a/m", "b/m")
    assert events == [Delta("b"), Finish("stop")]
    assert spoke == pytest.approx(0.4)
    assert len(b.service.calls) == 1


@pytest.mark.parametrize(("b", "c"), [([Overloaded("b")], whole("c")), (whole("b"), whole("c"))])
async def test_no_target_is_asked_by_both(b: object, c: object) -> None:
    """The first fails while the second is under way: it goes on with the third."""
    clock = FakeClock()
    services = {"a": Late(clock, 2.0, [Overloaded("a")]), "b": Late(clock, 4.0, b), "c": Late(clock, 0.1, c)}
    events, _ = await answered(clock, hedged(clock, 1.0, **services), "a/m", "b/m", "c/m")
    assert events == [Delta("c"), Finish("stop")]
    await clock.advance(10)
    assert all(len(service.service.calls) <= 1 for service in services.values())


async def test_both_fail() -> None:
    clock = FakeClock()
    services = {"a": Late(clock, 2.0, [Overloaded("a")]), "b": Late(clock, 2.0, [Disconnected("b")])}
    task = asyncio.create_task(hedged(clock, 1.0, **services).send(a_call(clock, "a/m", "b/m")))
    await clock.advance(10)
    with pytest.raises(Overloaded):
        await task


async def test_the_winner_that_breaks_goes_on_with_who_is_left() -> None:
    clock = FakeClock()
    services = {
        "a": Late(clock, 9.0, whole("a")),
        "b": Late(clock, 0.1, [[Delta("half")], Disconnected("cut")]),
        "c": Late(clock, 0.0, whole("c")),
    }
    events, _ = await answered_in_time(clock, hedged(clock, 1.0, **services), "a/m", "b/m", "c/m")
    assert events == [Delta("half"), Reset("disconnected", "c/m"), Delta("c"), Finish("stop")]


async def answered_in_time(clock: FakeClock, fallback: Fallback, *names: str) -> tuple[list[Event], float]:
    """As `answered`, with time going on while it is read."""
    task = asyncio.create_task(answered(clock, fallback, *names))
    while not task.done():
        await clock.advance(0.05)
    return await task


async def test_a_cancel_ends_both() -> None:
    clock = FakeClock()
    a, b = Late(clock, 9.0, whole("a")), Late(clock, 9.0, whole("b"))
    task = asyncio.create_task(hedged(clock, 1.0, a=a, b=b).send(a_call(clock, "a/m", "b/m")))
    await clock.advance(2.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await settle()
    assert (a.cancelled, b.cancelled) == (1, 1)
    assert clock.waiting == 0


def test_p95() -> None:
    latency = Latency()
    for _ in range(19):
        latency.add(0.1)
    assert latency.p95() is None
    latency.add(2.0)
    assert latency.p95() == 2.0
    for number in range(100):
        latency.add(number / 100)
    assert latency.p95() == 0.95
