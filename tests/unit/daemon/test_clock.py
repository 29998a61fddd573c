"""Two cancels of one task: none is lost, none gets in the way of the other's closing."""

import asyncio

import pytest

from libria.clock import UNWINDING_SECONDS, SystemClock, Watch, cancel
from libria.testing import FakeClock, settle


class Closing:
    """Waits; once cancelled it closes for some turns, and minds to be cancelled again meanwhile."""

    def __init__(self) -> None:
        self.closed = False
        self.go_on = asyncio.Event()

    async def wait(self) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await self.go_on.wait()
            self.closed = True


async def watched(clock: FakeClock, closing: Closing, ends: list[str]) -> None:
    watch = Watch(clock)
    try:
        async with watch.until(clock.now() + 1):
            await closing.wait()
    except TimeoutError:
        ends.append("timed out")
        await asyncio.get_running_loop().create_future()
    finally:
        watch.stop()


async def test_a_cancel_while_a_watch_is_firing_comes_after_it_and_is_not_lost() -> None:
    clock, closing, ends = FakeClock(), Closing(), list[str]()
    task = asyncio.create_task(watched(clock, closing, ends))
    await clock.advance(1)
    assert task.cancelling() == 1
    cancel(task)
    await settle()
    assert not closing.closed, "the second cancel broke into the closing"
    closing.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closing.closed
    assert ends == ["timed out"]


async def test_a_watch_does_not_fire_into_a_cancel() -> None:
    clock, closing, ends = FakeClock(), Closing(), list[str]()
    task = asyncio.create_task(watched(clock, closing, ends))
    await settle()
    cancel(task)
    await settle()
    await clock.advance(1 + 10 * UNWINDING_SECONDS)
    assert not closing.closed, "the watch broke into the closing"
    closing.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closing.closed
    assert ends == []
    assert clock.waiting == 0


async def test_a_watch_that_waited_for_another_limit_still_fires() -> None:
    """Of an inner limit that was dealt with, the task goes on waiting."""
    clock = FakeClock()
    inner, outer = Watch(clock), Watch(clock)
    inner_closing = Closing()

    async def work() -> str:
        try:
            async with outer.until(clock.now() + 1):
                try:
                    async with inner.until(clock.now() + 1):
                        await inner_closing.wait()
                except TimeoutError:
                    await asyncio.get_running_loop().create_future()
        except TimeoutError:
            return "outer"
        finally:
            inner.stop()
            outer.stop()
        return "neither"

    task = asyncio.create_task(work())
    await clock.advance(1)
    inner_closing.go_on.set()
    await clock.advance(2 * UNWINDING_SECONDS)
    assert task.done()
    assert task.result() == "outer"


async def test_who_has_ended_is_not_cancelled() -> None:
    task = asyncio.create_task(SystemClock().sleep(0))
    await task
    cancel(task)
    assert not task.cancelled()


async def test_one_who_never_finishes_with_a_cancel_is_cancelled_all_the_same() -> None:
    swallowed = asyncio.Event()

    async def deaf() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            swallowed.set()
            await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(deaf())
    await settle()
    task.cancel()
    await swallowed.wait()
    cancel(task, looks=2)
    with pytest.raises(asyncio.CancelledError):
        await task
