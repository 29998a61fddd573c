"""One store over others: what is found where, and what becomes of it."""

import asyncio
from collections.abc import Mapping

from libria.stores.figures import TierFigures
from libria.stores.memory import MemoryStore
from libria.stores.tiers import Tiers


class Lower:
    """A tier that notes what is asked of it; `gate` holds its reads back."""

    def __init__(self, **entries: bytes) -> None:
        self.entries = {key.encode(): value for key, value in entries.items()}
        self.asked: list[bytes] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def get(self, key: bytes) -> bytes | None:
        self.asked.append(key)
        found = self.entries.get(key)
        await self.gate.wait()
        return found

    def put(self, key: bytes, value: bytes, ttl: float, tags: Mapping[str, str]) -> None:
        self.entries[key] = value


class Kept(Lower):
    name = "kept"
    closed = False

    async def stats(self) -> TierFigures:
        return TierFigures(self.name, len(self.entries))

    async def clear(self, model: str | None = None, older: float | None = None) -> int:
        gone = len(self.entries)
        self.entries.clear()
        return gone

    async def aclose(self) -> None:
        self.closed = True


async def test_first_memory_then_each_in_order_and_found_once() -> None:
    disk, redis = Lower(a=b"1"), Lower(a=b"2", b=b"3")
    tiers = Tiers(MemoryStore(10**5), [disk, redis])
    assert [await tiers.get(key) for key in (b"a", b"a", b"b", b"b", b"c")] == [b"1", b"1", b"3", b"3", None]
    assert disk.asked == [b"a", b"b", b"c"]
    assert redis.asked == [b"b", b"c"]


async def test_what_is_put_is_in_all() -> None:
    disk, redis = Lower(), Lower()
    memory = MemoryStore(10**5)
    Tiers(memory, [disk, redis]).put(b"k", b"v", 5.0, {"model": "p/m"})
    assert [memory.find(b"k"), disk.entries[b"k"], redis.entries[b"k"]] == [b"v"] * 3


async def test_what_was_put_while_one_looked_wins() -> None:
    disk = Lower(k=b"old")
    disk.gate.clear()
    tiers = Tiers(MemoryStore(10**5), [disk])
    looking = asyncio.ensure_future(tiers.get(b"k"))
    await asyncio.sleep(0)
    tiers.put(b"k", b"new", 5.0, {})
    disk.gate.set()
    assert await looking == b"new"
    assert await tiers.get(b"k") == b"new"


async def test_clear_takes_from_all_and_what_is_found_meanwhile_is_not_kept() -> None:
    disk = Kept(k=b"v")
    disk.gate.clear()
    memory = MemoryStore(10**5)
    memory.put(b"m", b"v", 5.0, {})
    tiers = Tiers(memory, [Lower(), disk])
    looking = asyncio.ensure_future(tiers.get(b"k"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await tiers.clear() == {"kept": 1, "memory": 1}
    disk.gate.set()
    assert await looking == b"v"
    assert await tiers.get(b"k") is None
    assert len(memory) == 0


async def test_figures_and_end_are_of_those_that_have_them() -> None:
    disk = Kept(k=b"v")
    tiers = Tiers(MemoryStore(10**5), [Lower(), disk])
    assert [tier.name for tier in await tiers.stats()] == ["memory", "kept"]
    await tiers.aclose()
    assert disk.closed
