"""The limiter on the fake clock: what is kept to, who waits, what is given back."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st
from limit_kit import Bench, ask_for, asking, everything, most_in_any

from libria.layers.limit import Rates
from libria.testing import settle
from libria_providers.errors import Disconnected, Overloaded, ProviderError, RateLimited, TimedOut
from libria_providers.types import Call, Headroom, Usage

PACE = budget(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


async def test_without_limits_nobody_waits() -> None:
    bench = Bench.of(1.0)
    made = bench.many(bench.layer(), 300)
    await settle()
    assert len(bench.inner.calls) == 300
    await bench.clock.advance(1.0)
    await everything(made)
    assert not any(one.told for one in made)
    assert bench.idle()


async def test_requests_of_a_minute() -> None:
    """Three minutes of more than may be: never more than sixty in any minute, at least 95 % of that in all."""
    bench = Bench.of(0.5)
    made = bench.many(bench.layer(of_target=Rates(rpm=60)), 240)
    await bench.clock.advance(180.0)
    assert most_in_any(bench.inner.at, 60.0) == 60
    assert 171 <= len(bench.inner.at) <= 240
    await bench.clock.advance(120.0)
    await everything(made)
    assert bench.idle()


@pytest.mark.parametrize("shared", [False, True])
async def test_targets_of_a_key_share_its_limits_and_have_their_own(shared: bool) -> None:
    bench = Bench.of()
    limits = Rates(rpm=30)
    layers = [
        bench.layer(f"p/{name}", of_key=limits if shared else Rates(), of_target=Rates() if shared else limits)
        for name in "abc"
    ]
    made = [one for layer in layers for one in bench.many(layer, 25)]
    await settle()
    assert len(bench.inner.calls) == (30 if shared else 75)
    await bench.clock.advance(200.0)
    await everything(made)
    assert bench.idle()


async def test_a_full_target_does_not_hold_up_another_of_its_key() -> None:
    bench = Bench.of()
    full = bench.layer("p/full", of_key=Rates(rpm=1000), of_target=Rates(rpm=2))
    other = bench.layer("p/other", of_key=Rates(rpm=1000))
    waiting = bench.many(full, 5)
    await settle()
    made = bench.many(other, 40)
    await everything(made)
    assert len(bench.inner.calls) == 42
    await bench.clock.advance(130.0)
    await everything(waiting)
    assert bench.idle()


async def test_tokens_are_reserved_and_settled() -> None:
    """Each is thought to use 2000 and uses 100: once that is known, others get the rest."""
    bench = Bench.of(1.0, Usage(50, 50))
    made = bench.many(bench.layer(of_target=Rates(tpm=10_000)), 75, text="x" * 3960, max_tokens=1000)
    await settle()
    assert len(bench.inner.calls) == 5  # 990 + 4 around the message + 1000
    await bench.clock.advance(45.0)
    await everything(made)
    assert bench.limiter.snapshot()[0].limits[0].used == 75 * 100


async def test_more_than_was_thought_is_counted_too() -> None:
    bench = Bench.of(1.0, Usage(900, 100))
    made = bench.many(bench.layer(of_target=Rates(tpm=1000)), 2, max_tokens=10)
    await bench.clock.advance(59.0)
    assert len(bench.inner.calls) == 2  # both fitted as they were thought
    made += bench.many(bench.layer(of_target=Rates(tpm=1000)), 1, max_tokens=10)
    await bench.clock.advance(1.0)
    assert len(bench.inner.calls) == 2
    await bench.clock.advance(5.0)
    await everything(made)


async def test_what_is_larger_than_the_whole_limit_is_sent_alone() -> None:
    bench = Bench.of(1.0, Usage(50_000, 10))
    layer = bench.layer(of_target=Rates(tpm=1000))
    small = bench.many(layer, 3, max_tokens=50)
    await settle()
    large = bench.many(layer, 1, text="x" * 200_000, max_tokens=50)
    await settle()
    behind = bench.many(layer, 3, max_tokens=50)
    await bench.clock.advance(59.0)
    assert len(bench.inner.calls) == 3  # those behind it do not overtake
    await bench.clock.advance(3.0)
    assert len(bench.inner.calls) == 4
    await bench.clock.advance(70.0)
    await everything([*small, *large, *behind])
    assert bench.inner.at[4] - bench.inner.at[3] >= 60.0
    assert bench.idle()


async def test_a_large_call_is_not_starved_by_small_ones_that_keep_coming() -> None:
    bench = Bench.of(0.1, Usage(5, 5))
    layer = bench.layer(of_target=Rates(tpm=10_000))
    small = bench.many(layer, 90, max_tokens=100)
    await bench.clock.advance(0.2)
    large = bench.many(layer, 1, session="big", text="x" * 36_000, max_tokens=900)
    for _ in range(140):
        small += bench.many(layer, 3, max_tokens=100)
        await bench.clock.advance(0.5)
    assert large[0].task.done()
    assert large[0].call.trace.queued_ms < 62_000
    await bench.clock.advance(120.0)
    await everything(small)


@pytest.mark.parametrize(
    ("error", "requests", "tokens"),
    [
        (Disconnected("gone"), 1, 0),
        (Overloaded("too many", status=503), 1, 0),
        (TimedOut("no connection", phase="connect"), 0, 0),
        (RateLimited("slow down", status=429), 0, 0),
        (Overloaded("left alone", asked=False), 0, 0),
        (Overloaded("too many", status=503).having_used(Usage(7, 3)), 1, 10),
    ],
)
async def test_what_failed_gives_its_tokens_back(error: ProviderError, requests: int, tokens: int) -> None:
    bench = Bench.of()

    def fail(_call: Call) -> None:
        raise error

    bench.inner.answer = fail
    layer = bench.layer(of_target=Rates(rpm=100, tpm=100_000))
    assert (await bench.ask(layer, max_tokens=5000)).error is error
    used = {limit.of: limit.used for limit in bench.limiter.snapshot()[0].limits}
    assert used == {"requests": requests, "tokens": tokens}


async def test_what_was_cancelled_keeps_what_it_may_have_used() -> None:
    bench = Bench.of(10.0)
    layer = bench.layer(of_target=Rates(tpm=100_000))
    made = await bench.ask(layer, max_tokens=4000)
    made.task.cancel()
    await settle()
    (limit,) = bench.limiter.snapshot()[0].limits
    assert limit.used == 4000 + 6
    assert bench.idle()


async def test_too_late_is_said_at_once() -> None:
    """The wait passes the deadline, or is longer than anybody waits who can be answered elsewhere."""
    bench = Bench.of()
    layer = bench.layer(of_target=Rates(rpm=2))
    await everything(bench.many(layer, 2))
    await bench.clock.advance(5.0)
    refused = await bench.ask(layer, total=30.0)
    assert isinstance(refused.error, RateLimited)
    assert (refused.error.asked, refused.error.provider, refused.error.model) == (False, "p", "m")
    assert refused.error.retry_after == pytest.approx(55.0, abs=0.6)
    assert refused.told == []
    impatient = await bench.ask(layer, insist=False)  # who sits before it would rather have another's answer
    assert isinstance(impatient.error, RateLimited)
    patient = bench.many(layer, 2, insist=False, batch=True)
    await settle()
    assert not any(one.task.done() for one in patient)
    elsewhere = await bench.ask(layer, insist=False, batch=True)  # behind two who wait for a minute: it would be two
    assert isinstance(elsewhere.error, RateLimited)
    insisting = bench.many(layer, 1, batch=True)  # comes after them
    await bench.clock.advance(121.0)
    await everything([*patient, *insisting])
    assert all(one.error is None for one in [*patient, *insisting])
    assert bench.idle()


async def test_a_deadline_that_passes_while_waiting() -> None:
    bench = Bench.of(50.0)
    layer = bench.layer(of_target=Rates(concurrency=1))
    first = bench.many(layer, 1)
    second = bench.many(layer, 1, total=20.0)
    await bench.clock.advance(19.9)
    assert not second[0].task.done()
    await bench.clock.advance(0.1)
    assert isinstance(second[0].error, RateLimited)
    await bench.clock.advance(31.0)
    await everything(first)
    assert bench.idle()


async def test_who_waits_is_told_its_place_and_for_how_long() -> None:
    bench = Bench.of()
    layer = bench.layer(of_target=Rates(rpm=2))
    made = bench.many(layer, 5)
    await settle()
    third, fourth, fifth = made[2:]
    assert [(one.told[0].state, one.places) for one in (third, fourth, fifth)] == [
        ("waiting", [1]),
        ("queued", [2]),
        ("queued", [3]),
    ]
    status = third.told[0]
    assert (status.reason, status.target) == ("rateLimit", "p/m")
    assert status.eta_ms == pytest.approx(60_000, abs=600)
    await bench.clock.advance(61.0)
    assert (third.places, fourth.places, fifth.places) == ([1], [2], [3, 1])
    assert third.call.trace.queued_ms == pytest.approx(60_000, abs=600)
    await bench.clock.advance(61.0)
    await everything(made)


async def test_places_are_not_told_more_often_than_every_quarter_of_a_second() -> None:
    bench = Bench.of(0.1)
    made = bench.many(bench.layer(of_target=Rates(concurrency=1)), 30)
    times: list[float] = []
    last = made[-1]
    last.call.trace.report = lambda _status: times.append(bench.clock.now())
    await bench.clock.advance(4.0)
    await everything(made)
    assert len(times) >= 8
    assert all(later - sooner >= 0.249 for sooner, later in pairwise(times))


async def test_a_batch_leaves_one_place_to_the_interactive() -> None:
    bench = Bench.of(10.0)
    layer = bench.layer(of_target=Rates(concurrency=4))
    batch = bench.many(layer, 10, "batch", batch=True)
    await settle()
    assert bench.inner.open == 3
    editor = await bench.ask(layer, session="editor")
    assert bench.inner.sessions == "bbbe"
    assert editor.told == []
    await bench.clock.advance(45.0)
    await everything(batch)
    assert bench.inner.most == 4


async def test_a_batch_leaves_the_last_of_a_window_too() -> None:
    bench = Bench.of()
    layer = bench.layer(of_target=Rates(rpm=60))
    batch = bench.many(layer, 100, "batch", batch=True)
    await settle()
    assert len(bench.inner.calls) == 59
    await everything([await bench.ask(layer, session="editor")])
    assert bench.inner.sessions[-1] == "e"
    await bench.clock.advance(62.0)
    await everything(batch)


async def test_concurrency_of_key_and_target() -> None:
    bench = Bench.of(1.0)
    keys = Rates(concurrency=5)
    layers = [bench.layer("p/a", of_key=keys, of_target=Rates(concurrency=2)), bench.layer("p/b", of_key=keys)]
    made = [one for layer in layers for one in bench.many(layer, 10)]
    await settle()
    assert bench.inner.open == 5
    assert made[5].told[0].reason == "concurrency"
    await bench.clock.advance(10.0)
    await everything(made)
    assert bench.inner.most == 5
    assert bench.idle()


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("limits", [Rates(rpm=3), Rates(concurrency=3)])
@pytest.mark.parametrize("turn", range(16))
async def test_a_cancel_at_any_turn_of_the_loop_loses_nothing(turn: int, limits: Rates, far: bool) -> None:
    """Three go, two wait; the fourth is cancelled `turn` turns after it could go: the fifth goes all the same."""
    bench = Bench.of(1.0, far=far)
    layer = bench.layer(of_target=limits)
    made = bench.many(layer, 5)
    await settle()
    if turn == 0:  # while it waits
        made[3].task.cancel()
    elif limits.rpm:
        bench.clock._now += 60.9
        layer._turns.kick()
    else:
        made[0].task.cancel()
    for _ in range(turn):
        await asyncio.sleep(0)
    made[3].task.cancel()
    await bench.clock.advance(70.0)
    assert made[4].task.done()
    assert made[4].error is None
    assert not made[4].task.cancelled()
    assert bench.idle()
    more = bench.many(layer, 3)
    await bench.clock.advance(62.0)
    await everything(more)


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("turn", range(12))
async def test_a_cancel_on_the_way_in_or_out_loses_nothing(turn: int, far: bool) -> None:
    bench = Bench.of(0.0, far=far)
    layer = bench.layer(of_target=Rates(rpm=1000, concurrency=1))
    bench.inner.answer = lambda _call: [Headroom("requests", 900, 800, None, 60.0)]
    made = bench.many(layer, 3)
    for _ in range(turn):
        await asyncio.sleep(0)
    for one in made[:2]:
        one.task.cancel()
    await bench.clock.advance(1.0)
    assert made[2].task.done()
    assert not made[2].task.cancelled()
    assert bench.idle()


async def test_a_new_layer_of_a_target_knows_what_was_used_and_keeps_to_new_limits() -> None:
    bench = Bench.of()
    await everything(bench.many(bench.layer(of_target=Rates(rpm=10)), 10))
    waiting = bench.many(bench.layer(of_target=Rates(rpm=15)), 10)
    await settle()
    assert len(bench.inner.calls) == 15
    await bench.clock.advance(62.0)
    await everything(waiting)


async def test_targets_that_nobody_asks_any_more_are_forgotten() -> None:
    bench = Bench.of()
    for number in range(2500):
        bench.layer(f"p/{number}", f"key {number % 7}")
    assert len(bench.limiter.snapshot()) <= 1000
    await everything([await bench.ask(bench.layer("p/2499", f"key {2499 % 7}"))])


arrivals = st.lists(
    st.tuples(st.floats(0.0, 4.0), st.sampled_from("abc"), st.booleans(), st.integers(1, 2000)), min_size=1, max_size=60
)


@PACE
@given(arrivals, st.integers(1, 30), st.integers(500, 5000), st.integers(1, 8), st.booleans())
def test_limits_are_kept_and_all_are_served(
    arrivals: list[tuple[float, str, bool, int]], rpm: int, tpm: int, at_once: int, far: bool
) -> None:
    """Whoever comes when: never more than the limits allow, nobody is left, nothing stays behind."""

    async def run() -> None:
        bench = Bench.of(0.7, Usage(5, 5), far=far)
        layer = bench.layer(of_key=Rates(rpm=rpm, concurrency=at_once), of_target=Rates(tpm=tpm))
        made = []
        for pause, session, batch, tokens in arrivals:
            await bench.clock.advance(pause)
            call = ask_for(bench.clock, session, batch=batch, max_tokens=tokens, total=100_000.0)
            made.append(asking(layer, call))
        await bench.clock.advance(60.5 * (len(arrivals) + 2))
        await everything(made)
        assert not [one.error for one in made if one.error is not None]
        assert most_in_any(bench.inner.at, 60.0) <= rpm
        assert bench.inner.most <= at_once
        assert bench.idle()

    asyncio.run(run())
