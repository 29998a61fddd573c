"""The windows in Redis: as the local ones, but of all machines; and what becomes of them without it."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from real_redis import RealRedis
from redis_waits import Join, comes, joined

from libria.clock import SystemClock
from libria.layers.windows import Want
from libria.stores.redis_link import Link
from libria.stores.redis_windows import RedisWindows
from libria.stores.windows import LocalWindows

Machine = Callable[[], Awaitable[RedisWindows]]
REQUESTS = Want("k1:requests", 1, 60, 60.0)
TOKENS = Want("k1:tokens", 100, 1000, 60.0)


def windows(link: Link, who: str, share: float = 1 / 3) -> RedisWindows:
    clock = SystemClock()
    return RedisWindows(link, LocalWindows(clock), clock, who=who, share=share)


@pytest.fixture
def machine(server: RealRedis, join: Join) -> Machine:
    """Another machine on the same Redis."""
    names = iter("abcdef")

    async def machine() -> RedisWindows:
        return windows(await join(server.url), next(names))

    return machine


async def taken(windows: RedisWindows, want: Want, times: int = 100) -> int:
    """How many of `times` are given."""
    return [await windows.take([want]) for _ in range(times)].count(0.0)


async def _given(windows: RedisWindows, want: Want) -> None:
    """As the limit's layer does: asks, and asks again when it was told to."""
    wait = await windows.take([want])
    if wait:
        await asyncio.sleep(wait)
        await _given(windows, want)


async def _taking(windows: RedisWindows, want: Want) -> None:
    for _ in range(10_000):
        await _given(windows, want)
        await asyncio.sleep(0.001)


async def test_machines_share_a_limit(machine: Machine) -> None:
    a, b = await machine(), await machine()
    assert await taken(a, REQUESTS, 50) == 50
    assert await taken(b, REQUESTS) == 10
    wait = await a.take([REQUESTS])
    assert 60 < wait <= 61.5  # a little longer than a window: calls arrive after they were taken


async def test_all_windows_or_none(machine: Machine) -> None:
    a = await machine()
    assert [await a.take([REQUESTS, TOKENS]) for _ in range(20)].count(0.0) == 10
    assert await taken(a, REQUESTS) == 50  # the refused ones took nothing


async def test_what_was_not_used_is_given_back_where_it_was_taken(machine: Machine) -> None:
    a, b = await machine(), await machine()
    for _ in range(10):
        began = time.monotonic()
        await a.take([TOKENS])
    assert await taken(b, TOKENS) == 0
    age = time.monotonic() - began  # of the last take
    await a.settle([Want(TOKENS.key, -90, 1000, 60.0, age=age)] * 5)
    assert await taken(b, TOKENS) == 4
    await a.settle([Want(TOKENS.key, 50, 1000, 60.0)])
    assert await taken(b, TOKENS) == 0


async def test_what_is_given_back_is_not_taken_from_others(machine: Machine) -> None:
    a, b = await machine(), await machine()
    await b.take([TOKENS])
    await a.settle([Want(TOKENS.key, -100, 1000, 60.0, age=30.0)])
    assert await taken(a, TOKENS) == 9


async def test_one_429_pauses_all_machines(machine: Machine) -> None:
    a, b = await machine(), await machine()
    await a.pause("k1", 5.0)
    await a.paused("k1")  # an answer: it was heard
    assert await a.take([REQUESTS]) == pytest.approx(5.0, abs=0.5)
    assert await b.take([REQUESTS]) == pytest.approx(5.0, abs=0.5)
    assert await b.paused("k1:tokens") == pytest.approx(5.0, abs=0.5)
    await a.pause("k1", 1.0)  # a shorter one does not end it
    assert await b.paused("k1") > 3
    assert await b.take([Want("k10:requests", 1, 60, 60.0)]) == 0  # another key


async def test_a_pause_of_a_part(machine: Machine) -> None:
    a, b = await machine(), await machine()
    await a.pause("k1:tokens", 0.2)
    await a.paused("k1:tokens")
    assert await b.take([REQUESTS]) == 0
    wait = await b.take([REQUESTS, TOKENS])
    assert 0 < wait <= 0.2
    await asyncio.sleep(wait)
    assert await b.take([REQUESTS, TOKENS]) == 0


async def test_what_the_provider_says_is_learned_by_all(machine: Machine) -> None:
    a, b = await machine(), await machine()
    await a.learn(Want(REQUESTS.key, 55, 60, 60.0))
    await a.learn(Want(REQUESTS.key, 50, 60, 60.0))
    await a.paused("k1")  # an answer: both were heard
    assert await taken(b, REQUESTS) == 5


async def test_a_cancelled_taker_takes_nothing(machine: Machine) -> None:
    a = await machine()
    for step in range(30):
        task = asyncio.create_task(a.take([REQUESTS]))
        for _ in range(step % 6):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await a.paused("k1")
    kept = 60 - await taken(a, REQUESTS)
    assert kept <= 2  # those that heard that they may before they were cancelled


