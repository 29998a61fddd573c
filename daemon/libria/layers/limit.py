"""Limit: what a provider allows of a key is kept to, shared by all who use it, and learned from what it says.

Position: per target, inside breaker, around the attempt. Once per HTTP request. Raises what is inside
raises; RateLimited with `asked` False when the turn would come after the call's deadline, or so late that
another target answers sooner.

    a call ── its share of every window and a place at once ──▶ sent ──▶ settled with what it really used
                     ▲                                           │
                     └── what the headers of any reply say ◀─────┴──▶ a 429: nobody of the key is sent for a while
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextvars import Context
from dataclasses import dataclass

from libria.clock import Clock
from libria.layers.allowance import UNLIMITED, Allowance, Rates, Taken, hashed
from libria.layers.at_once import AtOnce
from libria.layers.inherited import HeldLimits, Inherited, held
from libria.layers.lane import Lane
from libria.layers.service import Service
from libria.layers.turns import Turns
from libria.layers.windows import Want, Windows
from libria_providers.errors import Overloaded, ProviderError, RateLimited, Refused, TimedOut
from libria_providers.reply import Reply
from libria_providers.types import Call, CountTokens, Finish, Headroom, Usage

__all__ = ["Limit", "LimitState", "Limiter", "Rates", "TargetState", "Want", "Windows"]

FIRST_PAUSE = 1.0
MOST_PAUSE = 8.0
"""Seconds after a 429 that does not say how long; doubled from the first with each one in a row."""

LONGEST_PAUSE = 3600.0
"""Of those that a provider asks for: it may have recovered by then, and one call finds out."""

MOST_LANES = 1000
"""Targets that are remembered; of more, those that nothing is under way with are forgotten."""


_NONE = Rates()


@dataclass(frozen=True, slots=True)
class LimitState:
    """One limit. `used` is what is counted here, None where another machine counts too; `remaining` what the
    provider said last."""

    of: str
    limit: int
    seconds: float
    used: int | None
    remaining: int | None
    learned: bool
    shared: bool  # by all targets of the key


@dataclass(frozen=True, slots=True)
class TargetState:
    """One target with one key, for the status. `paused` is seconds; `at_once` the calls under way, of at
    most `bound` (None: any number), which was `found` by failures or is the user's."""

    target: str
    key: str
    limits: tuple[LimitState, ...]
    paused: float
    waiting: int
    at_once: int
    bound: int | None
    found: bool


