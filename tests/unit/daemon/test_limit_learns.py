"""What the limiter learns: limits from headers before any 429, a pause from one, how many at once from failures."""

from dataclasses import replace
from itertools import pairwise

import pytest
from limit_kit import Bench, ask_for, asking, everything

from libria.layers.limit import Rates
from libria.testing import settle
from libria_providers.errors import Disconnected, Overloaded, ProviderError, RateLimited
from libria_providers.types import Call, CountTokens, Headroom, Usage


def told(of: str = "requests", limit: int = 10, remaining: int | None = None, reset: float | None = None,
         window: float | None = 60.0) -> Headroom:  # fmt: skip
    return Headroom(of, limit, limit - 1 if remaining is None else remaining, reset, window)  # type: ignore[arg-type]


async def test_limits_are_learned_from_the_first_reply() -> None:
    bench = Bench.of()
    layer = bench.layer()
    bench.inner.answer = lambda _call: [told(limit=20), told("tokens", 100_000)]
    await everything([await bench.ask(layer)])
    made = bench.many(layer, 40)
    await settle()
    assert len(bench.inner.calls) == 20
    requests, tokens = bench.limiter.snapshot()[0].limits
    assert (requests.of, requests.limit, requests.used, requests.learned) == ("requests", 20, 20, True)
    assert (tokens.limit, tokens.remaining, tokens.used) == (100_000, 99_999, 19 * 30)  # the first was before that
    await bench.clock.advance(122.0)
    await everything(made)


async def test_what_other_tools_use_of_the_key_is_seen_before_any_429() -> None:
    bench = Bench.of()
    layer = bench.layer()
    bench.inner.answer = lambda _call: [told(limit=100, remaining=97 - len(bench.inner.calls) - 80, reset=30.0)]
    await everything([await bench.ask(layer)])
    made = bench.many(layer, 40)
    await settle()
    assert len(bench.inner.calls) == 17
    await bench.clock.advance(31.0)  # what the others used is back, as the provider said
    assert len(bench.inner.calls) > 17
    await bench.clock.advance(180.0)
    await everything(made)


async def test_the_users_limit_is_the_upper_bound() -> None:
    bench = Bench.of()
    layer = bench.layer(of_target=Rates(rpm=15))
    bench.inner.answer = lambda _call: [told(limit=500)]
    made = bench.many(layer, 20)
    await settle()
    assert len(bench.inner.calls) == 15
    bench.inner.answer = lambda _call: [told(limit=5, remaining=4)]
    await bench.clock.advance(61.0)
    await everything(made)
    made = bench.many(layer, 20)
    await settle()
    assert len(bench.inner.calls) == 20  # none: five were sent in this minute
    assert bench.limiter.snapshot()[0].limits[0].limit == 5
    await bench.clock.advance(300.0)
    await everything(made)


async def test_a_limit_of_a_day_and_one_of_input_and_output() -> None:
    bench = Bench.of(usage=Usage(1000, 400, cached_input_tokens=900))
    layer = bench.layer()
    bench.inner.answer = lambda _call: [
        told(limit=1000, remaining=400, reset=34_560.0, window=86_400.0),
        told("inputTokens", 10_000),
        told("outputTokens", 8000),
        told("tokens", 10**10, window=30 * 86_400.0),  # of a month: not waited for
    ]
    await everything([await bench.ask(layer)])
    await everything([await bench.ask(layer, text="x" * 4000, max_tokens=100)])
    used = {(limit.of, limit.seconds): limit.used for limit in bench.limiter.snapshot()[0].limits}
    assert used == {("requests", 86_400.0): 601, ("inputTokens", 60.0): 100, ("outputTokens", 60.0): 400}


async def test_tokens_of_a_second_are_counted_by_the_minute() -> None:
    bench = Bench.of()
    layer = bench.layer()
    bench.inner.answer = lambda _call: [told("tokens", 3000, remaining=3000, window=1.0)]
    await everything([await bench.ask(layer)])
    await everything(bench.many(layer, 20, max_tokens=4096))
    (tokens,) = bench.limiter.snapshot()[0].limits
    assert (tokens.limit, tokens.seconds) == (180_000, 60.0)


async def test_counting_tokens_is_limited_apart() -> None:
    bench = Bench.of()
    layer = bench.layer()
    bench.inner.answer = lambda _call: [told(limit=2)]
    await everything([asking(layer, replace(ask_for(bench.clock), ask=CountTokens()))])
    assert bench.limiter.snapshot()[0].limits == ()


async def test_a_limit_that_is_not_told_of_any_more_is_forgotten() -> None:
    bench = Bench.of()
    layer = bench.layer()
    bench.inner.answer = lambda _call: [told(limit=2)]
    await everything(bench.many(layer, 2))
    bench.inner.answer = lambda _call: [told("tokens", 1000)]
    await bench.clock.advance(3700.0)
    await everything([await bench.ask(layer)])
    assert [limit.of for limit in bench.limiter.snapshot()[0].limits] == ["tokens"]


def failing(bench: Bench, *errors: ProviderError | None) -> None:
    """The next calls fail with these, those after them do not."""
    left = list(errors)

    def answer(_call: Call) -> None:
        error = left.pop(0) if left else None
        if error is not None:
            raise error

    bench.inner.answer = answer


def too_much(words: str = "slow down", retry_after: float | None = None, *said: Headroom) -> RateLimited:
    error = RateLimited(words, status=429, retry_after=retry_after)
    error.headroom = said
    return error


