"""Answers in Redis, shared by all machines whose user wants that."""

import asyncio
import contextlib
import hashlib
import struct
from collections.abc import AsyncIterator, Mapping
from typing import cast

from libria.clock import Clock
from libria.stores.figures import TierFigures
from libria.stores.redis_fault import Answer, Away
from libria.stores.redis_link import Link
from libria.stores.redis_seal import Seal

PREFIX = "libria:1:c:"

MAX_VALUE = 256 * 1024
"""Bytes of one answer: it passes through the connection on which the limits are asked for."""

MAX_WAITING = 4 * 1024 * 1024
"""Bytes on their way; what is more is not shared."""

HEAD = struct.Struct(">2sd8s8s")
"""Before a value: how it is kept, when it was put (seconds since the epoch), hashes of model and provider."""

CLEAR, SEALED = b"1c", b"1s"

NOT_THERE = "To encrypt what is shared, install libria[encrypt]; nothing is shared without."


class RedisStore:
    """Does nothing unless `share` is true: prompts and answers leave the machine by it, though the prompts
    only as hashes. With a `word` (LIBRIA_CACHE_KEY) all is sealed by it, and what another word sealed is a
    miss. The link bounds what a read may take; a write waits for nobody."""

    name = "redis"

    def __init__(self, link: Link, clock: Clock, *, share: bool, word: str | None, max_value: int = MAX_VALUE) -> None:
        self._link = link
        self._clock = clock
        self._share = share
        self._word = word
        self._max_value = max_value
        self._seal: Seal | None = None
        self._sealing: asyncio.Task[None] | None = None
        self._problem: str | None = None
        self._waiting = 0  # bytes
        self.dropped = 0  # answers that were not shared, as they were too large or too many at once

    async def ready(self) -> bool:
        """Whether something is shared. Waits for the key to be derived, which get and put do not."""
        if not self._ready() and self._sealing is not None:
            await asyncio.shield(self._sealing)
        return self._ready()

    async def get(self, key: bytes) -> bytes | None:
        if not self._ready():
            return None
        name = self._name(key)
        try:
            kept = await self._link.ask("GET", name)
        except Away:
            return None
        return self._opened(name, kept) if isinstance(kept, bytes) else None

    def put(self, key: bytes, value: bytes, ttl: float, tags: Mapping[str, str]) -> None:
        if not self._ready() or not self._link.connected:
            return
        size = len(value)
        if size > self._max_value or self._waiting + size > MAX_WAITING:
            self.dropped += 1
            return
        self._waiting += size

        def done(said: Answer | Away) -> None:
            self._waiting -= size

        name = self._name(key)
        kept = self._closed(name, value, tags.get("model", ""))
        self._link.post("SET", name, kept, "PX", max(1, int(ttl * 1000)), done=done)

    async def clear(self, model: str | None = None, older: float | None = None) -> int:
        """How many are gone, for all machines. In a Cluster: of those on one node; the others go in time."""
        if not await self.ready():
            return 0
        removed = 0
        now = self._clock.wall()
        with contextlib.suppress(Away):
            async for name in self._names():
                if not (model or older) or self._meant(
                    await self._link.ask("GETRANGE", name, 0, HEAD.size - 1), model, older, now
                ):
                    removed += cast(int, await self._link.ask("UNLINK", name))
        return removed

    async def stats(self) -> TierFigures:
        """How many there are only Redis could tell, slowly."""
        return TierFigures(self.name, entries=None, size=None, problem=self._said())

    def _said(self) -> str | None:
        if not self._share:
            return "Answers are not shared; turn it on in [redis]."
        if self._problem is None and not self._link.connected:
            return "Redis is away."
        return self._problem

    def _ready(self) -> bool:
        if not self._share:
            return False
        if self._word and self._seal is None:
            if self._sealing is None:
                self._sealing = asyncio.create_task(self._derive(self._word))
            return False
        return True

    async def _derive(self, word: str) -> None:
        try:
            self._seal = await Seal.of(word)
        except ImportError:
            self._problem = NOT_THERE

    def _name(self, key: bytes) -> str:
        return PREFIX + (self._seal.name(key) if self._seal else key).hex()

    def _closed(self, name: str, value: bytes, model: str) -> bytes:
        head = HEAD.pack(
            SEALED if self._seal else CLEAR, self._clock.wall(), self._tag(model), self._tag(model.partition("/")[0])
        )
        return head + (self._seal.close(value, head + name.encode()) if self._seal else value)

    def _opened(self, name: str, kept: bytes) -> bytes | None:
        """None for what is not ours, and for what is sealed otherwise than we do."""
        head, value = kept[: HEAD.size], kept[HEAD.size :]
        if len(head) < HEAD.size or head[:2] != (SEALED if self._seal else CLEAR):
            return None
        return self._seal.open(value, head + name.encode()) if self._seal else value

    def _tag(self, name: str) -> bytes:
        return (self._seal.name(name.encode()) if self._seal else hashlib.blake2b(name.encode()).digest())[:8]

    def _meant(self, head: Answer, model: str | None, older: float | None, now: float) -> bool:
        if not isinstance(head, bytes) or len(head) < HEAD.size:
            return False
        _, put, *tags = cast("tuple[bytes, float, bytes, bytes]", HEAD.unpack(head))
        return (model is None or self._tag(model) in tags) and (older is None or now - put > older)

    async def _names(self) -> AsyncIterator[bytes]:
        cursor: bytes | None = b"0"
        while cursor is not None:
            found = await self._link.ask("SCAN", cursor, "MATCH", f"{PREFIX}*", "COUNT", 200)
            place, names = cast("tuple[bytes, list[bytes]]", found)
            cursor = None if place == b"0" else place
            for name in names:
                yield name
