"""What is seen of a call under way, how late the loop is, what was spent today."""

import asyncio
from typing import Any

import pytest

from libria.lag import FIRST_SECONDS, TICK_SECONDS, WATCHED_SECONDS, Lag
from libria.seen import Look, Seen
from libria.spend import Spend
from libria.testing import FakeClock
from libria_providers.reply import Answer, Batches, Reply
from libria_providers.types import Attempt, Delta, Reasoning, Reset, Status, ToolCallDelta, Usage


def looks(seen: Seen, at: float = 1.0) -> tuple[Any, ...]:
    look = seen.look(at)
    return look.state, look.target, look.reason, look.position


def test_before_the_first_delta() -> None:
    seen = Seen()
    assert looks(seen) == ("connecting", None, None, None)
    seen.waits(Status("queued", reason="concurrency", position=4))
    assert looks(seen) == ("queued", None, "concurrency", 4)
    seen.waits(Status("waiting", reason="rateLimit", position=1, target="a/b"))
    assert looks(seen) == ("waiting", "a/b", "rateLimit", 1)
    seen.began("a/b")
    assert looks(seen) == ("connecting", "a/b", None, None)
    seen.waits(Status("waiting", reason="firstToken", target="a/b"))
    assert looks(seen) == ("waiting", "a/b", "firstToken", None)
    seen.waits(Status("retrying", reason="overloaded", target="a/b"))
    assert looks(seen) == ("retrying", "a/b", "overloaded", None)
    seen.waits(Status("fallback", reason="overloaded", target="c/d"))
    assert looks(seen) == ("connecting", "c/d", "overloaded", None)


async def test_deltas_tokens_and_speed() -> None:
    seen, answer, full = Seen(), Answer(), False
    seen.speaks(reply(), answer, 10.0, lambda: full)
    assert seen.look(10.0) == Look("streaming", "a/b", None, None, None, 0, 0, None)
    for _ in range(20):
        answer.add(Delta("word "))
    look = seen.look(12.0)
    assert (look.deltas, look.tokens, look.speed) == (20, 25, 12.5)
    answer.add(Reasoning("x" * 400))
    answer.add(ToolCallDelta(0, "{}", "id", "name"))
    look = seen.look(16.0)
    assert (look.deltas, look.tokens, look.speed) == (22, 125, 25.0), "of the time since the look before"
    full = True
    assert seen.look(16.0).state == "paused"
    answer.add(Reset("interrupted", "c/d"))
    answer.add(Delta("a"))
    look = seen.look(20.0)
    assert (look.deltas, look.tokens, look.speed) == (1, 1, None)


def reply() -> Reply:
    async def none() -> Batches:
        yield []

    async def close() -> None: ...

    return Reply(none(), target="a/b", close=close)


async def test_lag_is_measured_while_somebody_looks() -> None:
    clock = FakeClock()
    lag = Lag(clock)
    first = asyncio.create_task(lag.worst())
    await asyncio.sleep(0)
    await clock.advance(FIRST_SECONDS)
    assert await first == pytest.approx(0.0, abs=1e-6)
    await clock.advance(TICK_SECONDS)
    assert await lag.worst() == pytest.approx(0.0, abs=1e-6)
    await clock.advance(WATCHED_SECONDS + 2 * TICK_SECONDS)
    assert clock.waiting == 0, "a timer runs though nobody looks"


DAY = 86_400.0


def spent(target: str) -> Attempt:
    return Attempt(target, "ok", 0.0, 1.0)


async def test_today_is_priced_by_attempts_of_one_tier() -> None:
    clock = FakeClock()
    spend = Spend(clock)
    asked: list[tuple[str, int]] = []

    async def price(target: str, usage: Usage) -> float | None:
        """Twice the price from 200,000 tokens of input on."""
        asked.append((target, usage.input_tokens))
        if target == "unknown/m":
            return None
        return usage.input_tokens * (2e-6 if usage.input_tokens > 200_000 else 1e-6)

    for _ in range(300):
        spend.add(spent("a/m"), Usage(1_000, 10), True)
    spend.add(spent("a/m"), Usage(250_000, 10), True)
    spend.add(spent("unknown/m"), Usage(7, 1), True)
    spend.add(spent("a/m"), Usage(), True)
    today = await spend.today(price)
    assert today.usd == pytest.approx(0.3 + 0.5)
    assert (today.attempts, today.unpriced, today.input_tokens) == (302, 1, 550_007)
    count = len(asked)
    assert await spend.today(price) == today
    assert len(asked) == count, "what has not changed is not priced again"


async def test_a_new_day_begins_at_nothing() -> None:
    clock = FakeClock()
    spend = Spend(clock)

    async def price(_target: str, _usage: Usage) -> float | None:
        return 1.0

    spend.add(spent("a/m"), Usage(5, 5), True)
    await clock.advance(DAY)
    today = await spend.today(price)
    assert (today.attempts, today.usd) == (0, 0.0)
    assert today.seconds < DAY
    assert spend.by_target["a/m"].attempts == 1
