"""The answers that are kept: found by key while they are fresh, kept when they are whole."""

import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from libria.clock import Clock
from libria.layers import cache_entry
from libria_providers.errors import InvalidResponse
from libria_providers.reply import Answer, Reply
from libria_providers.types import Call, Finish

log = logging.getLogger("libria.cache")

SKEW_SECONDS = 300.0
"""By how much another machine's clock may be ahead of ours; what is stored later than that is not believed."""

MOST_TARGETS = 1000
"""Whose savings are kept apart; what is beyond is not counted."""

LATELY = 64
"""Answers that are remembered to be kept already: each is offered by everyone who heard it."""


class Store(Protocol):
    """Bytes under a key. A lost entry is a miss, never an error; neither method raises."""

    async def get(self, key: bytes) -> bytes | None: ...

    def put(self, key: bytes, value: bytes, ttl: float, tags: Mapping[str, str]) -> None:
        """Return at once: the writing happens elsewhere, and may not happen. `ttl` is seconds."""
        ...


@dataclass(slots=True)
class Saved:
    """What hits would have used."""

    hits: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(slots=True)
class CacheFigures:
    """Since the daemon started: look-ups that found something or did not, answers kept, entries that
    could not be read, calls that heard another's answer; and by target what hits saved."""

    hits: int = 0
    misses: int = 0
    stored: int = 0
    foreign: int = 0
    joined: int = 0
    saved: dict[str, Saved] = field(default_factory=dict[str, Saved])

    def hit(self, target: str, finish: Finish) -> None:
        self.hits += 1
        if target in self.saved or len(self.saved) < MOST_TARGETS:
            saved = self.saved.setdefault(target, Saved())
            saved.hits += 1
            saved.input_tokens += finish.usage.input_tokens
            saved.output_tokens += finish.usage.output_tokens


class Answers:
    """`ttl` is seconds."""

    def __init__(self, store: Store, ttl: float, clock: Clock, figures: CacheFigures) -> None:
        self._store = store
        self._ttl = ttl
        self._clock = clock
        self._figures = figures
        self._lately: OrderedDict[bytes, Finish] = OrderedDict()

    async def find(self, call: Call, key: bytes) -> Reply | None:
        """The answer under `key`, no older than `call` takes it."""
        stored = await self._store.get(key)
        if stored is None:
            return None
        entry = cache_entry.decode(key, stored)
        if entry is None:
            self._not_ours()
            return None
        age = self._clock.wall() - entry.stored
        limit = self._ttl if call.cache.max_age is None else min(self._ttl, call.cache.max_age)
        if not -SKEW_SECONDS < age < limit:
            return None
        self._figures.hit(entry.target, Finish(entry.stop_reason, entry.usage))
        return Reply(
            cache_entry.replayed(entry), target=entry.target, close=_nothing_to_close, age=max(0.0, age)
        )  # fmt: skip

    def keep(self, key: bytes, answer: Answer, finish: Finish, target: str) -> None:
        """Unless it is no answer to be given again."""
        if self._lately.get(key) is finish or not _whole(answer, finish):
            return
        value = cache_entry.encode(key, answer, finish, target, self._clock.wall())
        if value is None:
            return
        self._lately[key] = finish
        if len(self._lately) > LATELY:
            self._lately.popitem(last=False)
        self._figures.stored += 1
        self._store.put(key, value, self._ttl, {"model": target})

    def _not_ours(self) -> None:
        self._figures.foreign += 1
        if self._figures.foreign == 1:
            log.warning("an entry of the cache is damaged or of another version, and is not used; so are all like it")


def _whole(answer: Answer, finish: Finish) -> bool:
    """Not filtered, and no tool call that cannot be read: asked again, it may be right."""
    try:
        answer.tool_calls()
    except InvalidResponse:
        return False
    return finish.stop_reason != "contentFilter"


async def _nothing_to_close() -> None:
    pass
