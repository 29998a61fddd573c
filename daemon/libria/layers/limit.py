"""Limit: what a provider allows of a key is kept to, shared fairly, and learned from what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Want:
    """At most `limit` in any `seconds`, of which `amount` is wanted: never more than `limit`.

    `key` is hashed: it names no key and no prompt. What stands before its first ":" is the same for all
    that is taken together, so a store can keep it in one place. `age` is for what is settled or learned:
    so many seconds ago it was taken."""

    key: str
    amount: int
    limit: int
    seconds: float
    age: float = 0.0


class Windows(Protocol):
    async def take(self, wants: Sequence[Want]) -> float: ...

    async def settle(self, wants: Sequence[Want]) -> None: ...

    async def pause(self, key: str, seconds: float) -> None: ...

    async def paused(self, key: str) -> float: ...

    async def learn(self, want: Want) -> None: ...
