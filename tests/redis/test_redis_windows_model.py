"""The script against a plain model, on a clock of the test's own: never too much, never too late."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis
from hypothesis import example, given, settings
from hypothesis import strategies as st
from real_redis import RealRedis

from libria.stores.redis_script import Script

TIME = "redis.call('TIME')"
SECONDS = 12.0  # 120 slots of 0.1 s
LIMIT = 100
START = 1_800_000_000.0


@dataclass
class Model:
    """Every take with its moment: nothing is summed up. `counted` is what the script is to know, to the slot;
    `taken` is the truth."""

    counted: list[list[float]] = field(default_factory=list)  # moment, amount
    taken: list[list[float]] = field(default_factory=list)

    def take(self, now: float, amount: float) -> None:
        self.counted.append([now, amount])
        self.taken.append([now, amount])

    def take_back(self, now: float, when: float, amount: float) -> None:
        """Of the last one taken. The answer may have been 50 ms under way: what is as old as that goes first, of
        what counts still."""
        self.taken[-1][1] -= amount
        for entry in self.counted:
            if max(_slot(now) - 120, _slot(when - 0.05)) <= _slot(entry[0]) <= _slot(when):
                less = min(entry[1], amount)
                entry[1] -= less
                amount -= less

    def within(self, now: float) -> float:
        """What counts: the slots that have not passed for a whole window."""
        return sum(amount for when, amount in self.counted if _slot(when) >= _slot(now) - 120)

    def most(self) -> float:
        """In any window that ends with a take."""
        return max(
            (sum(amount for when, amount in self.taken if end - SECONDS < when <= end) for end, _ in self.taken),
            default=0,
        )


def _slot(when: float) -> int:
    return round(when * 1e6) // 100_000


@pytest.fixture(scope="module")
def script(binary: str) -> Iterator[Callable[..., Any]]:
    """Asks the script at a moment that the test says."""
    server = RealRedis(binary)
    text = Script.read("redis_windows").text
    assert TIME in text
    client = redis.Redis.from_url(server.url)
    asks = client.register_script(text.replace(TIME, "redis.call('LRANGE', 'now', 0, 1)"))

    def ask(now: float, action: str, amount: int, age: float = 0.0, *, who: str = "a", waited: int = 0) -> Any:
        micros = round(now * 1e6)
        client.delete("now")
        client.rpush("now", micros // 1_000_000, micros % 1_000_000)
        window = ["n", amount, LIMIT, int(SECONDS * 1e6), round(age * 1e6)]
        return asks(keys=["s", "w"], args=[action, who, waited, *window])

    yield ask
    client.close()
    server.end()


@pytest.fixture(scope="module")
def empty(script: Callable[..., Any]) -> Callable[[], float]:
    """Begins anew: a moment so late that nothing counts any more."""
    now = START

    def empty() -> float:
        nonlocal now
        now += 1000.0
        return now

    return empty


STEPS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.001, 0.04, 0.1, 0.7, 3.3, 11.9, 12.0, 12.1, 40.0]),
        st.sampled_from(["take", "take", "take", "back", "more", "learn"]),
        st.integers(1, LIMIT),
    ),
    max_size=30,
)


@settings(max_examples=200, deadline=None)
@given(steps=STEPS)
@example(steps=[(0.0, "take", 1), (0.1, "take", 14), (0.0, "back", 1), (0.0, "take", 87)])
@example(steps=[(0.0, "take", 1), (0.1, "take", 33), (12.0, "back", 1), (0.0, "take", 1), (0.0, "take", 67)])
def test_as_the_model(
    script: Callable[..., Any], empty: Callable[[], float], steps: list[tuple[float, str, int]]
) -> None:
    model, now = Model(), empty()
    for pause, step, amount in steps:
        now = round(now + pause, 6)
        if step == "take":
            wait, paused, *_ = script(now, "take", amount)
            assert paused == 0
            assert (wait == 0) == (model.within(now) + amount <= LIMIT)  # work-conserving, never too much
            if wait:
                ready = now + wait / 1e6
                assert model.within(ready) + amount <= LIMIT  # after that time it fits …
                assert model.within(ready - 2e-6) + amount > LIMIT  # … and not before
            else:
                model.take(now, amount)
        elif step == "back" and model.taken:
            when, had = model.taken[-1]
            back = min(amount, int(had))
            script(now, "settle", -back, now - when)
            if _slot(when) >= _slot(now) - 120:
                model.take_back(now, when, back)
        elif step == "more":
            # Only as much as fits: the model's own check is of what was given.
            more = min(amount, LIMIT - int(model.within(now)))
            if more > 0:
                script(now, "settle", more)
                model.take(now, more)
        elif step == "learn":
            script(now, "learn", amount)
            if amount > model.within(now):
                model.take(now, amount - model.within(now))
    assert model.most() <= LIMIT


def test_the_last_taken_is_given_back_from_its_own_slot(script: Callable[..., Any], empty: Callable[[], float]) -> None:
    now = empty()
    assert script(now, "take", 60)[0] == 0
    assert script(now + 6, "take", 40)[0] == 0
    script(now + 8, "settle", -50, 8.0)  # of the first
    assert script(now + 8, "take", 50)[0] == 0
    assert script(now + 12.1, "take", 10)[0] == 0
    assert script(now + 12.1, "take", 1)[0] > 0


def test_a_clock_set_back_gives_nothing_twice(script: Callable[..., Any], empty: Callable[[], float]) -> None:
    now = empty()
    assert script(now, "take", 100)[0] == 0
    wait = script(now - 5, "take", 1)[0] / 1e6
    assert wait == pytest.approx(17.1, abs=0.2)
    assert script(now - 5 + wait, "take", 100)[0] == 0
    assert script(now - 5000, "take", 100)[0] == 0  # more than a window: what was known means nothing


def test_who_waited_goes_first(script: Callable[..., Any], empty: Callable[[], float]) -> None:
    now = empty()
    assert script(now, "take", 50)[0] == 0
    assert script(now + 1, "take", 50)[0] == 0
    wait = script(now + 2, "take", 90, who="large", waited=1)[0]
    assert wait == pytest.approx(11.1e6, abs=0.2e6)
    late = script(now + 12.2, "take", 20, who="small")[0]  # there is room for it, but not for both
    assert late > 0
    assert script(now + 13.1, "take", 90, who="large", waited=1)[0] == 0
    assert script(now + 13.2, "take", 10, who="small")[0] == 0
    assert script(now + 13.3, "take", 1, who="small")[0] > 0
