"""Questions for what is left of the windows, put together: of many calls that come at once, one asks for all.

A question costs Redis and the loop as much as fifty of its calls do: asked one by one, the last of a
burst would be answered too late, and go on as if Redis was away.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from libria.layers.windows import Want
from libria.stores.redis_fault import Answer, Away
from libria.stores.redis_ledger import Ledger

MOST_TAKERS = 50
"""Who are asked for by one script, so that it holds nobody up."""

UNDER_WAY = 8
"""Questions of a group without an answer yet: with a Redis that is far away, more than one; beyond it, those
who come wait and ask together."""

Place = tuple[tuple[str, int], ...]
"""What makes a group: the names of the windows and their limits."""


@dataclass(slots=True, eq=False)
class Taker:
    """One who wants `wants`. What is said are microseconds: until it is worth asking again, 0 when all are its; and
    for how long there is a pause. `sent` is when Redis was asked, by the clock."""

    wants: Sequence[Want]
    ledgers: Sequence[Ledger]
    said: "asyncio.Future[tuple[int, int] | Away]"
    sent: float | None = None


Ask = Callable[[Sequence[Taker], Callable[[Answer | Away], None]], None]
"""Asks for all of them, who want of the same windows."""


class Takes:
    """`ask` is called with those of one group, once a turn of the loop; `given` with who got what it wanted, `late`
    with who would have, but waits no longer. The answer begins with `HEAD` and two figures for each window: the
    wait of the first one stands before them, those of the others behind."""

    HEAD = 3

    def __init__(self, ask: Ask, given: Callable[[Taker], None], late: Callable[[Taker], None]) -> None:
        self._ask = ask
        self._given = given
        self._late = late
        self._groups: dict[Place, _Group] = {}

    def put(self, wants: Sequence[Want], ledgers: Sequence[Ledger]) -> Taker:
        loop = asyncio.get_running_loop()
        taker = Taker(wants, ledgers, loop.create_future())
        place = tuple((ledger.name, want.limit) for want, ledger in zip(wants, ledgers, strict=True))
        group = self._groups.setdefault(place, _Group([]))
        group.takers.append(taker)
        if not group.called:
            group.called = True
            loop.call_soon(self._flush, place, group)
        return taker

    def _flush(self, place: Place, group: "_Group") -> None:
        group.called = False
        while group.takers and group.under_way < UNDER_WAY:
            takers = [taker for taker in group.takers[:MOST_TAKERS] if not taker.said.done()]
            del group.takers[:MOST_TAKERS]
            if takers:
                self._question(place, group, takers)
        if not group.takers and not group.under_way:
            self._groups.pop(place, None)

    def _question(self, place: Place, group: "_Group", takers: Sequence[Taker]) -> None:
        def done(said: Answer | Away) -> None:
            group.under_way -= 1
            for taker, heard in zip(takers, _heard(said, takers), strict=True):
                given = not isinstance(heard, Away) and heard[0] == 0
                if not taker.said.done():
                    taker.said.set_result(heard)
                    if given:
                        self._given(taker)
                elif given:
                    self._late(taker)
            if not group.called:
                self._flush(place, group)

        group.under_way += 1
        group.called = True  # an answer that comes at once flushes nothing: we do
        try:
            self._ask(takers, done)
        finally:
            group.called = False


@dataclass(slots=True)
class _Group:
    takers: list[Taker]
    called: bool = False
    under_way: int = 0


def _heard(said: Answer | Away, takers: Sequence[Taker]) -> "Sequence[tuple[int, int] | Away]":
    if isinstance(said, Away):
        return [said] * len(takers)
    first, paused, *rest = cast("list[int]", said)
    return [(wait, paused) for wait in (first, *rest[Takes.HEAD - 2 + 2 * len(takers[0].wants) :])]