async def test_one_429_pauses_every_call_of_the_key() -> None:
    bench = Bench.of()
    one, other = bench.layer("p/one"), bench.layer("p/other")
    elsewhere = bench.layer("p/one", "another key")
    failing(bench, too_much(retry_after=20.0))
    assert isinstance((await bench.ask(one)).error, RateLimited)
    made = bench.many(one, 2) + bench.many(other, 2)
    await everything([await bench.ask(elsewhere)])
    await bench.clock.advance(19.9)
    assert len(bench.inner.calls) == 2
    assert [state.paused > 0 for state in bench.limiter.snapshot()] == [True, True, False]
    await bench.clock.advance(0.2)
    await everything(made)
    assert made[0].told[0].eta_ms == pytest.approx(20_000, abs=10)
    assert bench.idle()


async def test_without_a_word_of_how_long_each_pause_is_twice_the_last_until_one_answers() -> None:
    bench = Bench.of()
    layer = bench.layer()
    failing(bench, *[too_much()] * 7, None, too_much())
    made = bench.many(layer, 1)
    await settle()
    for _ in range(9):  # each asks as soon as it may
        made += bench.many(layer, 1)
        await settle()
        await bench.clock.advance(bench.limiter.snapshot()[0].paused + 0.001)
    await everything(made)
    waits = [round(later - sooner, 2) for sooner, later in pairwise(bench.inner.at)]
    assert waits == [1, 2, 4, 8, 8, 8, 8, 0, 1]


async def test_many_429s_at_once_are_one() -> None:
    bench = Bench.of()
    layer = bench.layer()
    waiting = []

    async def late(call: Call) -> object:
        bench.inner.calls.append(call)
        await bench.clock.sleep(0.5)
        raise too_much()

    bench.inner.send = late  # type: ignore[method-assign, assignment]
    waiting = bench.many(layer, 40)
    await bench.clock.advance(0.5)
    await everything(waiting)
    state = bench.limiter.snapshot()[0]
    assert state.paused == 1.0
    assert (state.bound, state.found) == (20, True)


async def test_a_pause_that_is_too_long_sends_calls_elsewhere_at_once() -> None:
    bench = Bench.of()
    layer = bench.layer()
    failing(bench, too_much(retry_after=90.0))
    await bench.ask(layer, insist=False)
    refused = await bench.ask(layer, insist=False)
    assert isinstance(refused.error, RateLimited)
    assert not refused.error.asked
    assert refused.error.retry_after == pytest.approx(90.0, abs=0.01)
    assert "paused" in refused.error.message
    patient = bench.many(layer, 1)
    await bench.clock.advance(90.1)
    await everything(patient)
    assert patient[0].error is None


async def test_a_429_whose_headers_say_when_it_is_full_again() -> None:
    bench = Bench.of()
    layer = bench.layer()
    failing(bench, too_much("slow down", None, told(limit=16, remaining=0, reset=21.0, window=None)))
    await bench.ask(layer)
    assert bench.limiter.snapshot()[0].paused == 21.0


async def test_how_many_at_once_is_found_out_where_nothing_is_told() -> None:
    """Halved with each burst of overloads, one more for each round of successes."""
    bench = Bench.of(1.0)
    layer = bench.layer()
    full = Overloaded("too many", status=529)

    def answer(_call: Call) -> None:
        if bench.inner.open >= 12:
            raise full

    bench.inner.answer = answer
    made = bench.many(layer, 40)
    await bench.clock.advance(1.0)
    bound = bench.limiter.snapshot()[0].bound
    assert bound is not None
    assert bound <= 20
    for _ in range(60):
        made += bench.many(layer, 20)
        await bench.clock.advance(2.0)
    await bench.clock.advance(400.0)
    await everything(made)
    failed = sum(one.error is full for one in made[40:])
    assert failed < 0.1 * len(made)
    assert bench.idle()


async def test_one_failure_among_few_does_not_slow_a_normal_user() -> None:
    bench = Bench.of(1.0)
    layer = bench.layer()
    failing(bench, Overloaded("too many", status=503), Disconnected("gone"))
    made = bench.many(layer, 6)
    await settle()
    assert not any(one.told for one in made)
    await bench.clock.advance(2.0)
    await everything(made)


async def test_who_tells_of_its_limits_is_not_guessed_at() -> None:
    bench = Bench.of()
    layer = bench.layer(of_target=Rates(concurrency=7))
    bench.inner.answer = lambda _call: [told(limit=1000)]
    await everything([await bench.ask(layer)])
    failing(bench, *[Overloaded("too many", status=503)] * 9)
    for _ in range(9):
        await bench.ask(layer)
    state = bench.limiter.snapshot()[0]
    assert (state.bound, state.found) == (7, False)


async def test_a_wait_that_nobody_waits_for_sends_others_elsewhere_and_lets_who_insists_look() -> None:
    """An hour: a call that has another target goes there; one that has none is sent, as the provider may have
    recovered, and what it hears counts for all."""
    bench = Bench.of()
    layer = bench.layer()
    failing(bench, too_much(retry_after=3600.0), too_much(retry_after=3600.0))
    await bench.ask(layer)
    elsewhere = await bench.ask(layer, insist=False)
    assert isinstance(elsewhere.error, RateLimited)
    assert (elsewhere.error.asked, len(bench.inner.calls)) == (False, 1)
    assert elsewhere.error.retry_after == pytest.approx(3600.0, abs=1.0)
    assert isinstance((await bench.ask(layer)).error, RateLimited)
    assert isinstance((await bench.ask(layer, insist=False)).error, RateLimited)
    assert len(bench.inner.calls) == 2
    assert (await bench.ask(layer)).error is None
    assert (await bench.ask(layer, insist=False)).error is None
    assert len(bench.inner.calls) == 4
    await settle()
    assert bench.idle()
