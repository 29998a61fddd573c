"""What sharing costs a call: a round trip while Redis is well, and how long anybody waits when it is not."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import redis.asyncio
from tests.bench.figure import Figure, Goal
from tests.bench.rig import Rig
from tests.bench.samples import interleaved, percentile
from tests.redis.real_redis import RealRedis, binaries

from libria.clock import SystemClock
from libria.layers.windows import Want
from libria.stores.redis_leases import RedisLeases
from libria.stores.redis_link import Link
from libria.stores.redis_store import RedisStore
from libria.stores.redis_windows import RedisWindows
from libria.stores.windows import LocalWindows

WANTS = (Want("bench:requests", 1, 10**9, 60.0), Want("bench:tokens", 1000, 10**12, 60.0))
BLOCK = 200  # questions
ROUNDS, QUICK_ROUNDS = 20, 3
KEY = b"\x05" * 24
VALUE = b"x" * 4096
LOOKING, QUICK_LOOKING = 2.0, 0.3  # seconds of asking while Redis is not well

FAULTS: Mapping[str, tuple[Callable[[RealRedis], Any], Callable[[RealRedis], Any]]] = {
    "stopped": (RealRedis.stop, RealRedis.go_on),
    "paused": (lambda server: server.ask("CLIENT", "PAUSE", 2000), lambda server: None),
    "killed": (RealRedis.kill, RealRedis.start),
    "full": (
        lambda server: server.ask("CONFIG", "SET", "maxmemory", 1),
        lambda server: server.ask("CONFIG", "SET", "maxmemory", 0),
    ),
}


def run(rig: Rig, quick: bool) -> list[Figure]:
    found = binaries()
    if not found:
        return [Figure(name="limits taken from Redis, p50", unit="µs", libria=None, note="no server is installed")]
    server = RealRedis(next(iter(found.values())))
    try:
        with asyncio.Runner() as runner:
            return [*_well(runner, server, quick), *runner.run(_unwell(server, quick))]
    finally:
        server.end()


def _well(runner: asyncio.Runner, server: RealRedis, quick: bool) -> list[Figure]:
    link, client = runner.run(_joined(server)), redis.asyncio.Redis.from_url(server.url)
    clock = SystemClock()
    windows = RedisWindows(link, LocalWindows(clock), clock, who="bench")
    leases = RedisLeases(link, clock)
    store, sealed = (RedisStore(link, clock, share=True, word=word) for word in (None, "a word"))
    asks: dict[str, Callable[[], Awaitable[object]]] = {
        "limits taken from Redis": lambda: windows.take(WANTS),
        "answer out of Redis, 4 kB": lambda: store.get(KEY),
        "sealed answer out of Redis, 4 kB": lambda: sealed.get(KEY),
        "lease taken and released": lambda: _lease(leases),
        "redis-py": lambda: client.get("nothing"),
    }

    async def prepare() -> None:
        for one in (store, sealed):
            await one.ready()
            one.put(KEY, VALUE, 600, {})
        for ask in asks.values():
            await ask()

    runner.run(prepare())
    before = _commands(server)
    runner.run(_timed(asks["limits taken from Redis"]))
    trips = (_commands(server) - before) / BLOCK
    blocks = {name: lambda ask=ask: runner.run(_timed(ask)) for name, ask in asks.items()}  # type: ignore[misc]
    samples = interleaved(blocks, QUICK_ROUNDS if quick else ROUNDS)
    runner.run(client.aclose())
    runner.run(link.aclose())
    bare = percentile(samples.pop("redis-py"), 50) * 1e6
    return [
        Figure(name="round trips to Redis, a take of two limits", unit="", libria=trips, goal=Goal(at_most=1.05)),
        *(
            Figure(
                name=f"{name}, p50",
                unit="µs",
                libria=percentile(taken, 50) * 1e6,
                direct=bare,
                beside="redis-py, a GET of nothing",
                note=f"{len(taken)} times, p99 {percentile(taken, 99) * 1e6:.0f}",
            )
            for name, taken in samples.items()
        ),
    ]


async def _unwell(server: RealRedis, quick: bool) -> list[Figure]:
    figures: list[Figure] = []
    clock = SystemClock()
    for name, (harm, mend) in FAULTS.items():
        link = await _joined(server)
        windows = RedisWindows(link, LocalWindows(clock), clock, who="bench")
        await asyncio.to_thread(harm, server)
        slowest, until = 0.0, time.monotonic() + (QUICK_LOOKING if quick else LOOKING)
        while time.monotonic() < until:
            began = time.perf_counter()
            await windows.take(WANTS)
            slowest = max(slowest, time.perf_counter() - began)
            await asyncio.sleep(0.002)
        await asyncio.to_thread(mend, server)
        mended = time.monotonic()
        await _connected(link)
        back = time.monotonic() - mended
        await link.aclose()
        figures += [
            Figure(name=f"slowest take, Redis {name}", unit="ms", libria=slowest * 1000, goal=Goal(at_most=50)),
            Figure(name=f"joined again, Redis {name}", unit="s", libria=back, note="after it was well"),
        ]
    return figures


async def _joined(server: RealRedis) -> Link:
    link = Link(server.url, SystemClock())
    link.start()
    await _connected(link)
    return link


async def _connected(link: Link) -> None:
    async with asyncio.timeout(30):
        while not link.connected:  # noqa: ASYNC110 - it may have joined before one can ask to be told
            await asyncio.sleep(0.002)


async def _lease(leases: RedisLeases) -> None:
    assert await leases.acquire(KEY, 5)
    await leases.release(KEY)


async def _timed(ask: Callable[[], Awaitable[object]]) -> list[float]:
    times: list[float] = []
    for _ in range(BLOCK):
        began = time.perf_counter()
        await ask()
        times.append(time.perf_counter() - began)
    return times


def _commands(server: RealRedis) -> int:
    """Scripts that were run so far."""
    calls: int = server.ask("INFO", "commandstats")["cmdstat_evalsha"]["calls"]
    return calls