async def test_very_many_takers_at_once(machine: Machine) -> None:
    """Redis has them all answered only in a while; who cannot wait takes of the local share, which counts too."""
    a = await machine()
    want = Want("k4:requests", 1, 900, 60.0)
    given = (await asyncio.gather(*(a.take([want]) for _ in range(3000)))).count(0.0)
    assert a._link.state().error is None
    assert 300 <= given <= 1200  # together never more than the limit and a share
    await asyncio.sleep(0.2)
    assert await taken(a, want, 1000) == max(0, 900 - given)


async def test_scripts_flushed(server: RealRedis, machine: Machine) -> None:
    a = await machine()
    assert await taken(a, REQUESTS, 3) == 3
    server.ask("SCRIPT FLUSH")
    await a.settle([Want(REQUESTS.key, 7, 60, 60.0)])
    server.ask("SCRIPT FLUSH")
    assert await taken(a, REQUESTS) == 50


async def test_a_large_want_is_not_starved_by_small_ones(machine: Machine) -> None:
    large, small = Want("k2:tokens", 900, 1000, 0.6), Want("k2:tokens", 50, 1000, 0.6)
    a, b = await machine(), await machine()

    others = asyncio.create_task(_taking(b, small))
    await asyncio.sleep(0.3)
    async with asyncio.timeout(5):
        await _given(a, large)
    others.cancel()
    await asyncio.gather(others, return_exceptions=True)


async def test_a_waiter_who_gave_up_holds_nobody_up_for_long(machine: Machine) -> None:
    want = Want("k3:tokens", 1000, 1000, 0.5)
    a, b = await machine(), await machine()
    assert await a.take([want]) == 0
    wait = await a.take([want])
    await asyncio.sleep(wait / 2)
    assert await a.take([want]) > 0  # it has not waited as long as it was told: nothing is kept for it
    await asyncio.sleep(wait / 2 + 0.01)
    assert await b.take([want]) == 0


async def test_without_redis_a_share_of_what_is_left(server: RealRedis, machine: Machine) -> None:
    a, b = await machine(), await machine()
    assert await taken(a, REQUESTS, 5) == 5
    server.stop()
    assert await taken(a, REQUESTS) == 15  # a third of 60, of which 5 were taken before
    assert await taken(b, REQUESTS) == 20
    server.go_on()
    await joined(a._link)
    await joined(b._link)
    # Redis heard of all that; and of the one or two whose question was under way when it stopped.
    assert 18 <= await taken(a, REQUESTS) <= 20


async def test_a_large_want_fits_also_without_redis(server: RealRedis, machine: Machine) -> None:
    a = await machine()
    server.kill()
    await comes(lambda: not a._link.connected)
    want = Want("k1:tokens", 900, 1000, 60.0)
    assert await a.take([want]) == 0
    assert await a.take([want]) > 0


async def test_what_is_settled_without_redis_is_told_later(server: RealRedis, machine: Machine) -> None:
    a, b = await machine(), await machine()
    for _ in range(10):
        await a.take([TOKENS])
    began = time.monotonic()
    server.stop()
    await comes(lambda: not a._link.connected and not b._link.connected)
    for _ in range(10):
        await a.settle([Want(TOKENS.key, -90, 1000, 60.0, age=time.monotonic() - began)])
    await a.pause("k1:other", 9.0)
    server.go_on()
    await joined(a._link)
    await joined(b._link)
    assert 7 <= await taken(b, TOKENS) <= 9
    assert await b.paused("k1:other") > 4


async def test_started_anew_and_empty_it_is_told_what_was_taken(server: RealRedis, machine: Machine) -> None:
    a, b = await machine(), await machine()
    assert await taken(a, REQUESTS, 20) == 20
    assert await taken(b, REQUESTS, 30) == 30
    server.kill()
    await comes(lambda: not a._link.connected and not b._link.connected)
    server.start()
    await joined(a._link)
    await joined(b._link)
    assert await taken(a, REQUESTS) == 10


async def test_emptied_while_we_are_connected(server: RealRedis, machine: Machine) -> None:
    a = await machine()
    assert await taken(a, REQUESTS, 40) == 40
    server.ask("FLUSHALL")
    assert await taken(a, REQUESTS) == 20


async def test_keys_name_nobody_and_go_by_themselves(server: RealRedis, machine: Machine) -> None:
    a = await machine()
    want = Want("k1:requests", 1, 5, 0.2)
    await taken(a, want, 6)
    await a.pause("k1", 0.1)
    await a.paused("k1")
    names = server.ask("KEYS", "*")
    assert {name for name in names if b"probe" not in name} == {b"libria:1:w:{k1}:requests:0.2", b"libria:1:s:{k1}"}
    assert all(server.ask("PTTL", name) > 0 for name in names)
    await comes(lambda: not server.ask("KEYS", "*"))
