"""The connection to Redis and its health: whoever asks has an answer within 40 ms or goes on without.

    away ──connected, and two small writes answered in time──▶ connected
     ▲ │                                                          │
     │ └──not so: again after 0.5 s, 1 s … 10 s                   │
     └──no answer in time, a broken connection, a server that cannot write──┘

While it is away nobody waits: each question raises Away at once, and one task tries to come back.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from libria.clock import Clock
from libria.stores.redis_address import Address, address
from libria.stores.redis_connect import Lane, connect
from libria.stores.redis_fault import Answer, Away, Kind
from libria.stores.redis_keeper import BEAT, LIMIT, Connect, Keeper
from libria.stores.redis_pipe import Done
from libria.stores.redis_question import LATE, Sent, answer_to, patience_left, within
from libria.stores.redis_script import Script

log = logging.getLogger("libria.redis")

T = TypeVar("T")

CROWD, MOST_WAITING = 32, 1000
"""Commands that wait for their answers: from the first figure on it may be we who are slow; beyond the second
nobody waits, as it would not be answered in time."""

SILENCE = 0.2
"""Seconds without any answer that a crowd allows it: it reads all that came before it answers any."""


@dataclass(frozen=True, slots=True)
class RedisState:
    """`since` is the clock's seconds; `error` is why it was last away; `url` holds no password."""

    url: str
    status: Literal["connected", "away", "off"]
    since: float
    error: Kind | None = None
    round_trip_ms: float | None = None


class Link:
    """Without a URL it is off, and costs nothing. `start` it within the loop that asks; `aclose` it last."""

    def __init__(
        self,
        url: str | None,
        clock: Clock,
        *,
        connect: Connect = connect,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._connect = connect
        self._random = random
        self._address: Address | None = None
        self._shown = ""
        self._error: Kind | None = None
        self._since = clock.now()
        self._lane: Lane | None = None  # of which all is well
        self._keeper: Keeper | None = None
        self._trip: float | None = None  # seconds, smoothed
        self._answered = 0.0  # when the last answer came
        self._busy = 0.0  # when a command was sent that had nobody before it
        self._joining: list[Callable[[], None]] = []
        if url:
            try:
                self._address = address(url)
                self._shown = self._address.shown
            except ValueError:
                self._error = "badAddress"  # said by the config's own check; there is nothing to try

    def start(self) -> None:
        if self._address is not None and self._keeper is None:
            self._keeper = Keeper(self._address, self._clock, self, self._connect, self._random)

    async def aclose(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            await keeper.aclose()

    def state(self) -> RedisState:
        if self._address is None and self._error is None:
            return RedisState("", "off", self._since)
        if self._lane is None:
            return RedisState(self._shown, "away", self._since, self._error)
        trip = round(self._trip * 1000, 3) if self._trip is not None else None
        return RedisState(self._shown, "connected", self._since, self._error, trip)

    @property
    def connected(self) -> bool:
        return self._lane is not None

    def on_join(self, callback: Callable[[], None]) -> None:
        """Call `callback` each time that Redis is back: what it posts comes before all else."""
        self._joining.append(callback)

    async def ask(self, *command: bytes | str | int, late: Done | None = None) -> Answer:
        """The answer to one command. Raises Away, after 40 ms at most, or what is left of the call's patience.
        `late` is called with an answer that comes when nobody waits for it: what was taken by it, nobody has."""
        return await self._bounded(lambda lane, limit: answer_to(command, lane, self._clock, limit, self._heard, late))

    async def answer(self, answer: "asyncio.Future[T | Away]", sent: Sent) -> T:
        """What a question brings that is posted by others, at `sent`. Raises Away as `ask` does; `answer` is done
        then."""
        try:
            return await self._bounded(lambda lane, limit: within(limit, answer, lane, self._clock, sent), sent)
        finally:
            answer.cancel()

    async def _bounded(
        self,
        wait: "Callable[[Lane, float], Coroutine[None, None, T | Away]]",
        sent: Sent | None = None,
    ) -> T:
        lane, patience = self._lane, patience_left()
        if lane is None:
            raise Away(self._error or "disconnected")
        limit = LIMIT if patience is None else min(LIMIT, patience.left)
        before = lane.waiting
        if limit < LATE or before >= MOST_WAITING:
            raise Away("timedOut")
        began = self._clock.now()
        if before == 0 and sent is None:
            self._busy = began
        try:
            said = await wait(lane, limit)
        finally:
            took = self._clock.now() - began
            if patience is not None:
                patience.left -= took
        if isinstance(said, Away):
            asked = began if sent is None else sent()
            if said.lasting and not (said.kind == "timedOut" and self._excused(lane, before, limit, asked)):
                self.left(lane, said)
            raise said
        self._trip = took if self._trip is None else 0.9 * self._trip + 0.1 * took
        return said

    async def run(self, script: Script, keys: Sequence[str], *args: str | int, late: Done | None = None) -> Answer:
        """The answer of a script. Raises Away."""
        try:
            return await self.ask("EVALSHA", script.sha, len(keys), *keys, *args, late=late)
        except Away as away:
            if away.kind != "noScript":
                raise
        # Redis was started anew, or its scripts were flushed: told the text once, it knows it again.
        return await self.ask("EVAL", script.text, len(keys), *keys, *args, late=late)

    def post(self, *command: bytes | str | int, done: Done | None = None) -> None:
        """Send and go on. `done` is called with the answer, or with Away."""
        lane = self._lane

        def answered(said: Answer | Away) -> None:
            if not isinstance(said, Away):
                self._heard()
            elif said.lasting and lane is not None:
                self.left(lane, said)
            if done is not None:
                done(said)

        if lane is None:
            answered(Away(self._error or "disconnected"))
            return
        if lane.waiting == 0:
            self._busy = self._clock.now()
        lane.send(command, answered)

    def post_run(self, script: Script, keys: Sequence[str], *args: str | int, done: Done | None = None) -> None:
        def answered(said: Answer | Away) -> None:
            if isinstance(said, Away) and said.kind == "noScript":
                self.post("EVAL", script.text, len(keys), *keys, *args, done=done)
            elif done is not None:
                done(said)

        self.post("EVALSHA", script.sha, len(keys), *keys, *args, done=answered)

    def joined(self, lane: Lane, round_trip: float) -> None:
        self._lane = lane
        self._trip = round_trip
        self._since = self._answered = self._clock.now()
        log.info("Redis at %s is joined: limits are shared", self._shown)
        for callback in self._joining:
            callback()

    def left(self, lane: Lane, why: Away) -> None:
        lane.break_off(why)
        if self._lane is lane:
            self._lane = None
            self._error = why.kind
            self._since = self._clock.now()
            if self._keeper is not None:  # else it is we who leave
                log.warning("Redis at %s is away (%s): limits and cache go on locally", self._shown, why.kind)

    def failed(self, why: Away) -> None:
        self._error = why.kind

    async def beat(self) -> None:
        if self._clock.now() - self._answered >= BEAT:
            with contextlib.suppress(Away):
                await self.ask("PING")

    def _excused(self, lane: Lane, before: int, limit: float, sent: float | None) -> bool:
        """Whether silence says nothing: the call had little time left, or waited until it could be asked for, or
        Redis has very much to answer."""
        if limit < LIMIT or sent is None or self._clock.now() < sent + LIMIT - LATE:
            return True
        silent = self._clock.now() - max(self._answered, self._busy)
        return max(before, lane.waiting) >= CROWD and silent < SILENCE

    def _heard(self) -> None:
        self._answered = self._clock.now()
