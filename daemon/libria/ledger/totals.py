"""What was used today and this month, by tool and provider: kept as rows come, so that nobody waits for the file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from libria.ledger.periods import Per, Period, period

MOST_KEYS = 1000
"""Tools and providers kept apart; what is beyond is summed up as one."""

BEYOND = ("", "")

Key = tuple[str, str]
"""Tool and provider."""


@dataclass(slots=True)
class Sum:
    """`cost` is trillionths of a US dollar, without the `unpriced` attempts."""

    attempts: int = 0
    unpriced: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0

    def add(self, other: "Sum") -> None:
        self.attempts += other.attempts
        self.unpriced += other.unpriced
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cost += other.cost


@dataclass(frozen=True, slots=True)
class Others:
    """What the file holds of daemons before and beside this one, of a period."""

    period: Period
    sums: Mapping[Key, Sum]


class Attempted(Protocol):
    """A row of the ledger, of an attempt."""

    @property
    def tool(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def input_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...
    @property
    def cost(self) -> int | None: ...


@dataclass(slots=True)
class _Running:
    per: Per
    period: Period
    sums: dict[Key, Sum] = field(default_factory=dict[Key, Sum])


class Totals:
    """`others` is set, in one piece, by the thread that reads the file; on the loop it is only read."""

    def __init__(self, now: float) -> None:
        self.others: Mapping[Per, Others] = {}
        self._running: Mapping[Per, _Running] = {
            "day": _Running("day", period("day", now)),
            "month": _Running("month", period("month", now)),
        }

    def add(self, row: Attempted, now: float) -> None:
        key = (row.tool, row.provider)
        for running in self._running.values():
            if not running.period.begin <= now < running.period.end:
                self._turn(running, now)
            of = running.sums.get(key)
            if of is None:
                key = key if len(running.sums) < MOST_KEYS else BEYOND
                of = running.sums.setdefault(key, Sum())
            of.attempts += 1
            of.input_tokens += row.input_tokens
            of.output_tokens += row.output_tokens
            if row.cost is None:
                of.unpriced += 1
            else:
                of.cost += row.cost

    def of(self, per: Per, now: float, tool: str | None = None, provider: str | None = None) -> Sum:
        """Of one tool, whatever the case of its name, and of one provider; None for all."""
        running = self._running[per]
        if not running.period.holds(now):
            self._turn(running, now)
        total = Sum()
        for sums in self._both(running):
            for (its, of), found in sums:
                if (tool is None or its.casefold() == tool.casefold()) and (provider is None or of == provider):
                    total.add(found)
        return total

    def period(self, per: Per, now: float) -> Period:
        running = self._running[per]
        if not running.period.holds(now):
            self._turn(running, now)
        return running.period

    def _both(self, running: _Running) -> Iterable[Iterable[tuple[Key, Sum]]]:
        yield running.sums.items()
        others = self.others.get(running.per)
        if others is not None and others.period.name == running.period.name:
            yield others.sums.items()

    def _turn(self, running: _Running, now: float) -> None:
        """Another period has begun; it is another one also where the clock was set back."""
        running.period = period(running.per, now)
        running.sums.clear()
