"""What an engine keeps between calls, and may share with other machines: answers, and what of each limit was used."""

import asyncio
import os
import secrets
from hashlib import blake2b

from libria.clock import Clock
from libria.config import Config
from libria.layers.cache import CacheFigures
from libria.layers.limit import Limiter
from libria.partition import Partitions, own_secret
from libria.paths import cache_dir, state_dir
from libria.stack import Kept
from libria.stores.disk import DiskStore
from libria.stores.memory import MemoryStore
from libria.stores.redis_budgets import RedisBudgets
from libria.stores.redis_leases import RedisLeases
from libria.stores.redis_link import Link
from libria.stores.redis_store import RedisStore
from libria.stores.redis_windows import RedisWindows
from libria.stores.tiers import Tiers
from libria.stores.windows import LocalWindows

MEMORY_BYTES = 16 * 1024 * 1024
"""Of answers kept in memory: some thousand, and small beside the daemon itself."""


class Stock:
    """`alone` keeps nothing on disk and shares nothing. Belongs to the loop in which `start` is called."""

    def __init__(self, config: Config, clock: Clock, *, alone: bool) -> None:
        redis = config.redis
        url = None if alone else os.environ.get("LIBRIA_REDIS_URL") or redis.url
        self.url = url
        self.link = Link(url, clock)
        sharing = bool(url) and redis.share_responses
        self.partitions = Partitions(own_secret(state_dir()), shared=bool(url))
        self.memory = MemoryStore(MEMORY_BYTES, clock)
        self._disk = None if alone else DiskStore(cache_dir() / "answers", config.cache.max_bytes, clock)
        word = os.environ.get("LIBRIA_CACHE_KEY")
        self._shared = RedisStore(self.link, clock, share=True, word=word) if sharing else None
        lower = (self._disk, self._shared)
        self.answers = Tiers(self.memory, [tier for tier in lower if tier is not None])
        self._sealing: asyncio.Task[bool] | None = None
        self.figures = CacheFigures()
        self._leases = RedisLeases(self.link, clock) if sharing else None
        local = self.local = LocalWindows(clock)
        windows = RedisWindows(self.link, local, clock, who=secrets.token_hex(4), share=redis.share) if url else local
        who = blake2b(b"libria: budgets", key=self.partitions.own, digest_size=8).hexdigest()
        self.budgets = RedisBudgets(self.link, who) if url else None
        self.limiter = Limiter(windows, clock, used=local.used)
        self.link.on_join(self.limiter.kick)  # what was refused of a share may be there in the whole
        self.fit(config)

    def start(self) -> None:
        self.link.start()
        if self._shared is not None:  # what seals the answers takes a tenth of a second to make
            self._sealing = asyncio.get_running_loop().create_task(self._shared.ready())

    def fit(self, config: Config) -> None:
        """Follow the config, as far as that needs nothing new."""
        self.limiter.max_wait = config.retry.max_retry_after
        self.memory.resize(min(MEMORY_BYTES, config.cache.max_bytes))
        if self._disk is not None:
            self._disk.resize(config.cache.max_bytes)
        self.kept = Kept(self.answers, config.cache.ttl, self.figures, self._leases)

    async def aclose(self) -> None:
        if self._sealing is not None:
            self._sealing.cancel()
        await self.limiter.aclose()
        await self.answers.aclose()
        await self.link.aclose()
