"""What is seen of a call under way, how late the loop is, what was used of each target."""

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


def test_what_was_used_is_summed_up_by_target() -> None:
    spend = Spend()
    for outcome, exact in (("ok", True), ("overloaded", True), ("cancelled", False)):
        spend.add(Attempt("a/m", outcome, 0.0, 1.0), Usage(10, 5), exact)
    for number in range(1500):
        spend.add(Attempt(f"a/{number}", "ok", 0.0, 1.0), Usage(1, 1), True)
    used = spend.by_target["a/m"]
    assert (used.attempts, used.failed, used.cancelled, used.estimated_attempts) == (3, 1, 1, 1)
    assert (used.input_tokens, used.output_tokens) == (30, 15)
    assert (len(spend.by_target), spend.by_target["others"].attempts) == (1001, 501)
