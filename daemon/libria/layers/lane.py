"""One target as the limiter sees it: what it allows, what is under way, who waits for it."""

import asyncio

from libria.layers.allowance import Allowance, Taken
from libria.layers.at_once import AtOnce
from libria.queue import FairQueue, Told
from libria_providers.types import Call

HOLDS_SECONDS = 2.0
"""How long a call holds its place at once, before it is known of a target."""


class Lane:
    """One target: what it allows, what is under way, who waits. `blocked_until` is when the first of the queue
    is asked for again, by `reason`; `holds` the moving average of the seconds that a call takes."""

    def __init__(self, name: str, hash: str, allowance: Allowance, at_once: AtOnce) -> None:
        self.name = name
        self.hash = hash
        self.allowance = allowance
        self.at_once = at_once
        self.queue = FairQueue[Turn]()
        self.blocked_until = 0.0
        self.reason = "rateLimit"
        self.holds = HOLDS_SECONDS
        self.served = 0  # in which order lanes were
        self.used_at = 0.0

    def eta(self, turn: "Turn", place: int, now: float, of_key: int | None) -> float:
        """Seconds until `turn`, whose place in the queue it is, is likely to come; `of_key` bounds the whole key."""
        if self.reason == "concurrency":
            return self.holds * place / (self.at_once.bound or of_key or 1)
        pace = max((want.amount / want.limit * want.seconds for want in turn.taken.wants), default=0.0)
        return max(self.blocked_until - now, (place - 1) * pace, 0.0)

    def least(self, taken: Taken, ahead: int, now: float) -> float:
        """Seconds that one behind so many others waits at the least: each of them is a request, and there are
        only so many of these in any window after the first of them."""
        first = max(0.0, self.blocked_until - now) if self.reason == "rateLimit" else 0.0
        wants = zip(taken.wants, taken.rules, strict=True)
        return first + max(ahead // want.limit * want.seconds for want, rule in wants if rule.of == "requests")


class Turn:
    """One call that waits, at most `until`."""

    __slots__ = ("batch", "call", "future", "lane", "taken", "told", "until", "version")

    def __init__(self, call: Call, lane: Lane, taken: Taken, until: float) -> None:
        self.call = call
        self.lane = lane
        self.taken = taken
        self.version = lane.allowance.version
        self.until = until
        self.batch = call.priority == "batch"
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.told = Told()
