"""What all machines together have spent of budgets that they share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from libria.stores.redis_fault import Answer, Away
from libria.stores.redis_link import Link
from libria.stores.redis_script import Script

PREFIX = "libria:1:{budgets}:"
"""The braces put all of them on one server of a cluster, where one script can ask for several."""

MICRO = 10**6
"""Of our trillionths of a dollar in Redis' millionths: its scripts count in floating point, exactly up to 2^53."""

KEPT_SECONDS = 3 * 86_400.0
"""Beyond a period's end, which is earlier on machines in the east."""


@dataclass(frozen=True, slots=True)
class Told:
    """A budget in a period, and what this machine has spent of it: trillionths of a dollar. `left` is seconds to the
    period's end."""

    name: str
    period: str
    own: int
    left: float


class RedisBudgets:
    """`who` is this machine, the same whenever it is started."""

    def __init__(self, link: Link, who: str) -> None:
        self._link = link
        self._who = who
        self._script = Script.read("redis_budgets")

    async def sums(self, told: Sequence[Told]) -> list[int] | None:
        """Trillionths of a dollar that all have spent, in that order; None while Redis is away."""
        try:
            said = await self._link.run(self._script, self._keys(told), *self._arguments(told))
        except Away:
            return None
        return _sums(said)

    def tell(self, told: Sequence[Told]) -> None:
        """Does not wait for Redis."""
        self._link.post_run(self._script, self._keys(told), *self._arguments(told))

    def _keys(self, told: Sequence[Told]) -> list[str]:
        return [f"{PREFIX}{one.name}:{one.period}" for one in told]

    def _arguments(self, told: Sequence[Told]) -> list[str | int]:
        keep = [int((max(0.0, one.left) + KEPT_SECONDS) * 1000) for one in told]
        figures = [(-(-one.own // MICRO), keep) for one, keep in zip(told, keep, strict=True)]
        return [self._who, *(figure for pair in figures for figure in pair)]


def _sums(said: Answer) -> list[int]:
    return [int(sum) * MICRO for sum in cast("list[bytes]", said)]
