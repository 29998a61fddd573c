"""The limiter's windows in Redis, the same for all machines; local ones take over while it is away."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from libria.clock import Clock
from libria.layers.windows import Want, Windows
from libria.stores.redis_fault import Answer, Away
from libria.stores.redis_ledger import Amounts, Ledger
from libria.stores.redis_link import Link
from libria.stores.redis_script import Script

PREFIX = "libria:1"
"""Of every key in Redis; the figure is that of the format."""

MAX_LEDGERS = 2000

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
    limit, as nobody knows what the others take. Back again, Redis is told what was taken meanwhile, and all
    that this machine took where Redis has lost it. What a broken connection leaves open counts as used.

    `who` is another for each process: a random name."""

    def __init__(self, link: Link, local: Windows, clock: Clock, *, who: str, share: float = 1 / 3) -> None:
        self._link = link
        self._local = local
        self._clock = clock
        self._share = share
        self._who = who
        self._script = Script.read("redis_windows")
        self._ledgers: dict[tuple[str, float], Ledger] = {}
        self._pauses: dict[str, float] = {}  # not told yet: until when
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
        who = f"{self._who}.{hash(tuple(ledger.name for ledger in ledgers)):x}"
        waited = self._again.pop(who, math.inf) - 0.001 <= self._clock.now()
        lines = [Line(ledger, want.amount, 0.0, want.limit) for want, ledger in zip(wants, ledgers, strict=True)]
        keys, arguments = _command("take", who, lines, waited=waited)
        try:
            answer = await self._link.run(
                self._script, keys, *arguments, late=lambda said: self._taken_by_nobody(wants, said)
            )
            wait, told_to_pause, *epochs = cast("list[int]", answer)
        except Away:
            return await self._take_locally(wants, ledgers)
        for ledger, epoch in zip(ledgers, epochs, strict=True):
            self._seen(ledger, cast(bytes, epoch))
        if wait == 0:
            await self._note(wants, ledgers)
            return 0.0
        if told_to_pause:
            await self._local.pause(wants[0].key, told_to_pause / 1e6)
        if len(self._again) >= MAX_LEDGERS:
            self._again.clear()
        self._again[who] = self._clock.now() + wait / 1e6
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
        await self._local.pause(key, seconds)
        self._pause(key, self._clock.now() + seconds)

    async def paused(self, key: str) -> float:
        here = await self._local.paused(key)
        try:
            answer = await self._link.run(self._script, [_shared(key)], "paused", self._who, 0, key)
        except Away:
            return here
        return max(here, cast(int, answer) / 1e6)

    async def _take_locally(self, wants: Sequence[Want], ledgers: Sequence[Ledger]) -> float:
        """A share of the limit, but not so little that a large want would never fit."""
        less = [replace(want, limit=max(int(want.limit * self._share), want.amount, 1)) for want in wants]
        wait = await self._local.take(less)
        if wait == 0:
            now = self._clock.now()
            for want, ledger in zip(wants, ledgers, strict=True):
                ledger.add(want.amount, now, now)
            # Told at once where only this question came to nothing.
            self._settle([Line(ledger, want.amount, 0.0) for want, ledger in zip(wants, ledgers, strict=True)])
        return wait

    def _taken_by_nobody(self, wants: Sequence[Want], said: Answer | Away) -> None:
        """The taker was gone, or took elsewhere, before it heard that it may; it goes back."""
        if isinstance(said, list) and said[0] == 0:
            self._settle([Line(self._ledger(want), -want.amount, 0.0) for want in wants])

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

        def done(said: Answer | Away) -> None:
            for i, line in enumerate(lines):
                if isinstance(said, list):
                    self._seen(line.ledger, cast(bytes, said[i]), lost)
                elif sure or line.amount > 0:
                    line.ledger.owe(line.amount, now - line.age)

        keys, arguments = _command("settle", self._who, lines)
        self._link.post_run(self._script, keys, *arguments, done=done)

    def _seen(self, ledger: Ledger, epoch: bytes, lost: Amounts | None = None) -> None:
        """Where Redis knows the window under another name than it did, it was emptied: tell it again."""
        known, ledger.epoch = ledger.epoch, epoch if epoch != NONE else None
        if known is not None and known != epoch:
            self._tell(ledger, ledger.told(self._clock.now()) if lost is None else lost)

    def _tell(self, ledger: Ledger, amounts: Amounts, lost: Amounts = ()) -> None:
        for at in range(0, len(amounts), AT_ONCE):
            self._settle([Line(ledger, amount, age) for amount, age in amounts[at : at + AT_ONCE]], lost)
            lost = ()

    def _pause(self, key: str, until: float) -> None:
        def done(said: Answer | Away) -> None:
            if isinstance(said, Away):
                self._pauses[key] = max(self._pauses.get(key, until), until)

        left = int((until - self._clock.now()) * 1e6)
        if left > 0:
            self._link.post_run(self._script, [_shared(key)], "pause", self._who, 0, key, left, done=done)

    def _joined(self) -> None:
        """Tell what Redis has not heard, before anything is taken there again."""
        now = self._clock.now()
        pauses, self._pauses = self._pauses, {}
        for key, until in pauses.items():
            self._pause(key, until)
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
            ledger = self._ledgers[place] = Ledger(key, f"{want.key}:{want.seconds:g}", want.seconds)
        return ledger

    def _kept(self, now: float) -> Sequence[Ledger]:
        """Those that hold something; the others are forgotten."""
        self._ledgers = {place: ledger for place, ledger in self._ledgers.items() if not ledger.empty(now)}
        return list(self._ledgers.values())


def _command(
    action: str, who: str, lines: Sequence[Line], *, waited: bool = False
) -> tuple[list[str], list[str | int]]:
    keys = [_shared(lines[0].ledger.name)]
    arguments: list[str | int] = [action, who, int(waited)]
    for line in lines:
        ledger = line.ledger
        keys.append(ledger.key)
        arguments += (ledger.name, line.amount, line.limit, int(ledger.seconds * 1e6), int(line.age * 1e6))
    return keys, arguments


def _shared(key: str) -> str:
    """Of all that begins with the same name: one place in a Cluster, as the braces are all that counts of a
    key there (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags)."""
    return f"{PREFIX}:s:{{{key.partition(':')[0]}}}"
