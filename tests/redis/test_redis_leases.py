"""One machine asks, the others wait: leases between several links on one server."""

import asyncio
import time

import pytest
from real_redis import RealRedis
from redis_waits import Join, comes

from libria.clock import SystemClock
from libria.stores.redis_leases import RedisLeases

KEY = b"\x01" * 24


@pytest.fixture
async def pair(server: RealRedis, join: Join) -> tuple[RedisLeases, RedisLeases]:
    first, second = await join(server.url), await join(server.url)
    return RedisLeases(first, SystemClock()), RedisLeases(second, SystemClock())


async def test_one_at_a_time(pair: tuple[RedisLeases, RedisLeases]) -> None:
    a, b = pair
    assert await a.acquire(KEY, 5)
    assert not await b.acquire(KEY, 5)
    assert await b.acquire(b"other", 5)
    await b.release(KEY)  # it is not b's
    assert not await b.acquire(KEY, 5)
    await a.release(KEY)
    await b.released(KEY, 5)
    assert await b.acquire(KEY, 5)


async def test_who_waits_is_woken_soon(pair: tuple[RedisLeases, RedisLeases]) -> None:
    a, b = pair
    await a.acquire(KEY, 5)
    waiting = asyncio.create_task(b.released(KEY, 5))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    began = time.monotonic()
    await a.release(KEY)
    await waiting
    assert time.monotonic() - began < 0.3


async def test_nobody_waits_longer_than_told(pair: tuple[RedisLeases, RedisLeases]) -> None:
    a, b = pair
    await a.acquire(KEY, 5)
    began = time.monotonic()
    await b.released(KEY, 0.2)
    assert 0.19 < time.monotonic() - began < 0.3


async def test_a_lease_ends_by_itself_and_is_not_taken_from_the_next(pair: tuple[RedisLeases, RedisLeases]) -> None:
    a, b = pair
    await a.acquire(KEY, 0.05)
    await b.released(KEY, 5)
    assert await b.acquire(KEY, 5)
    await a.release(KEY)
    assert not await a.acquire(KEY, 5)


async def test_a_cancelled_one_holds_nothing(pair: tuple[RedisLeases, RedisLeases]) -> None:
    a, b = pair
    for step in range(20):
        task = asyncio.create_task(a.acquire(KEY, 30))
        for _ in range(step % 5):
            await asyncio.sleep(0)
        task.cancel()
        if await asyncio.gather(task, return_exceptions=True) == [True]:
            await a.release(KEY)
    await asyncio.sleep(0.05)
    assert await b.acquire(KEY, 5)


async def test_without_redis_nobody_else_exists(server: RealRedis, pair: tuple[RedisLeases, RedisLeases]) -> None:
    a, b = pair
    await a.acquire(KEY, 5)
    server.stop()
    began = time.monotonic()
    assert await b.acquire(KEY, 5)
    await b.released(KEY, 5)
    await b.release(KEY)
    await a.release(KEY)
    assert time.monotonic() - began < 2.5  # who waited for one of the leases would wait for 5 s


async def test_who_waits_when_redis_goes_goes_on(server: RealRedis, pair: tuple[RedisLeases, RedisLeases]) -> None:
    a, b = pair
    await a.acquire(KEY, 30)
    waiting = asyncio.create_task(b.released(KEY, 30))
    await asyncio.sleep(0.05)
    server.kill()
    await comes(waiting.done, 1.0)
