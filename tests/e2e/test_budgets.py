"""Budgets over the shared daemon: what they let through, what they refuse, and who hears of it."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from e2e_client import WITHIN, Client, Json, RpcFailed
from e2e_home import Home
from e2e_ledger import ALIASES, CHEAP, DEAR, FREE, a_tool
from e2e_terminal import Screen

from libria_providers.simulator import Simulator


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(pace=0, aliases={**ALIASES, "gpt-4o": "story+rate:200+count:40"}) as simulator:
        yield simulator


def budget(name: str, usd: float, **more: str) -> str:
    lines = [f"[budgets.{name}]", f"usd = {usd}", *(f'{key} = "{value}"' for key, value in more.items())]
    return "\n".join([*lines, ""])


async def refusal(client: Client, model: str = DEAR, **params: Json) -> RpcFailed:
    error = await client.chat(model, **params).error()
    assert error.data["kind"] == "quotaExhausted", error.data
    return error


async def test_what_is_spent_is_refused_before_it_is_sent(own_home: Home, sim: Simulator) -> None:
    own_home.write_config(budget("daily", 0.00001, per="day", provider="openai", action="refuse"))
    async with a_tool(own_home, sim, "editor") as client:
        once = {"prompt": "Once and for all.", "temperature": 0}
        spent = (await client.chat(DEAR, **once).result())["cost"]["usd"]
        asked = sim.requests
        error = await refusal(client)
        assert error.code == -32803
        assert error.data["retryable"] is False
        assert f'The budget "daily" is spent (${spent:.4f} of $0.00001 today at openai) and renews at ' in error.message
        assert error.message.endswith("; to go on now, raise budgets.daily.usd in the config.")
        assert error.data["attempts"] == []
        assert sim.requests == asked
        assert (await client.chat(DEAR, **once).result())["cache"]["hit"], "what was paid for may be heard again"
        assert (await client.chat(DEAR, fallbacks=[FREE]).result())["model"] == FREE
        assert (await client.chat("groq/fast:3").result())["content"]
        assert (await client.chat(FREE).result())["content"]
        (state,) = (await client.request("libria/status", {}))["budgets"]
        assert (state["name"], state["state"], state["action"]) == ("daily", "spent", "refuse")
        assert state["spentUsd"] == pytest.approx(spent, abs=1e-6)
    own_home.end()
    async with a_tool(own_home, sim, "editor") as client:
        await refusal(client)  # it outlives the daemon
        own_home.write_config(budget("daily", 5, per="day", provider="openai", action="refuse"))
        async with asyncio.timeout(WITHIN):
            while (await client.request("libria/status", {}))["budgets"][0]["usd"] != 5:
                pass
        assert (await client.chat(DEAR).result())["content"]


async def test_a_call_under_way_goes_on_and_counts_at_its_end(own_home: Home, sim: Simulator) -> None:
    own_home.write_config(budget("all", 0.00001, action="refuse"))
    async with a_tool(own_home, sim, "editor") as client:
        under_way = [client.chat(DEAR, str(number)) for number in range(3)]
        for chat in under_way:
            await chat.seen("delta")
        results = [await chat.result() for chat in under_way]
        assert all(result["stopReason"] == "stop" for result in results)
        await refusal(client)
        (state,) = (await client.request("libria/status", {}))["budgets"]
        assert state["spentUsd"] == pytest.approx(sum(result["cost"]["usd"] for result in results), abs=1e-6)


async def test_one_tools_budget_is_not_anothers(own_home: Home, sim: Simulator) -> None:
    """Also where both ask the same at once: who hears another's answer spends nothing, but nobody hears another's
    refusal."""
    own_home.write_config(budget("bot", 0, tool="the BOT", action="refuse"))
    async with a_tool(own_home, sim, "The bot") as bot, a_tool(own_home, sim, "editor") as editor:
        await refusal(bot)
        for number in range(5):
            first = bot.chat(CHEAP, f"{number}", temperature=0)
            second = editor.chat(CHEAP, f"{number}", temperature=0)
            assert (await second.result())["content"]
            await first.response()
        assert sim.requests == 5
        assert (await bot.chat(FREE).result())["content"]


async def test_a_budget_that_only_warns_is_seen_and_stops_nobody(own_home: Home, sim: Simulator) -> None:
    own_home.write_config(budget("soft", 0.00001) + budget("hard", 1, action="refuse"))
    async with a_tool(own_home, sim, "editor") as client:
        await client.chat(DEAR, "first").result()
        chat = client.chat(DEAR, "second")
        assert (await chat.result())["content"]
        assert (await chat.seen("status", reason="budgetSpent"))["state"] == "connecting"
        problems = (await client.request("libria/status", {}))["problems"]
        assert [problem[:28] for problem in problems] == ['The budget "soft" is spent (']
        assert problems[0].endswith("it only warns.")
        for command in (["status"], ["top", "--once"], ["doctor", "--offline"]):
            out = (await own_home.command(*command))[1]
            assert 'The budget "soft" is spent' in out, command
            assert command[0] == "top" or "hard: $0.00" in out, command
        with Screen(own_home, "top", columns=120) as screen:
            await screen.until(lambda text: 'The budget "soft" is spent' in text)
            screen.type("q")
            await screen.ended()
        logged = [
            json.loads(line) for line in (await own_home.command("log", "--json", "--level", "warning"))[1].splitlines()
        ]
    assert [line["message"][:26] for line in logged if line.get("logger") == "ledger"] == ['The budget "soft" is spent']


def test_a_budget_that_makes_no_sense_is_refused_with_its_line(own_home: Home) -> None:
    for text, word in (
        ("[budgets.a]\nper = 'day'\n", "usd"),
        ("[budgets.a]\nusd = -1\n", "usd"),
        ("[budgets.a]\nusd = 1\nper = 'week'\n", "per"),
        ("[budgets.a]\nusd = 1\naction = 'beep'\n", "action"),
        ("[budgets.'a b']\nusd = 1\n", "is no name for a budget"),
        ("[ledger]\ndays = 0\n", "days"),
    ):
        own_home.write_config(text)
        checked = own_home.run("config", "check")
        assert checked.returncode == 1
        assert word in checked.stdout + checked.stderr
    own_home.write_config("[budgets.a]\nusd = 1\nprovider = 'opnai'\n")
    checked = own_home.run("config", "check")
    assert "budgets.a names the provider opnai" in checked.stdout + checked.stderr
