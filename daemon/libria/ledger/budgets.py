"""The user's budgets: what is spent of each, who may not go on, and what is said of that."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from libria.clock import Clock
from libria.config import Config
from libria.config.model import Budget
from libria.ledger.ledger import Ledger
from libria.ledger.money import dollars
from libria.ledger.row import PICO
from libria.stores.redis_budgets import Told
from libria_providers.errors import QuotaExhausted
from libria_providers.types import Call, Status

log = logging.getLogger("libria.ledger")

NEAR_SHARE = 0.8
"""Of a budget that refuses, from which it is said that it soon will."""


class Shared(Protocol):
    """What machines have spent together; stores/redis_budgets.py's."""

    async def sums(self, told: Sequence[Told]) -> list[int] | None: ...
    def tell(self, told: Sequence[Told]) -> None: ...


@dataclass(frozen=True, slots=True)
class BudgetState:
    """`spent` is US dollars in this period, without the `unpriced` attempts; `renews` seconds since the epoch."""

    name: str
    budget: Budget
    spent: float
    unpriced: int
    renews: float

    @property
    def mood(self) -> Literal["", "near", "spent"]:
        if self.spent >= self.budget.usd:
            return "spent"
        near = self.budget.action == "refuse" and self.spent >= self.budget.usd * NEAR_SHARE
        return "near" if near else ""

    @property
    def sentence(self) -> str:
        """What to know and to do; empty while there is nothing to say."""
        match self.mood:
            case "spent" if self.budget.action == "refuse":
                return f"{self._spent('is spent')}; to go on now, raise budgets.{self.name}.usd in the config."
            case "spent":
                return f"{self._spent('is spent')}; it only warns."
            case "near":
                return f"{self._spent('is nearly spent')}; then nothing more is sent that costs anything."
            case _:
                return ""

    def _spent(self, how: str) -> str:
        budget = self.budget
        when = "today" if budget.per == "day" else "this month"
        whose = "".join(f" {word} {name}" for word, name in (("by", budget.tool), ("at", budget.provider)) if name)
        unpriced = f", and {self.unpriced} attempts whose price is not known" if self.unpriced else ""
        figures = f"{dollars(self.spent)} of {dollars(budget.usd)} {when}{whose}{unpriced}"
        renews = datetime.fromtimestamp(self.renews)
        return f'The budget "{self.name}" {how} ({figures}) and renews at {renews:%Y-%m-%d %H:%M}'


class Budgets:
    """`check` stands before each call that costs something, `spent` after each attempt. A call under way counts when
    it ends: what is spent may go beyond a budget by what was under way when it was reached."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._wall = clock.wall
        self._budgets: Mapping[str, Budget] = {}
        self._shared: Shared | None = None
        self._heard: dict[str, tuple[str, int]] = {}  # period, and what all machines have spent in it
        self._said: dict[str, tuple[str, str]] = {}  # period and mood that the log was told of

    def configure(self, config: Config, shared: Shared | None) -> None:
        """`shared` is None where this machine shares with no other."""
        self._budgets = config.budgets
        self._shared = shared

    def __bool__(self) -> bool:
        return bool(self._budgets)

    @property
    def by_tool(self) -> bool:
        """Whether it matters which tool asks."""
        return any(budget.tool is not None for budget in self._budgets.values())

    async def check(self, call: Call) -> None:
        """Raises QuotaExhausted that was not asked."""
        provider, _, model = call.model.partition("/")
        mine = self._concerned(call.origin.client, provider)
        if not mine:
            return
        await self._ledger.ready()
        await self._hear(mine)
        states = [self._state(name) for name in mine]
        self._say(states)
        for state in states:
            if state.mood == "spent":
                if state.budget.action == "refuse":
                    raise QuotaExhausted(state.sentence, provider=provider, model=model, asked=False)
                call.trace.report(Status("connecting", reason="budgetSpent", target=call.model))

    def spent(self, tool: str, provider: str) -> None:
        """An attempt has ended, and is in the totals."""
        if not self._budgets:
            return
        mine = self._concerned(tool, provider)
        if mine and self._ledger.loaded:
            if self._shared is not None:
                self._shared.tell([self._told(name) for name in mine])
            self._say([self._state(name) for name in mine])

    async def states(self) -> list[BudgetState]:
        """All of them."""
        names = list(self._budgets)
        if names:
            await self._ledger.ready()
            await self._hear(names)
        return [self._state(name) for name in names]

    def _concerned(self, tool: str, provider: str) -> list[str]:
        return [
            name
            for name, budget in self._budgets.items()
            if (budget.tool is None or budget.tool.casefold() == tool.casefold())
            and (budget.provider is None or budget.provider == provider)
        ]

    async def _hear(self, names: Sequence[str]) -> None:
        """What other machines have spent, and tell them what this one has."""
        if self._shared is None:
            return
        told = [self._told(name) for name in names]
        sums = await self._shared.sums(told)
        if sums is not None:
            self._heard.update({one.name: (one.period, sum) for one, sum in zip(told, sums, strict=True)})

    def _told(self, name: str) -> Told:
        budget, now = self._budgets[name], self._wall()
        span = self._ledger.totals.period(budget.per, now)
        own = self._ledger.totals.of(budget.per, now, budget.tool, budget.provider).cost
        return Told(name, span.name, own, span.end - now)

    def _state(self, name: str) -> BudgetState:
        budget, now = self._budgets[name], self._wall()
        totals = self._ledger.totals
        span, own = totals.period(budget.per, now), totals.of(budget.per, now, budget.tool, budget.provider)
        period, heard = self._heard.get(name, ("", 0))
        all = heard if period == span.name and self._shared is not None else 0
        return BudgetState(name, budget, max(own.cost, all) / PICO, own.unpriced, span.end)

    def _say(self, states: Sequence[BudgetState]) -> None:
        """Once a period to the log."""
        for state in states:
            now = (self._ledger.totals.period(state.budget.per, self._wall()).name, state.mood)
            if state.mood and self._said.get(state.name) != now:
                log.warning("%s", state.sentence)
            self._said[state.name] = now