class Limiter:
    """What all targets share; one an engine. `used` looks into the windows, where that costs nothing."""

    def __init__(
        self,
        windows: Windows,
        clock: Clock,
        *,
        max_wait: float = 60.0,
        used: Callable[[Want], int | None] = lambda _want: None,
    ) -> None:
        self.windows = windows
        self.clock = clock
        self.max_wait = max_wait
        self._used = used
        self._keys: dict[str, Turns] = {}
        self._lanes = 0
        self._jobs: deque[tuple[Turns, Sequence[Want], Sequence[Want], float]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._inherited = Inherited()

    def limit(self, inner: Service, target: str, key: str, of_key: Rates = _NONE, of_target: Rates = _NONE) -> "Limit":
        """The layer around `inner`. `key` stands for the provider and the credential, on every machine the
        same one; what is known of it and of the target lives on when they get a new layer."""
        hash = hashed(key)
        turns = self._keys.get(hash)
        if turns is None:
            turns = self._keys[hash] = Turns(hash, self.windows, self.clock, self.max_wait)
            self._inherited.give_key(turns)
        turns.max_wait = self.max_wait
        turns.at_once.own = of_key.concurrency
        lane = turns.lanes.get(target)
        if lane is None:
            self._make_room()
            lane_hash = hashed(target)
            lane = Lane(target, lane_hash, Allowance(hash, lane_hash, of_key, of_target), AtOnce(of_target.concurrency))
            turns.lanes[target] = lane
            self._inherited.give_lane(turns, lane)
            self._keys[hash] = turns
            self._lanes += 1
        else:
            lane.allowance.configure(hash, of_key, of_target)
            lane.at_once.own = of_target.concurrency
        lane.used_at = self.clock.now()
        return Limit(inner, self, turns, lane)

    def snapshot(self) -> list[TargetState]:
        """Of all targets that were asked, one for each key."""
        return list(self.states())

    def states(self, recent: float | None = None) -> Iterator[TargetState]:
        """The same, each worked out when it is wanted; of those that were asked in the last `recent` seconds, or
        that anybody waits for."""
        now = self.clock.now()
        lanes = [(turns, lane) for turns in self._keys.values() for lane in turns.lanes.values()]
        for turns, lane in lanes:
            if recent is None or lane.queue or lane.at_once.in_use or now - lane.used_at <= recent:
                yield self._state(turns, lane, now)

    def held(self) -> HeldLimits:
        """All that is known of keys and targets, for `inherit` in another process; the windows go by themselves."""
        return held(self._keys.values())

    def inherit(self, limits: HeldLimits) -> None:
        self._inherited.add(limits, self._keys.values())

    async def aclose(self) -> None:
        """Finish what is to be counted."""
        while self._worker is not None:
            await self._worker

    def kick(self) -> None:
        """What was used up may be free now: the windows are others'."""
        for turns in self._keys.values():
            turns.kick()

    def later(self, turns: Turns, settled: Sequence[Want], learned: Sequence[Want] = (), pause: float = 0.0) -> None:
        """Count these, and tell of a pause, when nobody waits for it."""
        if not settled and not learned and not pause:
            return
        self._jobs.append((turns, settled, learned, pause))
        if self._worker is None:
            self._worker = asyncio.get_running_loop().create_task(self._work(), context=Context())

    async def _work(self) -> None:
        try:
            while self._jobs:
                turns, settled, learned, pause = self._jobs.popleft()
                if pause:
                    await self.windows.pause(f"{turns.hash}:", pause)
                if settled:
                    await self.windows.settle(settled)
                    turns.kick()
                for want in learned:
                    await self.windows.learn(want)
        finally:
            self._worker = None

    def _state(self, turns: Turns, lane: Lane, now: float) -> TargetState:
        allowance = lane.allowance
        limits: list[LimitState] = []
        for rule in allowance.rules:
            if rule.limit < UNLIMITED:
                said = allowance.said(rule)
                limits.append(
                    LimitState(
                        of=rule.of,
                        limit=rule.limit,
                        seconds=rule.seconds,
                        used=self._used(Want(rule.key, 0, rule.limit, rule.seconds)),
                        remaining=said.remaining if said else None,
                        learned=rule.learned,
                        shared=rule.key.startswith(f"{turns.hash}::"),
                    )
                )
        bounds = [bound for bound in (lane.at_once.bound, turns.at_once.bound) if bound is not None]
        return TargetState(
            target=lane.name,
            key=turns.hash,
            limits=tuple(limits),
            paused=round(max(0.0, turns.paused_until - now, turns.shunned_until - now, self._known_pause(turns)), 3),
            waiting=len(lane.queue),
            at_once=lane.at_once.in_use,
            bound=min(bounds, default=None),
            found=lane.at_once.found,
        )

    def _known_pause(self, turns: Turns) -> float:
        return self.windows.known_pause(f"{turns.hash}:")

    def _make_room(self) -> None:
        if self._lanes < MOST_LANES:
            return
        idle = sorted(
            (lane.used_at, hash, name)
            for hash, turns in self._keys.items()
            for name, lane in turns.lanes.items()
            if not lane.at_once.in_use and not lane.queue
        )
        for _, hash, name in idle[: MOST_LANES // 2]:
            self._lanes -= 1
            del self._keys[hash].lanes[name]
            if not self._keys[hash].lanes:
                del self._keys[hash]


class Limit:
    """The layer of one target; `Limiter.limit` makes it."""

    def __init__(self, inner: Service, limiter: Limiter, turns: Turns, lane: Lane) -> None:
        self._inner = inner
        self._limiter = limiter
        self._turns = turns
        self._lane = lane

    async def send(self, call: Call) -> Reply:
        lane, now = self._lane, self._limiter.clock.now
        try:
            taken = await self._turns.enter(lane, call)
        except BaseException:
            self._turns.heard(call, well=False)
            raise
        began = lane.used_at = now()
        try:
            reply = await self._inner.send(call)
        except ProviderError as error:
            self._turns.heard(call, well=False)
            self._over(taken, began, error.usage or Usage(), sent=_sent(error))
            await self._judge(error, began, call)
            raise
        except BaseException:
            self._turns.heard(call, well=False)
            self._over(taken, began, None, sent=True)
            raise
        self._turns.heard(call, well=True)
        reply.on_end(lambda finish, error: self._ended(taken, began, finish, error))
        if reply.headroom:
            self._learn(reply.headroom, call)
        if self._turns.strikes and began >= self._turns.struck:
            self._turns.strikes = 0
        return reply

    def _ended(self, taken: Taken, began: float, finish: Finish | None, error: ProviderError | None) -> None:
        if finish is not None:
            self._lane.allowance.answered(finish.usage)
            self._lane.at_once.succeeded()
            said = finish.usage.input_tokens or finish.usage.output_tokens
            self._over(taken, began, finish.usage if said else None, sent=True)
            return
        if error is not None:  # said within the stream
            self._limiter.later(self._turns, (), pause=self._struck(error, began))
        self._over(taken, began, None if error is None else error.usage or Usage(), sent=True)

    def _over(self, taken: Taken, began: float, usage: Usage | None, *, sent: bool) -> None:
        """Give the place back at once, and what was not used as soon as it can be counted."""
        age = self._limiter.clock.now() - began
        self._turns.leave(self._lane, age)
        self._limiter.later(self._turns, self._lane.allowance.taken_back(taken, age, usage, sent=sent))

    def _learn(self, headroom: tuple[Headroom, ...], call: Call) -> None:
        if isinstance(call.ask, CountTokens):
            return  # limited apart: https://platform.claude.com/docs/en/build-with-claude/token-counting
        lane = self._lane
        used = lane.allowance.learn(headroom, self._limiter.clock.now())
        lane.at_once.told = lane.allowance.told
        self._limiter.later(self._turns, (), used)

    async def _judge(self, error: ProviderError, began: float, call: Call) -> None:
        if error.headroom:
            self._learn(error.headroom, call)
        if pause := self._struck(error, began):
            await self._limiter.windows.pause(f"{self._turns.hash}:", pause)

    def _struck(self, error: ProviderError, began: float) -> float:
        """What is learned of it; for how many seconds the key is to be paused."""
        lane, turns, now = self._lane, self._turns, self._limiter.clock.now()
        if not error.asked or not isinstance(error, RateLimited | Overloaded):
            return 0.0
        lane.at_once.failed(began, now)
        if not isinstance(error, RateLimited):
            return 0.0
        if began >= turns.struck:  # else of those that were under way when the first came back
            turns.strikes += 1
            turns.struck = now
        backoff = min(MOST_PAUSE, FIRST_PAUSE * 2.0 ** (max(1, turns.strikes) - 1))
        pause = min(LONGEST_PAUSE, error.retry_after or _full_again(error) or backoff)
        if pause > self._limiter.max_wait:
            # Nobody waits for so long: who has another target goes there, who has none may look once more.
            turns.shunned_until = max(turns.shunned_until, now + pause)
            return 0.0
        turns.paused_until = max(turns.paused_until, now + pause)
        return pause


def _sent(error: ProviderError) -> bool:
    """Whether a request was made that the provider counts. It does not count what it refused as too much."""
    if isinstance(error, RateLimited) or not error.asked:
        return False
    if isinstance(error, TimedOut) and error.phase == "connect":
        return False
    return not (isinstance(error, Refused) and error.status is None and error.code is None)


def _full_again(error: ProviderError) -> float | None:
    """Seconds until what is used up is there again, as the headers say."""
    return max((told.reset for told in error.headroom if told.remaining == 0 and told.reset), default=None)
