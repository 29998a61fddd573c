"""What this machine took of one window, and what of that Redis does not know yet."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

PARTS = 120
"""Of a window: how finely it is remembered when something was taken."""

MOST_UNTOLD = 2000
"""What is owed of one window; of more, the older half is never told."""

Amounts = Sequence[tuple[int, float]]
"""Amounts with their ages in seconds."""


@dataclass(slots=True)
class Ledger:
    """Amounts by when they were taken, on the local clock. `key` and `name` are the window's in Redis;
    `epoch` names its state there: once it is another, Redis has lost what we told it."""

    key: str
    name: str
    seconds: float
    epoch: bytes | None = None
    under_way: int = 0  # told, but not heard yet
    _mine: "deque[tuple[int, int]]" = field(default_factory=deque[tuple[int, int]])  # part, amount; oldest first
    _untold: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])  # amount, when exactly
    _others: int = 0  # what all others had used in the part
    _others_at: int = 0

    def add(self, amount: int, at: float, now: float) -> None:
        self._forget(now)
        part = self._part(at)
        later: list[tuple[int, int]] = []
        while self._mine and self._mine[-1][0] > part:  # settled after something else was taken
            later.append(self._mine.pop())
        if self._mine and self._mine[-1][0] == part:
            amount += self._mine.pop()[1]
        self._mine.append((part, amount))
        self._mine.extend(reversed(later))

    def owe(self, amount: int, at: float) -> None:
        """What was added is still to be told."""
        if len(self._untold) >= MOST_UNTOLD:
            self._untold = [(amount, when) for amount, when in self._untold if at - when < self.seconds]
            self._untold = self._untold[-MOST_UNTOLD // 2 :]
        self._untold.append((amount, at))

    def untold(self, now: float) -> Amounts:
        """Once: whoever asks for it tells it."""
        untold, self._untold = self._untold, []
        return [(amount, max(0.0, now - at)) for amount, at in untold if now - at < self.seconds]

    def told(self, now: float) -> Amounts:
        """All that Redis ought to know, each part as of its end: so none is forgotten too early."""
        self._forget(now)
        parts = dict(self._mine)
        for amount, at in self._untold:
            part = self._part(at)
            parts[part] = parts.get(part, 0) - amount
        width = self.seconds / PARTS
        return [(amount, max(0.0, now - (part + 1) * width)) for part, amount in parts.items() if amount > 0]

    def heard(self, used: int, now: float) -> None:
        """Redis says what of the window all have used. What others used of it they may have used just now: of a sum
        that stays the same, any part may have ended and begun again."""
        self._forget(now)
        mine = sum(amount for _, amount in self._mine) - sum(amount for amount, _ in self._untold) - self.under_way
        self._others = max(0, used - max(0, mine))
        self._others_at = self._part(now)

    def too_much(self, amount: int, limit: int, share: float, now: float) -> float:
        """Seconds until `amount` may be taken without Redis; 0.0 where it may now. What all had used when it was
        last heard counts, and of the rest each machine has its share, as none knows what the others take of it."""
        self._forget(now)
        mine = sum(amount for _, amount in self._mine)
        known = mine + self._others
        over = known + amount - limit
        if amount <= limit * share:  # else it would never fit
            new = max(0, sum(amount for amount, at in self._untold if now - at < self.seconds) + self.under_way)
            over = max(over, math.ceil((new + amount) / share - 1e-9) - (limit - known + min(new, mine)))
        if over <= 0:
            return 0.0
        for part, gone in sorted([*self._mine, (self._others_at, self._others)]):
            over -= gone
            if over <= 0:
                return (part + PARTS + 1) * self.seconds / PARTS - now
        return self.seconds

    def empty(self, now: float) -> bool:
        self._forget(now)
        return not self._mine and not self._others

    def _part(self, at: float) -> int:
        return int(at * PARTS / self.seconds)

    def _forget(self, now: float) -> None:
        first = self._part(now) - PARTS
        while self._mine and self._mine[0][0] < first:
            self._mine.popleft()
        if self._others_at < first:
            self._others = 0
