"""Bytes in memory, the least recently used thrown out first."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from libria.clock import Clock, SystemClock
from libria.stores.figures import Held, TierFigures, of_model

OVERHEAD = 300
"""Bytes that an entry costs besides its key and value."""

_MACHINE = SystemClock()


@dataclass(frozen=True, slots=True)
class _Kept:
    """`at` is seconds since the epoch."""

    value: bytes
    model: str
    at: float


@dataclass(frozen=True, slots=True)
class HeldAnswer:
    """`at` is seconds since the epoch."""

    key: bytes
    value: bytes
    model: str
    at: float


class MemoryStore:
    """Holds at most `max_bytes`; an entry over an eighth of that is not kept."""

    name = "memory"

    def __init__(self, max_bytes: int, clock: Clock = _MACHINE) -> None:
        self._max = max_bytes
        self._clock = clock
        self._size = 0
        self._entries: OrderedDict[bytes, _Kept] = OrderedDict()

    async def get(self, key: bytes) -> bytes | None:
        return self.find(key)

    def find(self, key: bytes) -> bytes | None:
        kept = self._entries.get(key)
        if kept is None:
            return None
        self._entries.move_to_end(key)
        return kept.value

    def put(self, key: bytes, value: bytes, ttl: float, tags: Mapping[str, str]) -> None:
        """`ttl` is the reader's to look at: what is not asked for again is thrown out in time."""
        self._put(key, _Kept(value, tags.get("model", ""), self._clock.wall()))

    def adopt(self, key: bytes, value: bytes) -> None:
        """Keep what was found further down; of which model and when is not known."""
        self._put(key, _Kept(value, "", 0.0))

    def held(self, max_bytes: int) -> list["HeldAnswer"]:
        """What was used last first, as much as goes into `max_bytes`, for `inherit` in another process."""
        held: list[HeldAnswer] = []
        for key, kept in reversed(self._entries.items()):
            max_bytes -= _cost(key, kept)
            if max_bytes < 0:
                break
            held.append(HeldAnswer(key, kept.value, kept.model, kept.at))
        return held

    def inherit(self, held: Sequence["HeldAnswer"]) -> None:
        for answer in reversed(held):
            if answer.key not in self._entries:
                self._put(answer.key, _Kept(answer.value, answer.model, answer.at))

    async def clear(self, model: str | None = None, older: float | None = None) -> int:
        """How many are gone: those of `model`, those put more than `older` seconds ago, of both where
        both are said; with them those of which it is not known."""
        now = self._clock.wall()
        gone = [
            key
            for key, kept in self._entries.items()
            if (model is None or not kept.model or of_model(kept.model, model))
            and (older is None or now - kept.at >= older)
        ]
        for key in gone:
            self._drop(key)
        return len(gone)

    async def stats(self) -> TierFigures:
        models: dict[str, Held] = {}
        for kept in self._entries.values():
            held = models.setdefault(kept.model, Held())
            held.entries += 1
            held.size += len(kept.value)
        return TierFigures("memory", len(self._entries), self._size, self._max, models)

    def resize(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._shrink()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """Bytes in use."""
        return self._size

    def _put(self, key: bytes, kept: _Kept) -> None:
        self._drop(key)
        if _cost(key, kept) <= self._max // 8:
            self._entries[key] = kept
            self._size += _cost(key, kept)
            self._shrink()

    def _drop(self, key: bytes) -> None:
        kept = self._entries.pop(key, None)
        if kept is not None:
            self._size -= _cost(key, kept)

    def _shrink(self) -> None:
        while self._size > self._max:
            self._drop(next(iter(self._entries)))


def _cost(key: bytes, kept: _Kept) -> int:
    return len(key) + len(kept.value) + OVERHEAD
