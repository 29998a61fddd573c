"""The fair queue: interactive before batch, round robin between sessions, first come first served within one.

Whoever waits is told of its place; `Told` knows what that was last.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

Ring = OrderedDict[str, OrderedDict[T, None]]
"""Sessions in the order of their turns, each with what it has waiting, oldest first."""

TOLD_SECONDS = 0.25
"""Between two reports of a place."""


class FairQueue(Generic[T]):
    """Items are told apart by hash; each is in the queue once."""

    def __init__(self) -> None:
        self._interactive: Ring[T] = OrderedDict()
        self._batch: Ring[T] = OrderedDict()
        self._where: dict[T, tuple[str, bool]] = {}

    def __len__(self) -> int:
        return len(self._where)

    def __contains__(self, item: T) -> bool:
        return item in self._where

    def __iter__(self) -> Iterator[T]:
        """In the order in which they would be served, if nobody else came."""
        for ring in (self._interactive, self._batch):
            left = [iter(items) for items in ring.values()]
            while left:
                again: list[Iterator[T]] = []
                for items in left:
                    for item in items:
                        yield item
                        again.append(items)
                        break
                left = again

    def push(self, item: T, session: str, *, batch: bool = False) -> None:
        ring = self._batch if batch else self._interactive
        ring.setdefault(session, OrderedDict())[item] = None
        self._where[item] = (session, batch)

    def first(self, may: Callable[[str, bool], bool] = lambda _session, _batch: True) -> T | None:
        """Whose turn it is, of those whose session (and whether it is a batch) `may` go."""
        for batch, ring in ((False, self._interactive), (True, self._batch)):
            for session, items in ring.items():
                if may(session, batch):
                    return next(iter(items))
        return None

    def serve(self, item: T) -> bool:
        """Take `item` out as served: its session's next turn comes after all others'. False: it was gone."""
        return self._remove(item, served=True)

    def discard(self, item: T) -> bool:
        """Take `item` out unserved."""
        return self._remove(item, served=False)

    def ahead(self, item: T) -> int:
        """How many would be served before `item`."""
        session, batch = self._where[item]
        ring = self._batch if batch else self._interactive
        own = ring[session]
        place = len(own) - 1 if next(reversed(own)) is item else list(own).index(item)
        count = sum(map(len, self._interactive.values())) if batch else 0
        before = True
        for name, items in ring.items():
            before = before and name != session
            count += place if name == session else min(len(items), place + before)
        return count

    def of(self, session: str) -> int:
        """How many `session` has waiting."""
        return sum(len(ring.get(session, ())) for ring in (self._interactive, self._batch))

    @property
    def urgent(self) -> bool:
        """Whether anything interactive waits."""
        return bool(self._interactive)

    def _remove(self, item: T, *, served: bool) -> bool:
        where = self._where.pop(item, None)
        if where is None:
            return False
        session, batch = where
        ring = self._batch if batch else self._interactive
        items = ring[session]
        del items[item]
        if not items:
            del ring[session]
        elif served:
            ring.move_to_end(session)
        return True


class Told:
    """What one that waits was told of its place, so that it is not told too often."""

    __slots__ = ("_at", "_place")

    def __init__(self) -> None:
        self._place: int | None = None
        self._at = 0.0

    def news(self, place: int, now: float) -> bool:
        """Whether `place` is worth telling at `now`; it then is told."""
        last = self._place
        if last is not None and (now - self._at < TOLD_SECONDS - 1e-9 or abs(last - place) < max(1, place // 10)):
            return False
        self._place, self._at = place, now
        return True
