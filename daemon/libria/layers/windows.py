"""What the limits are counted in: declared for `limit`, kept in a store."""

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
    """Sliding windows; a lost store is no error of a call, so nothing here raises."""

    async def take(self, wants: Sequence[Want]) -> float:
        """0.0: all are taken, at once. Else the seconds after which it is worth asking again, and none is."""
        ...

    async def settle(self, wants: Sequence[Want]) -> None:
        """Amounts to add (more was used) or, negative, to give back where they were taken."""
        ...

    async def pause(self, key: str, seconds: float) -> None:
        """Nothing whose key begins with `key` is given for so long."""
        ...

    async def paused(self, key: str) -> float:
        """Seconds that it still is."""
        ...

    def known_pause(self, key: str) -> float:
        """Seconds that anything of `key` is paused for, as far as is known here."""
        ...

    def shun(self, key: str, seconds: float) -> None:
        """For so long `key` is better left to those who have nobody else to ask, on all machines; 0.0 ends it."""
        ...

    def shunned(self, key: str) -> float:
        """Seconds that it still is, as far as is known here."""
        ...

    async def learn(self, want: Want) -> None:
        """The provider says that `amount` of `limit` is used: count at least so much."""
        ...
