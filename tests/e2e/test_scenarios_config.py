"""Scenarios of what a user's config asks for beyond the defaults: hedging, and a way on after a content filter."""

import asyncio
from collections.abc import Iterator

import pytest
from e2e_client import Client
from e2e_home import Home
from scenario_stage import CLOSED, difference, hung_up, is_hung_up, nothing_left, on_the_socket, scenario, spend

from libria_providers.simulator import Simulator

HEALTHY = "openai/fast:20"
LATE = "openai/fast:20+first:1500"
CONFIG = f"""
[retry]
base_delay = 0.01

[fallback]
content_filter = true

[aliases]
late = ["{LATE}", "groq/fast:5"]
quick = ["openai/fast:20", "groq/fast:5"]
failing = ["openai/fast:20+status:401", "groq/fast:5"]
never = ["openai/silent", "groq/silent", "anthropic/fast:5"]
broken = ["openai/silent", "groq/fast:20+cut:0.5", "anthropic/fast:5"]

[hedge_after]
late = 0.2
quick = 0.2
failing = 5
never = 0.2
broken = 0.2
"""


@pytest.fixture(scope="module")
def module_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """In place of the plain one."""
    home = Home(tmp_path_factory.mktemp("home"))
    home.write_config(CONFIG)
    yield home
    home.end()


async def test_when_the_first_is_late_the_second_answers(client: Client, sim: Simulator) -> None:
    """The loser's connection is closed as soon as the winner has spoken; both are told of and booked."""
    async with scenario(client, sim, then=HEALTHY) as run:
        before = await spend(client, LATE, "groq/fast:5")
        told = await run.ask("late")
        assert told.result["model"] == "groq/fast:5"
        assert told.kinds() == ["start", "delta"], "nothing is taken back"
        assert 0.2 <= told.seconds < 1.5
        assert 0.15 <= run.gaps[0] < 1.0
        assert await hung_up(sim) - sim.calls[1].time <= CLOSED
        assert sorted(told.outcomes) == [("groq", "ok"), ("openai", "cancelled")]
        after = await spend(client, LATE, "groq/fast:5")
        booked = [difference(after[name], before[name]) for name in (LATE, "groq/fast:5")]
        assert [(one["attempts"], one["cancelled"], one["outputTokens"]) for one in booked] == [(1, 1, 0), (1, 0, 5)]


@on_the_socket
async def test_when_the_first_is_in_time_nobody_else_is_asked(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=HEALTHY) as run:
        assert (await run.ask("quick")).outcomes == [("openai", "ok")]
        failed = await run.ask("failing")
        assert failed.outcomes == [("openai", "credentialRejected"), ("groq", "ok")]
        assert failed.seconds < 2, "a failure is not waited out"
        assert len(sim.calls) == 3


async def test_a_cancel_while_hedged_ends_both(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=HEALTHY) as run:
        chat = client.chat("never")
        await sim.wait_for(lambda call: call.state == "open", count=2)
        await run.cancel(chat, leaves=2)
        await nothing_left(client, sim)
        assert len(sim.calls) == 2


@on_the_socket
async def test_the_winner_breaks_and_the_third_answers(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=HEALTHY) as run:
        told = await run.ask("broken")
        assert told.result["model"] == "anthropic/fast:5"
        assert told.kinds() == ["start", "delta", "status", "reset", "delta"]
        assert sum(map(is_hung_up, sim.calls)) == 1


@on_the_socket
async def test_hedged_calls_together(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=HEALTHY) as run:
        told = await asyncio.gather(*(run.ask("late") for _ in range(10)))
        assert {one.result["model"] for one in told} == {"groq/fast:5"}
        await hung_up(sim, count=10)


@on_the_socket
async def test_a_content_filter_where_the_user_lets_it_go_on(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=HEALTHY) as run:
        sim.script(["+prompt-filter"])
        told = await run.ask(HEALTHY, fallbacks=["groq/fast:5"])
        assert told.outcomes == [("openai", "contentFiltered"), ("groq", "ok")]
        assert (await told.chat.seen("status", state="fallback"))["reason"] == "contentFiltered"
