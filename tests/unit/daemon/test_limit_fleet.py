"""What one machine of a fleet tells the others, and hears of them; and that no caller's bounds hold for all."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar

import pytest
from limit_kit import Bench, Slow, ask_for, asking, everything

from libria.layers.limit import Limiter, Rates, Want
from libria.stores.windows import LocalWindows
from libria.testing import FakeClock, settle
from libria_providers.errors import Overloaded, ProviderError, RateLimited
from libria_providers.reply import Batches, Reply
from libria_providers.types import Call, Delta

LONG = 300.0
"""Seconds that nobody waits for."""

bound: ContextVar[str | None] = ContextVar("bound", default=None)


def two() -> tuple[Bench, Bench]:
    """Two machines with the same windows."""
    first = Bench.of()
    limiter = Limiter(first.limiter.windows, first.clock)
    return first, Bench(first.clock, Slow(first.clock), limiter)


def refusing(retry_after: float) -> ProviderError:
    return RateLimited("Too many.", status=429, retry_after=retry_after)


def raises(error: ProviderError) -> None:
    raise error


async def test_a_wait_that_nobody_waits_for_is_known_to_all() -> None:
    one, other = two()
    one.inner.answer = lambda _call: raises(refusing(LONG))
    asked = await one.ask(one.layer())
    assert isinstance(asked.error, RateLimited)
    (state,) = one.limiter.snapshot()
    assert state.paused == LONG

    layer = other.layer()
    (state,) = other.limiter.snapshot()
    assert state.paused == LONG
    elsewhere = await other.ask(layer, insist=False)
    assert elsewhere.error is not None
    assert elsewhere.error.asked is False
    assert elsewhere.error.retry_after == LONG
    assert other.inner.calls == []

    one.inner.answer = lambda _call: None
    assert (await other.ask(layer, insist=True)).error is None  # nobody else is left: it looks
    assert (await one.ask(one.layer(), insist=False)).error is None  # and has found that it is over
    assert one.limiter.snapshot()[0].paused == 0.0


async def test_a_pause_of_another_machine_is_shown() -> None:
    one, other = two()
    one.inner.answer = lambda _call: raises(refusing(7.0))
    await one.ask(one.layer())
    other.layer()
    assert other.limiter.snapshot()[0].paused == 7.0


class Breaking(Slow):
    """Says in the middle of its answer what is wrong."""

    error: ProviderError = Overloaded("Busy.")

    async def send(self, call: Call) -> Reply:
        self.calls.append(call)
        return Reply(self._break(), target=call.model, close=self._closed)

    async def _break(self) -> Batches:
        yield [Delta("x")]
        raise self.error


@pytest.mark.parametrize(
    ("error", "paused"),
    [(refusing(4.0), 4.0), (RateLimited("Too many."), 1.0), (refusing(LONG), LONG), (Overloaded("Busy."), 0.0)],
)
async def test_a_limit_that_is_said_within_a_stream(error: ProviderError, paused: float) -> None:
    bench = Bench.of()
    bench.inner = Breaking(bench.clock)
    bench.inner.error = error
    layer = bench.layer()
    task = asking(layer, ask_for(bench.clock)).task
    with pytest.raises(type(error)):
        await task
    await settle()
    (state,) = bench.limiter.snapshot()
    assert state.paused == paused
    assert await bench.limiter.windows.paused(f"{state.key}:requests") == (paused if paused < LONG else 0.0)


class Recorder(LocalWindows):
    """In whose context it is asked."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.contexts: list[str | None] = []

    async def take(self, wants: Sequence[Want]) -> float:
        self.contexts.append(bound.get())
        return await super().take(wants)


async def test_those_who_wait_are_not_bound_by_what_bounds_the_first_of_them() -> None:
    """Its patience with Redis once ended that of all behind it: they took of the local share for ever."""
    bench = Bench.of()
    windows = Recorder(bench.clock)
    bench.limiter = Limiter(windows, bench.clock)
    layer = bench.layer(of_key=Rates(rpm=1))

    async def ask() -> None:
        bound.set("the first one's")
        await asking(layer, ask_for(bench.clock)).task

    tasks = [asyncio.create_task(ask()) for _ in range(3)]
    await settle()
    first = len(windows.contexts)
    assert set(windows.contexts[:1]) == {"the first one's"}
    await bench.clock.advance(200.0)
    await asyncio.gather(*tasks)
    assert len(windows.contexts) > first
    assert set(windows.contexts[first:]) == {None}


async def test_a_kick_asks_again_at_once() -> None:
    """As when Redis is back: what a share refused, the whole may give."""
    bench = Bench.of()
    layer = bench.layer(of_key=Rates(rpm=1))
    made = bench.many(layer, 2)
    await settle()
    assert len(bench.inner.calls) == 1
    bench.layer(of_key=Rates(rpm=5))
    bench.limiter.kick()
    await everything(made)
