"""More than one server: a Cluster, and a master that Sentinel names."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_redis import RealRedis, free_port, options
from redis_waits import Join, comes, joined

from libria.clock import SystemClock
from libria.layers.windows import Want
from libria.stores.redis_fault import Away
from libria.stores.redis_leases import RedisLeases
from libria.stores.redis_windows import RedisWindows
from libria.stores.windows import LocalWindows


@pytest.fixture
def cluster(binary: str) -> Iterator[list[RealRedis]]:
    nodes = [
        RealRedis(binary, *options(cluster_enabled="yes", cluster_port=free_port(), cluster_announce_ip="127.0.0.1"))
        for _ in range(3)
    ]
    try:
        for node, (first, last) in zip(nodes, [(0, 5460), (5461, 10922), (10923, 16383)], strict=True):
            node.ask("CLUSTER", "ADDSLOTSRANGE", first, last)
        for node in nodes[1:]:
            nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", node.port, node._options[3])
        yield nodes
    finally:
        for node in nodes:
            node.end()


async def test_a_cluster(cluster: list[RealRedis], join: Join) -> None:
    await comes(lambda: all(b"cluster_state:ok" in node.ask("CLUSTER", "INFO") for node in cluster), 20)
    url = f"redis+cluster://127.0.0.1:{cluster[1].port},127.0.0.1:{cluster[0].port}"
    link, other = await join(url), await join(url)
    clock = SystemClock()
    a, b = (RedisWindows(one, LocalWindows(clock), clock, who=str(id(one))) for one in (link, other))
    granted = 0
    for key in range(20):  # on all nodes
        requests, tokens = Want(f"{key}:requests", 1, 5, 60.0), Want(f"{key}:tokens", 10, 1000, 60.0)
        given = [await windows.take([requests, tokens]) for windows in (a, b) * 3].count(0.0)
        assert given <= 5
        granted += given
        await a.pause(f"{key}:", 5)
        assert await a.take([requests]) > 4
        async with asyncio.timeout(5):
            while not await b.paused(f"{key}:tokens"):  # noqa: ASYNC110 - it was told, not waited for
                await asyncio.sleep(0.01)
    assert granted >= 90  # of 100: an answer that takes too long is not waited for
    leases = RedisLeases(link, clock)
    assert await leases.acquire(b"k", 5)
    assert not await leases.acquire(b"k", 5)
    assert all(node.ask("DBSIZE") for node in cluster)
    assert link.state().url == url


async def test_a_cluster_without_a_node(cluster: list[RealRedis], join: Join) -> None:
    await comes(lambda: all(b"cluster_state:ok" in node.ask("CLUSTER", "INFO") for node in cluster), 20)
    link = await join(f"redis+cluster://127.0.0.1:{cluster[0].port}")
    cluster[2].stop()
    for key in range(50):
        try:
            await link.ask("SET", f"{key}", "x")
        except Away:
            break
    assert not link.connected
    cluster[2].go_on()
    await joined(link)


@pytest.fixture
def sentinel(binary: str, server: RealRedis, tmp_path: Path) -> Iterator[int]:
    port = free_port()
    config = tmp_path / "sentinel.conf"
    config.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\nsentinel monitor mymaster 127.0.0.1 {server.port} 1\n"
    )
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([binary, str(config), "--sentinel"], stdout=log, stderr=log)
    yield port
    process.kill()
    process.wait()


async def test_a_master_that_sentinel_names(sentinel: int, server: RealRedis, join: Join) -> None:
    link = await join(f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{sentinel}/mymaster/2")
    assert await link.ask("SET", "a", "b") == b"OK"
    assert "db2" in server.ask("INFO", "keyspace")
    server.kill()
    await comes(lambda: not link.connected)
    server.start()
    await joined(link)
    nobody = await join(f"redis+sentinel://127.0.0.1:{sentinel}/other", wait=False)
    await comes(lambda: nobody.state().error is not None)
    assert nobody.state().status == "away"
