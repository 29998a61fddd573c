"""One store over others: memory first, then disk, then what machines share."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from libria.layers.cache import Store
from libria.stores.figures import TierFigures
from libria.stores.memory import MemoryStore


@runtime_checkable
class Keeper(Protocol):
    """A tier that can be looked into."""

    name: str

    async def stats(self) -> TierFigures: ...

    async def clear(self, model: str | None = None, older: float | None = None) -> int: ...


@runtime_checkable
class Closing(Protocol):
    async def aclose(self) -> None: ...


class Tiers:
    """`lower` are asked in order; what one of them has is kept in memory from then on. What is put is
    put into all."""

    def __init__(self, memory: MemoryStore, lower: Sequence[Store] = ()) -> None:
        self._memory = memory
        self._lower = tuple(lower)
        self._cleared = 0  # times: what was found before it is no more

    async def get(self, key: bytes) -> bytes | None:
        value = self._memory.find(key)
        if value is not None:
            return value
        for tier in self._lower:
            cleared = self._cleared
            value = await tier.get(key)
            if value is not None:
                newer = self._memory.find(key)  # put meanwhile
                if newer is None and cleared == self._cleared:
                    self._memory.adopt(key, value)
                return newer or value
        return None

    def put(self, key: bytes, value: bytes, ttl: float, tags: Mapping[str, str]) -> None:
        self._memory.put(key, value, ttl, tags)
        for tier in self._lower:
            tier.put(key, value, ttl, tags)

    async def clear(self, model: str | None = None, older: float | None = None) -> Mapping[str, int]:
        """How many are gone, by tier; an answer is mostly in more than one."""
        self._cleared += 1
        removed: dict[str, int] = {}
        for tier in (*reversed(self._lower), self._memory):  # what is found meanwhile goes with the memory's
            if isinstance(tier, Keeper):
                removed[tier.name] = await tier.clear(model, older)
        self._cleared += 1
        return removed

    async def stats(self) -> list[TierFigures]:
        return [await tier.stats() for tier in (self._memory, *self._lower) if isinstance(tier, Keeper)]

    async def aclose(self) -> None:
        await asyncio.gather(*(tier.aclose() for tier in self._lower if isinstance(tier, Closing)))
