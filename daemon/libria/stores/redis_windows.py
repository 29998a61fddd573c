"""The limiter's windows in Redis, the same for all machines; local ones take over while it is away."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from libria.clock import Clock
from libria.layers.windows import Want, Windows
from libria.stores.redis_fault import Answer, Away
from libria.stores.redis_ledger import Amounts, Ledger
from libria.stores.redis_link import Link
from libria.stores.redis_pauses import PREFIX, Pauses, shared
from libria.stores.redis_pipe import Done
from libria.stores.redis_script import Script
from libria.stores.redis_takes import Taker, Takes

MAX_LEDGERS = 2000

SPREAD = 1.015
"""By which what was taken counts longer than its window. The provider counts a call when it arrives, which in a
burst is later than when it was taken: the first ones of the next burst, taken a window later, come sooner."""

AT_ONCE = 50
"""Amounts told by one script, so that it holds nobody up."""

NONE = b"0"
"""The epoch of a window that Redis knows nothing of."""

NOTHING: Amounts = ((0, 0.0),)
"""Told only to hear the epoch."""


@dataclass(frozen=True, slots=True)
class Line:
    """What the script is told of one window. `age` is seconds."""

    ledger: Ledger
    amount: int
    age: float
    limit: int = 0


class RedisWindows:
    """`local` is kept informed of all that this machine takes, and goes on from there: with `share` of every
    limit, as nobody knows what the others take, and with nothing that was theirs when it was heard of last. Back
    again, Redis is told what was taken meanwhile, and all that this machine took where Redis has lost it. What
    a broken connection leaves open counts as used.

    `who` is another for each process: a random name."""

    def __init__(self, link: Link, local: Windows, clock: Clock, *, who: str, share: float = 1 / 3) -> None:
        self._link = link
        self._local = local
        self._clock = clock
        self._share = share
        self._who = who
        self._script = Script.read("redis_windows")
        self._takes = Takes(self._ask, self._given, self._late)
        self._ledgers: dict[tuple[str, float], Ledger] = {}
        self._pauses = Pauses(link, local, clock, self._script, who)
        self._again: dict[str, float] = {}  # by who waits: when it is to ask again
        link.on_join(self._joined)

    async def take(self, wants: Sequence[Want]) -> float:
        if not wants:
            return 0.0
        # What is known to be paused needs no asking; and in a Cluster what was just told may not be there yet.
        paused = max([await self._local.paused(want.key) for want in wants])
        if paused > 0:
            return paused
        ledgers = [self._ledger(want) for want in wants]
        taker = self._takes.put(wants, ledgers)
        try:
            wait, told_to_pause = await self._link.answer(taker.said, lambda: taker.sent)
        except Away:
            return await self._take_locally(wants, ledgers)
        except asyncio.CancelledError:
            self._cancelled(taker)
            raise
        if wait == 0:
            await self._local.settle(wants)
        if told_to_pause:
            await self._local.pause(wants[0].key, told_to_pause / 1e6)
        return wait / 1e6

    async def settle(self, wants: Sequence[Want]) -> None:
        """What more was used counts now, what is given back `age` seconds ago, as with the local windows."""
        wants = [replace(want, age=0.0) if want.amount > 0 else want for want in wants if want.amount]
        if wants:
            ledgers = [self._ledger(want) for want in wants]
            await self._note(wants, ledgers)
            self._settle([Line(ledger, want.amount, want.age) for want, ledger in zip(wants, ledgers, strict=True)])

    async def learn(self, want: Want) -> None:
        await self._local.learn(want)
        keys, arguments = _command("learn", self._who, [Line(self._ledger(want), want.amount, want.age)])
        self._link.post_run(self._script, keys, *arguments)

    async def pause(self, key: str, seconds: float) -> None:
        await self._pauses.pause(key, seconds)

    async def paused(self, key: str) -> float:
        return await self._pauses.paused(key)

    def known_pause(self, key: str) -> float:
        return self._local.known_pause(key)

    def shun(self, key: str, seconds: float) -> None:
        self._pauses.shun(key, seconds)

    def shunned(self, key: str) -> float:
        return self._pauses.shunned(key)

    def _ask(self, takers: Sequence[Taker], done: Done) -> None:
        wants, ledgers = takers[0].wants, takers[0].ledgers
        for taker in takers:
            taker.sent = self._clock.now()
        who = f"{self._who}.{hash(tuple(ledger.name for ledger in ledgers)):x}"
        waited = self._again.pop(who, math.inf) - 0.001 <= self._clock.now()
        lines = [Line(ledger, want.amount, 0.0, want.limit) for want, ledger in zip(wants, ledgers, strict=True)]
        keys, arguments = _command("take", who, lines, waited=waited)
        arguments += [want.amount for taker in takers[1:] for want in taker.wants]

        def answered(said: Answer | Away) -> None:
            if isinstance(said, list):
                wait, _, shunned = cast("list[int]", said[: Takes.HEAD])
                self._pauses.told(f"{wants[0].key.partition(':')[0]}:", shunned / 1e6)
                if wait:
                    self._wait(who, wait / 1e6)
                self._seen(ledgers, said[Takes.HEAD :])
            done(said)
            if isinstance(said, list):
                self._heard(ledgers, said[Takes.HEAD :])  # of what all have used, what was given now is ours

        self._link.post_run(self._script, keys, *arguments, done=answered)

    def _wait(self, who: str, wait: float) -> None:
        if len(self._again) >= MAX_LEDGERS:
            self._again.clear()
        self._again[who] = self._clock.now() + wait

    async def _take_locally(self, wants: Sequence[Want], ledgers: Sequence[Ledger]) -> float:
        """A share of the limit, but not so little that a large want would never fit; and nothing that others had
        taken when they were heard of last."""
        now = self._clock.now()
        both = zip(wants, ledgers, strict=True)
        wait = max(ledger.too_much(want.amount, want.limit, self._share, now) for want, ledger in both)
        if wait > 0:
            return wait
        less = [replace(want, limit=max(int(want.limit * self._share), want.amount, 1)) for want in wants]
        wait = await self._local.take(less)
        if wait == 0:
            now = self._clock.now()
            for want, ledger in zip(wants, ledgers, strict=True):
                ledger.add(want.amount, now, now)
            # Told at once where only this question came to nothing.
            self._settle([Line(ledger, want.amount, 0.0) for want, ledger in zip(wants, ledgers, strict=True)])
        return wait

    def _given(self, taker: Taker) -> None:
        now = self._clock.now()
        for want, ledger in zip(taker.wants, taker.ledgers, strict=True):
            ledger.add(want.amount, now, now)

    def _cancelled(self, taker: Taker) -> None:
        """In the moment in which it heard, perhaps."""
        if taker.said.cancelled() or not taker.said.done():
            return
        said = taker.said.result()
        if not isinstance(said, Away) and said[0] == 0:
            now = self._clock.now()
            for want, ledger in zip(taker.wants, taker.ledgers, strict=True):
                ledger.add(-want.amount, now, now)
            self._late(taker)

    def _late(self, taker: Taker) -> None:
        """It was gone, or took elsewhere, before it heard that it may; what it was given goes back."""
        both = zip(taker.wants, taker.ledgers, strict=True)
        self._settle([Line(ledger, -want.amount, 0.0) for want, ledger in both])

    async def _note(self, wants: Sequence[Want], ledgers: Sequence[Ledger]) -> None:
        now = self._clock.now()
        for want, ledger in zip(wants, ledgers, strict=True):
            ledger.add(want.amount, now - want.age, now)
        await self._local.settle(wants)

    def _settle(self, lines: Sequence[Line], lost: Amounts = ()) -> None:
        """Tell Redis now, or when it is back. Of what it may or may not have heard, what was taken is told
        again and what was given back is not: too much counts rather than too little.

        `lost` is told as well if Redis does not know the window any more."""
        now = self._clock.now()
        sure = not self._link.connected  # that it will not hear it

        for line in lines:
            line.ledger.under_way += line.amount

        def done(said: Answer | Away) -> None:
            for line in lines:
                line.ledger.under_way -= line.amount
            if isinstance(said, list):
                told = [line.ledger for line in lines]
                self._seen(told, said, lost)
                self._heard(told, said)
                return
            for line in lines:
                if sure or line.amount > 0:
                    line.ledger.owe(line.amount, now - line.age)

        keys, arguments = _command("settle", self._who, lines)
        self._link.post_run(self._script, keys, *arguments, done=done)

    def _seen(self, ledgers: Sequence[Ledger], said: Sequence[Answer], lost: Amounts | None = None) -> None:
        """The name of each window. Where Redis knows it under another name than it did, it was emptied: tell it
        again."""
        for ledger, epoch in zip(ledgers, said, strict=False):
            known, ledger.epoch = ledger.epoch, cast(bytes, epoch) if epoch != NONE else None
            if known is not None and known != epoch:
                self._tell(ledger, ledger.told(self._clock.now()) if lost is None else lost)

    def _heard(self, ledgers: Sequence[Ledger], said: Sequence[Answer]) -> None:
        """The name of each window, then what all have used of it."""
        for ledger, used in zip(ledgers, said[len(ledgers) :], strict=False):
            ledger.heard(cast(int, used), self._clock.now())

    def _tell(self, ledger: Ledger, amounts: Amounts, lost: Amounts = ()) -> None:
        for at in range(0, len(amounts), AT_ONCE):
            self._settle([Line(ledger, amount, age) for amount, age in amounts[at : at + AT_ONCE]], lost)
            lost = ()

    def _joined(self) -> None:
        """Tell what Redis has not heard, before anything is taken there again."""
        # The text, before a burst of calls finds that it is not known: it could be answered too late.
        self._link.post("EVAL", self._script.text, 1, shared(PREFIX), "paused", self._who, 0, PREFIX)
        now = self._clock.now()
        self._pauses.joined()
        for ledger in self._kept(now):
            lost = ledger.told(now)
            self._tell(ledger, ledger.untold(now) or NOTHING, lost)

    def _ledger(self, want: Want) -> Ledger:
        place = (want.key, want.seconds)
        ledger = self._ledgers.get(place)
        if ledger is None:
            if len(self._ledgers) >= MAX_LEDGERS:
                self._kept(self._clock.now())
            tag, colon, rest = want.key.partition(":")
            key = f"{PREFIX}:w:{{{tag}}}{colon}{rest}:{want.seconds:g}"
            ledger = self._ledgers[place] = Ledger(key, f"{want.key}:{want.seconds:g}", want.seconds * SPREAD)
        return ledger

    def _kept(self, now: float) -> Sequence[Ledger]:
        """Those that hold something; the others are forgotten."""
        self._ledgers = {place: ledger for place, ledger in self._ledgers.items() if not ledger.empty(now)}
        return list(self._ledgers.values())


def _command(
    action: str, who: str, lines: Sequence[Line], *, waited: bool = False
) -> tuple[list[str], list[str | int]]:
    keys = [shared(lines[0].ledger.name)]
    arguments: list[str | int] = [action, who, int(waited)]
    for line in lines:
        ledger = line.ledger
        keys.append(ledger.key)
        arguments += (ledger.name, line.amount, line.limit, int(ledger.seconds * 1e6), int(line.age * 1e6))
    return keys, arguments
