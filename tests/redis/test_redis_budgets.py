"""Budgets that machines share on a real Redis: what one spends all know, and nothing is lost or counted twice."""

import asyncio
import sys
import tempfile
from pathlib import Path

import pytest
from real_redis import RealRedis
from redis_waits import Join, joined

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))  # the clients and homes of those tests

from e2e_home import Home  # found through the line above
from e2e_ledger import ALIASES, DEAR, a_tool

from libria.stores.redis_budgets import PREFIX, RedisBudgets, Told
from libria_providers.simulator import Simulator

USD = 10**12
KEY = f"{PREFIX}daily:2026-11-24"


def told(own: int, name: str = "daily", period: str = "2026-11-24") -> Told:
    return Told(name, period, own, 3600.0)


@pytest.fixture
async def pair(server: RealRedis, join: Join) -> tuple[RedisBudgets, RedisBudgets]:
    return RedisBudgets(await join(server.url), "one"), RedisBudgets(await join(server.url), "two")


async def test_all_know_what_all_have_spent(pair: tuple[RedisBudgets, RedisBudgets], server: RealRedis) -> None:
    one, two = pair
    assert await one.sums([told(2 * USD)]) == [2 * USD]
    assert await two.sums([told(3 * USD), told(USD, "other")]) == [5 * USD, USD]
    assert await one.sums([told(2 * USD), told(0, period="2026-11-25")]) == [5 * USD, 0]
    assert await one.sums([told(USD // 10**6 * 2_500_000)]) == [int(5.5 * USD)]
    assert await one.sums([told(USD)]) == [int(5.5 * USD)], "who has forgotten what it spent takes nothing back"
    assert 3 * 86_400 < server.ask("TTL", KEY) <= 3 * 86_400 + 3600


async def test_to_tell_waits_for_nobody(pair: tuple[RedisBudgets, RedisBudgets]) -> None:
    one, two = pair
    for spent in range(1, 101):
        one.tell([told(spent * USD)])
    await one.sums([told(0)])  # behind them on the same connection
    assert await two.sums([told(0)]) == [100 * USD]


async def test_what_redis_has_lost_is_told_again(pair: tuple[RedisBudgets, RedisBudgets], server: RealRedis) -> None:
    one, two = pair
    await one.sums([told(2 * USD)])
    server.ask("FLUSHALL")
    server.ask("SCRIPT", "FLUSH")
    assert await two.sums([told(3 * USD)]) == [3 * USD]
    assert await one.sums([told(2 * USD)]) == [5 * USD]


async def test_while_redis_is_away_nobody_knows(server: RealRedis, join: Join) -> None:
    link = await join(server.url)
    budgets = RedisBudgets(link, "one")
    await budgets.sums([told(USD)])
    server.kill()
    assert await budgets.sums([told(2 * USD)]) is None
    budgets.tell([told(2 * USD)])
    server.start()
    await joined(link, 15)
    assert await budgets.sums([told(3 * USD)]) == [3 * USD]


async def test_two_daemons_one_budget(server: RealRedis) -> None:
    """What one has spent is refused to the other, until Redis goes away: then each knows its own."""
    homes = [Home(Path(tempfile.mkdtemp(prefix="lb-"))) for _ in range(2)]
    for home in homes:
        home.write_config(f'[redis]\nurl = "{server.url}"\n[budgets.ours]\nusd = 0.00001\naction = "refuse"\n')
    try:
        async with (
            Simulator(pace=0, aliases=ALIASES) as sim,
            a_tool(homes[0], sim, "one") as one,
            a_tool(homes[1], sim, "two") as two,
        ):
            async with asyncio.timeout(20):
                for client in (one, two):
                    while (await client.request("libria/status", {}))["redis"]["status"] != "connected":
                        pass
            spent = (await one.chat(DEAR).result())["cost"]["usd"]
            assert (await two.chat(DEAR).error()).data["kind"] == "quotaExhausted"
            (state,) = (await two.request("libria/status", {}))["budgets"]
            assert state["spentUsd"] == pytest.approx(spent, abs=2e-6)
            assert sim.requests == 1
            for home in homes:
                home.write_config(home.config.read_text().replace("ours", "anew"))
            server.kill()
            async with asyncio.timeout(20):
                while (await two.request("libria/status", {}))["budgets"][0]["name"] != "anew":
                    pass
            assert (await two.chat(DEAR).result())["content"]
            assert (await one.chat(DEAR).error()).data["kind"] == "quotaExhausted"
    finally:
        for home in homes:
            home.end()
