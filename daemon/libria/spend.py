"""What was used, by target: failed, cancelled and hedged attempts too; since the daemon started, and today."""

from bisect import bisect_left
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from libria.clock import Clock
from libria_providers.types import Attempt, Usage

MOST_TARGETS = 1000
"""Kept apart; what is beyond is summed up under one name."""

OTHERS = "others"

TIERS = (32_000, 128_000, 200_000, 256_000, 272_000)
"""Tokens of input from which vendors take another price for the whole request: attempts on two sides of one are
summed up apart. https://ai.google.dev/gemini-api/docs/pricing, https://platform.claude.com/docs/en/about-claude/pricing,
https://www.alibabacloud.com/help/en/model-studio/model-pricing"""

Price = Callable[[str, Usage], Awaitable[float | None]]
"""US dollars of one attempt at a target, None where its price is not known."""


@dataclass(slots=True)
class Spent:
    """Sums. `estimated_attempts` are those whose tokens were counted here, as the provider said none:
    their replies broke or were left before the end."""

    attempts: int = 0
    failed: int = 0
    cancelled: int = 0
    estimated_attempts: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(slots=True)
class _Sum:
    """Of attempts of one price: Usage's five figures in its order, and how many attempts `usd` is for."""

    attempts: int = 0
    tokens: list[int] = field(default_factory=lambda: [0] * 5)
    priced: int = 0
    usd: float | None = None

    async def price(self, target: str, price: Price) -> float | None:
        """As if it had been as few attempts as have the same price: a sum of many small ones has another."""
        few = max(1, -(-self.tokens[0] // TIERS[0]))
        count = min(few, self.attempts) if self.tokens[0] <= self.attempts * TIERS[0] else self.attempts
        each = await price(target, Usage(*(round(tokens / count) for tokens in self.tokens)))
        return None if each is None else each * count


@dataclass(frozen=True, slots=True)
class Today:
    """Since midnight, or since the daemon started: `seconds` ago. `unpriced` attempts are not in `usd`."""

    seconds: float
    usd: float
    attempts: int
    unpriced: int
    input_tokens: int
    output_tokens: int


class Spend:
    def __init__(self, clock: Clock) -> None:
        self.by_target: dict[str, Spent] = {}
        self._wall = clock.wall
        self._since = self._wall()  # of what counts as today's
        self._day = _day(self._since)
        self._sums: dict[tuple[str, int], _Sum] = {}

    def add(self, attempt: Attempt, usage: Usage, exact: bool) -> None:
        name = attempt.target
        if name not in self.by_target and len(self.by_target) >= MOST_TARGETS:
            name = OTHERS
        spent = self.by_target.setdefault(name, Spent())
        spent.attempts += 1
        spent.failed += attempt.outcome not in ("ok", "cancelled")
        spent.cancelled += attempt.outcome == "cancelled"
        spent.estimated_attempts += not exact
        spent.input_tokens += usage.input_tokens
        spent.output_tokens += usage.output_tokens
        if usage.input_tokens or usage.output_tokens:
            self._add_today(name, usage)

    async def today(self, price: Price) -> Today:
        self._look_at_the_day()
        usd, unpriced = 0.0, 0
        sums = list(self._sums.items())
        for (target, _), of in sums:
            if of.priced != of.attempts:  # else nothing has changed: to find a price takes its time
                count = of.attempts
                of.usd, of.priced = await of.price(target, price), count
            usd += of.usd or 0.0
            unpriced += of.attempts if of.usd is None else 0
        return Today(
            seconds=round(max(0.0, self._wall() - self._since), 3),
            usd=round(usd, 6),
            attempts=sum(of.attempts for _, of in sums),
            unpriced=unpriced,
            input_tokens=sum(of.tokens[0] for _, of in sums),
            output_tokens=sum(of.tokens[1] for _, of in sums),
        )

    def _add_today(self, target: str, usage: Usage) -> None:
        self._look_at_the_day()
        key = (target, bisect_left(TIERS, usage.input_tokens))
        of = self._sums.get(key)
        if of is None:
            of = self._sums[key] = _Sum()
        of.attempts += 1
        tokens = of.tokens
        tokens[0] += usage.input_tokens
        tokens[1] += usage.output_tokens
        tokens[2] += usage.cached_input_tokens or 0
        tokens[3] += usage.reasoning_tokens or 0
        tokens[4] += usage.cache_write_input_tokens or 0

    def _look_at_the_day(self) -> None:
        """It is another one also where the clock was set back."""
        now = self._wall()
        if not self._day[0] <= now < self._day[1]:
            self._day = _day(now)
            self._since = self._day[0]
            self._sums.clear()


def _day(now: float) -> tuple[float, float]:
    """Its two midnights, here."""
    begin = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    end = (begin + timedelta(days=1, hours=1)).replace(hour=0)  # a day may have 25 hours
    return begin.timestamp(), end.timestamp()
