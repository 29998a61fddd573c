"""Sliding windows on the fake clock: never more than the limit in any of them, and not much less."""

import asyncio
from collections.abc import Coroutine

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libria.layers.limit import Want, Windows
from libria.stores.windows import SLOTS, LocalWindows
from libria.testing import FakeClock

SECONDS = (1.0, 10.0, 60.0, 86400.0)


def want(
    amount: int = 1, limit: int = 10, seconds: float = 60.0, key: str = "k:t:requests:60", age: float = 0.0
) -> Want:
    return Want(key, amount, limit, seconds, age)


def now(work: Coroutine[object, object, object]) -> object:
    """What `work` comes to without waiting for anything: these windows are in memory."""
    try:
        work.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waited")


def test_they_are_what_the_limit_wants() -> None:
    windows: Windows = LocalWindows(FakeClock())
    assert now(windows.take([want()])) == 0.0


async def test_taken_together_or_not_at_all() -> None:
    windows = LocalWindows(FakeClock())
    small, large = want(3, 5, key="k::a"), want(3, 10, key="k:t:b")
    assert await windows.take([small, large]) == 0.0
    assert await windows.take([small, large]) > 0.0
    assert windows.used(large) == 3
    assert await windows.take([large]) == 0.0


async def test_a_wait_is_as_long_as_is_needed_and_no_longer() -> None:
    clock = FakeClock()
    windows = LocalWindows(clock)
    assert await windows.take([want(6)]) == 0.0
    await clock.advance(20.0)
    assert await windows.take([want(4)]) == 0.0
    slot = 60.0 / SLOTS
    for amount, wait in ((1, 40.0), (6, 40.0), (7, 60.0)):
        assert wait <= await windows.take([want(amount)]) <= wait + slot + 0.001
    await clock.advance(await windows.take([want(6)]))
    assert await windows.take([want(6)]) == 0.0


async def test_what_is_given_back_is_free_at_once_and_once() -> None:
    """An estimate of 10 000 that was 100 in the end, of a stream that outlived its window in the last case."""
    clock = FakeClock()
    windows = LocalWindows(clock)
    large = want(10_000, 10_000)
    assert await windows.take([large]) == 0.0
    await clock.advance(12.0)
    await windows.settle([want(-9_900, 10_000, age=12.0)])
    assert windows.used(large) == 100
    assert await windows.take([want(9_900, 10_000)]) == 0.0
    await clock.advance(49.0)
    assert windows.used(large) == 9_900
    await windows.settle([want(-9_900, 10_000, age=61.0)])
    assert windows.used(large) == 9_900
    await windows.settle([want(50, 10_000)])
    assert windows.used(large) == 9_950


async def test_a_pause_is_of_everything_that_begins_so() -> None:
    clock = FakeClock()
    windows = LocalWindows(clock)
    await windows.pause("k:", 5.0)
    await windows.pause("k:", 2.0)  # a shorter one changes nothing
    assert await windows.paused("k:") == await windows.paused("k:t:") == 5.0
    assert await windows.paused("other:") == 0.0
    assert await windows.take([want(key="other:t:requests:60")]) == 0.0
    assert await windows.take([want()]) == pytest.approx(5.0, abs=0.001)
    await windows.pause("k:t:", 7.0)
    assert await windows.take([want(key="k:u:requests:60")]) == pytest.approx(5.0, abs=0.001)
    assert await windows.take([want()]) == pytest.approx(7.0, abs=0.001)
    await clock.advance(7.0)
    assert await windows.paused("k:t:") == 0.0
    assert await windows.take([want()]) == 0.0


async def test_what_a_provider_tells_of_is_counted_at_least() -> None:
    clock = FakeClock()
    windows = LocalWindows(clock)
    assert await windows.take([want(4)]) == 0.0
    await windows.learn(want(3))
    assert windows.used(want()) == 4
    await windows.learn(want(9, age=50.0))  # it is full again in ten seconds
    assert windows.used(want()) == 9
    assert 10.0 <= await windows.take([want(2)]) <= 10.6
    await clock.advance(10.6)
    assert windows.used(want()) == 4


def test_windows_that_are_empty_are_forgotten() -> None:
    clock = FakeClock()
    windows = LocalWindows(clock)
    for number in range(20_000):
        now(windows.take([want(key=f"k:{number}")]))
        clock._now += 1.0
    assert len(windows._windows) <= 5000


steps = st.lists(st.tuples(st.floats(0.0, 1.0), st.integers(1, 20), st.integers(0, 100)), max_size=120)


@given(steps, st.sampled_from(SECONDS), st.integers(1, 40), st.floats(0.0, 1e6))
def test_never_more_than_the_limit_in_any_window(
    steps: list[tuple[float, int, int]], seconds: float, limit: int, start: float
) -> None:
    """Takes of any size at any time, some of which give a part back after a while: what they really used
    adds up to no more than the limit in any window."""
    clock = FakeClock(start)
    windows = LocalWindows(clock)
    made: list[list[float]] = []  # when, used in the end, given back after, amount
    for pause, amount, share in steps:
        clock._now += pause * seconds / 3
        for one in made:
            if one[3] and clock.now() - one[0] >= one[2]:
                now(windows.settle([want(-int(one[3]), limit, seconds, age=clock.now() - one[0])]))
                one[3] = 0
        amount = min(amount, limit)
        if now(windows.take([want(amount, limit, seconds)])) == 0.0:
            back = amount * share // 100
            made.append([clock.now(), amount - back, share * seconds / 150, back])
    for first, _, _, _ in made:
        used = sum(one[1] for one in made if first <= one[0] < first + seconds)
        assert used <= limit


@given(st.lists(st.integers(1, 30), min_size=1, max_size=60), st.sampled_from(SECONDS), st.integers(30, 90))
def test_work_is_conserved(amounts: list[int], seconds: float, limit: int) -> None:
    """Whoever asks again when told to is served then, or told a later time; all is served in the time that it takes
    at 98 % of the limit."""
    clock = FakeClock()
    windows = LocalWindows(clock)
    for amount in amounts:
        asked = 0
        while wait := now(windows.take([want(amount, limit, seconds)])):
            assert isinstance(wait, float)
            clock._now += wait
            asked += 1
        assert asked <= 1
    # The last is served in the window in which the greedy packing puts it.
    full, packed = 0, 0
    for amount in amounts:
        packed += amount
        if packed > limit:
            full, packed = full + 1, amount
    assert clock.now() - 1000.0 <= full * seconds * (1 + 1 / SLOTS) / 0.99 + 0.01


def test_98_percent_of_the_limit_is_reached() -> None:
    clock = FakeClock()
    windows = LocalWindows(clock)
    served = 0
    while clock.now() < 1000.0 + 3600.0:
        if wait := now(windows.take([want(1, 60)])):
            assert isinstance(wait, float)
            clock._now += min(wait, 0.7)
        else:
            served += 1
    assert 0.98 * 3600 <= served <= 3600 + 60


async def test_many_at_once_do_not_take_more() -> None:
    windows = LocalWindows(FakeClock())
    waits = await asyncio.gather(*(windows.take([want(1, 10)]) for _ in range(50)))
    assert waits.count(0.0) == 10
