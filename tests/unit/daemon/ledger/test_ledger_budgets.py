"""Budgets: who may go on, what is said of it, and what machines tell each other."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from ledger_kit import DAY, row

from libria.config import Config
from libria.ledger.budgets import Budgets
from libria.ledger.ledger import Ledger
from libria.ledger.row import PICO
from libria.stores.redis_budgets import Told
from libria.testing import FakeClock
from libria_providers.errors import QuotaExhausted
from libria_providers.types import Call, Origin, Status, Trace


class Machines:
    """What others have spent, and what they were told."""

    def __init__(self, *others: int | None) -> None:
        self.others = others
        self.told: list[Told] = []

    async def sums(self, told: Sequence[Told]) -> list[int] | None:
        self.told += told
        others = self.others[0]
        return None if others is None else [others * PICO + one.own for one in told]

    def tell(self, told: Sequence[Told]) -> None:
        self.told += told


class Kit:
    def __init__(self, shared: Machines | None = None, **budgets: dict[str, Any]) -> None:
        self.clock = FakeClock()
        config = Config.model_validate({"budgets": budgets})
        self.ledger = Ledger(self.clock, None, config)
        self.budgets = Budgets(self.ledger, self.clock)
        self.budgets.configure(config, shared)

    def spend(self, usd: float | None, tool: str = "Neovim", provider: str = "openai") -> None:
        cost = None if usd is None else round(usd * PICO)
        self.ledger.totals.add(row(tool=tool, provider=provider, cost=cost), self.clock.wall())
        self.budgets.spent(tool, provider)

    async def ask(self, tool: str = "Neovim", target: str = "openai/gpt") -> list[Status]:
        said: list[Status] = []
        await self.budgets.check(Call(target, origin=Origin(client=tool), trace=Trace(report=said.append)))
        return said


async def test_nothing_more_is_sent_once_it_is_spent() -> None:
    kit = Kit(daily={"usd": 5.0, "per": "day", "action": "refuse"})
    kit.spend(4.99)
    assert await kit.ask() == []
    kit.spend(0.03)
    with pytest.raises(QuotaExhausted) as refused:
        await kit.ask()
    error = refused.value
    renews = datetime.fromtimestamp(kit.ledger.totals.period("day", kit.clock.wall()).end)
    assert error.message == (
        f'The budget "daily" is spent ($5.02 of $5.00 today) and renews at {renews:%Y-%m-%d %H:%M}; '
        "to go on now, raise budgets.daily.usd in the config."
    )
    assert (error.asked, error.retryable, error.provider, error.model) == (False, False, "openai", "gpt")
    await kit.clock.advance(DAY)
    assert await kit.ask() == []


async def test_it_is_of_the_tool_and_the_provider_that_it_names() -> None:
    kit = Kit(mine={"usd": 1.0, "tool": "neovim", "provider": "openai", "action": "refuse"})
    kit.spend(9.0, "Helix")
    kit.spend(9.0, "Neovim", "groq")
    assert await kit.ask() == []
    kit.spend(1.0)
    kit.spend(None)
    with pytest.raises(QuotaExhausted) as refused:
        await kit.ask()
    words = "$1.00 of $1.00 this month by neovim at openai, and 1 attempts whose price is not known"
    assert words in refused.value.message
    assert await kit.ask("Helix") == []
    assert await kit.ask("Neovim", "groq/m") == []


async def test_nothing_at_all_is_a_budget_too() -> None:
    with pytest.raises(QuotaExhausted):
        await Kit(none={"usd": 0, "action": "refuse"}).ask()


async def test_a_warning_stops_nobody_and_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    kit = Kit(soft={"usd": 1.0}, hard={"usd": 2.0, "action": "refuse"})
    with caplog.at_level(logging.WARNING):
        kit.spend(0.9)
        kit.spend(0.2)
        for _ in range(3):
            assert [status.reason for status in await kit.ask()] == ["budgetSpent"]
        kit.spend(0.7)
        kit.spend(0.1)
    assert [record.message[:34] for record in caplog.records] == [
        'The budget "soft" is spent ($1.10 ', 'The budget "hard" is nearly spent ',
    ]  # fmt: skip
    assert [(state.name, state.mood) for state in await kit.budgets.states()] == [("soft", "spent"), ("hard", "near")]


async def test_machines_share_and_each_goes_on_by_itself_while_redis_is_away() -> None:
    machines = Machines(4)
    kit = Kit(machines, daily={"usd": 5.0, "per": "day", "action": "refuse"})
    kit.spend(0.5)
    assert await kit.ask() == []
    kit.spend(0.6)
    with pytest.raises(QuotaExhausted, match=r"\$5.10 of \$5.00"):
        await kit.ask()
    assert [one.own for one in machines.told] == [PICO // 2, PICO // 2, 11 * PICO // 10, 11 * PICO // 10]
    assert {(one.name, len(one.period)) for one in machines.told} == {("daily", 10)}
    machines.others = (None,)
    with pytest.raises(QuotaExhausted):
        await kit.ask()  # what was heard today is still so
    await kit.clock.advance(DAY)
    assert await kit.ask() == []


async def test_without_redis_what_machines_said_no_longer_counts() -> None:
    kit = Kit(Machines(9), daily={"usd": 5.0, "action": "refuse"})
    with pytest.raises(QuotaExhausted):
        await kit.ask()
    kit.budgets.configure(Config.model_validate({"budgets": {"daily": {"usd": 5.0, "action": "refuse"}}}), None)
    assert await kit.ask() == []


def test_the_sums_of_a_day_end_with_it() -> None:
    kit = Kit()
    kit.spend(1.0)
    totals, now = kit.ledger.totals, kit.clock.wall()
    assert totals.of("day", now).cost == PICO
    assert totals.of("day", now + DAY).cost == 0
    assert totals.of("month", now).cost == PICO
    assert totals.of("day", now).cost == 0, "a clock that was set back begins anew"


def test_names_beyond_a_thousand_are_one() -> None:
    kit = Kit()
    for number in range(1500):
        kit.spend(1.0, f"tool {number}")
    assert kit.ledger.totals.of("day", kit.clock.wall()).cost == 1500 * PICO
