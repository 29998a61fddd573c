"""The ledger over the shared daemon: sums that are the providers' own, by tool and by model, with a daemon or none."""

import asyncio
import csv
import io
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from e2e_client import Client, Json, RpcFailed
from e2e_home import Home
from e2e_ledger import ALIASES, CHEAP, DEAR, a_tool, rows, usage
from e2e_terminal import Screen

from libria_providers.simulator import Simulator

FORMATS = ("openai", "anthropic", "groq", "openai-responses", "gemini", "cohere", "ollama")
TOKENS = ("inputTokens", "outputTokens", "cachedInputTokens", "cacheWriteInputTokens", "reasoningTokens")


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(pace=0, aliases=ALIASES) as simulator:
        yield simulator


def addresses(sim: Simulator) -> dict[str, str]:
    return {
        "GEMINI_API_KEY": "fake-gemini-key", "GEMINI_BASE_URL": sim.url, "CO_API_KEY": "fake-cohere-key",
        "CO_API_URL": sim.url,
    }  # fmt: skip


def tokens(results: list[Json]) -> dict[str, int]:
    return {name: sum(result["usage"].get(name) or 0 for result in results) for name in TOKENS}


def of(row: Json) -> dict[str, int]:
    return {name: row[name] for name in TOKENS}


def by_key(found: Json) -> dict[str, Json]:
    return {row["key"]: row for row in found["rows"]}


async def test_sums_are_what_the_providers_said(own_home: Home, sim: Simulator) -> None:
    """Of every format, with reasoning and without, of chats and embeddings, of two tools, many at once."""
    asked: dict[str, list[Json]] = {"editor": [], "script": []}
    async with (
        a_tool(own_home, sim, "editor", addresses(sim)) as editor,
        a_tool(own_home, sim, "script", addresses(sim)) as script,
    ):
        for name, tool in (("editor", editor), ("script", script)):
            chats = [
                tool.chat(f"{provider}/{model}", f"{name} {number}. " * (number + 1), partialResultToken=None).result()
                for provider in FORMATS
                for number, model in enumerate(("fast:7", "fast:11+think", "fast:3"))
            ]
            chats += [
                tool.request("libria/embed", {"model": "openai/fast", "input": [f"{name} {number}"] * 3})
                for number in range(3)
            ]
            chats += [tool.chat(model, name).result() for model in (CHEAP, DEAR, CHEAP)]
            asked[name] = await asyncio.gather(*chats)
        said = await usage(own_home, "--by", "tool")
    everything = [result for results in asked.values() for result in results]
    found = by_key(said)
    for name, results in asked.items():
        assert of(found[name]) == tokens(results)
        assert found[name]["calls"] == found[name]["attempts"] == len(results)
    assert of(said["total"]) == tokens(everything)
    assert said["total"]["reasoningTokens"] > 0
    priced = [result["cost"]["usd"] for result in everything if result.get("cost")]
    assert len(priced) >= 6
    assert said["total"]["usd"] == pytest.approx(sum(priced), abs=1e-11)
    assert said["total"]["attempts"] == sim.requests
    own_home.end()
    for by in ("tool", "model", "provider", "day"):
        without = await usage(own_home, "--by", by)
        for name in (*TOKENS, "calls", "attempts"):
            assert sum(row[name] for row in without["rows"]) == without["total"][name] == said["total"][name]
    code, out, _ = await own_home.command("usage", "--by", "tool", "--csv")
    assert code == 0
    table = list(csv.DictReader(io.StringIO(out)))
    assert {row["tool"]: int(row["inputTokens"]) for row in table} == {
        name: tokens(results)["inputTokens"] for name, results in asked.items()
    }
    assert sum(float(row["usd"]) for row in table) == pytest.approx(said["total"]["usd"], abs=1e-11)


async def test_every_attempt_is_a_row_and_every_call_without_one(own_home: Home, sim: Simulator) -> None:
    own_home.write_config(
        '[retry]\nbase_delay = 0.01\nattempts = 2\n[aliases]\nraced = ["openai/silent", "groq/fast:4"]\n'
        "[hedge_after]\nraced = 0.01\n"
    )
    async with a_tool(own_home, sim, "editor") as client:
        restarted = await client.chat("openai/fast:9+cut", fallbacks=["anthropic/fast:5"]).result()
        raced = await client.chat("raced").result()
        failed = await client.chat("openai/fast:3+status:503").error()
        left = client.chat("openai/story+rate:50")
        start = await left.seen("start")
        await left.seen("delta")
        left.cancel()
        assert (await left.error()).code == -32800
        first = await client.chat("openai/fast:6", "twice", temperature=0).result()
        again = await client.chat("openai/fast:6", "twice", temperature=0).result()
        assert again["cache"]["hit"]
        slow = [client.chat("groq/story+rate:200+count:20", "at once", temperature=0) for _ in range(3)]
        joined = [await chat.result() for chat in slow]
        await client.request("libria/usage", {})

    def told(call: str) -> list[tuple[Json, ...]]:
        return rows(own_home, "how, provider, outcome, status, input_tokens, exact", f"call = '{call}'")

    broken, whole = told(restarted["callId"])
    assert broken[:4] == ("attempt", "openai", "interrupted", 200)
    assert not broken[5], "what a stream has used that broke, nobody says"
    assert whole == ("attempt", "anthropic", "ok", 200, restarted["usage"]["inputTokens"], 1)
    assert Counter(row[1:3] for row in told(raced["callId"])) == {("openai", "cancelled"): 1, ("groq", "ok"): 1}
    assert [
        row[2:5] for row in rows(own_home, "how, call, outcome, status, input_tokens", "outcome = 'overloaded'")
    ] == [("overloaded", 503, 0)] * len(failed.data["attempts"])
    ((how, _, outcome, _, used, exact),) = told(start["callId"])
    assert (how, outcome, bool(exact)) == ("attempt", "cancelled", False)
    assert used > 0
    assert told(first["callId"])[0][:3] == ("attempt", "openai", "ok")
    assert told(again["callId"]) == [("cached", "openai", "ok", None, 0, 1)]
    hows = Counter(row[0] for result in joined for row in told(result["callId"]))
    assert hows == {"attempt": 1, "coalesced": 2}
    assert set(rows(own_home, "tool, tool_version")) == {("editor", "1.2.3")}


async def test_the_daemon_answers_and_says_what_is_wrong_with_a_question(own_home: Home, sim: Simulator) -> None:
    async with a_tool(own_home, sim, "editor") as client:
        empty = await client.request("libria/usage", {"by": "day"})
        assert (empty["rows"], empty["total"]["calls"]) == ([], 0)
        await client.chat(CHEAP).result()
        found = await client.request("libria/usage", {"by": "model", "since": "today"})
        assert [row["key"] for row in found["rows"]] == [CHEAP]
        assert found["from"] < found["to"]
        assert (await client.request("libria/usage", {"by": "day", "since": "2100-01-01", "until": "2100-01-02"}))[
            "rows"
        ] == []
        for wrong in ({"by": "colour"}, {"since": "soon"}, {"until": 5}, {"form": "csv"}):
            with pytest.raises(RpcFailed) as refused:
                await client.request("libria/usage", wrong)
            assert refused.value.code == -32602


async def test_what_was_spent_today_outlives_the_daemon(own_home: Home, sim: Simulator) -> None:
    async with a_tool(own_home, sim, "editor") as client:
        cost = (await client.chat(DEAR).result())["cost"]["usd"]
        before = (await client.request("libria/status", {}))["today"]
        assert before["usd"] == pytest.approx(cost, abs=1e-6)
    own_home.end()
    async with a_tool(own_home, sim, "editor") as client:
        assert (await client.request("libria/status", {}))["today"]["usd"] == before["usd"]
        await client.chat(DEAR, "more").result()
        after = (await client.request("libria/status", {}))["today"]
    assert (after["attempts"], after["usd"] > before["usd"]) == (2, True)


async def test_a_user_who_does_not_want_it_has_none(own_home: Home, sim: Simulator) -> None:
    own_home.write_config("[ledger]\nenabled = false\n")
    async with a_tool(own_home, sim, "editor") as client:
        await client.chat(CHEAP).result()
        status = await client.request("libria/status", {})
        assert (status["ledger"]["enabled"], status["today"]["attempts"]) == (False, 1)
        assert (await client.request("libria/usage", {}))["rows"] == []
    assert not list((own_home.path / "state").glob("ledger*"))


async def test_what_an_isolated_tool_asks_is_written_and_counted_too(own_home: Home, sim: Simulator) -> None:
    async with a_tool(own_home, sim, "editor") as client:
        await client.chat(CHEAP).result()
        isolated: Client = await own_home.stdio(
            "--isolated", env={"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"{sim.url}/v1"}
        )
        await isolated.initialize()
        await isolated.chat(CHEAP).result()
        assert (await isolated.request("libria/usage", {}))["total"]["calls"] == 2
        await isolated.chat(CHEAP).result()
        await isolated.close()
        assert (await usage(own_home))["total"]["calls"] == 3


async def test_the_alias_stands_beside_the_model_that_was_asked_and_the_one_that_served(
    own_home: Home, sim: Simulator
) -> None:
    own_home.write_config(
        f'[aliases]\nsmart = ["openai/status:500", "{CHEAP}"]\nquick = "{CHEAP}"\n[retry]\nattempts = 1\n'
    )
    async with a_tool(own_home, sim, "editor") as client:
        await client.chat("smart").result()
        for _ in range(2):
            await client.chat("quick", cache={"mode": "use"}).result()
        await client.request("libria/usage", {})
    assert rows(own_home, "how, asked, model, served_model") == [
        ("attempt", "smart", "status:500", ""),
        ("attempt", "smart", "gpt-4o-mini", "gpt-4o-mini"),
        ("attempt", "quick", "gpt-4o-mini", "gpt-4o-mini"),
        ("cached", "quick", "gpt-4o-mini", "gpt-4o-mini"),
    ]


def test_an_empty_ledger_is_a_sentence_and_a_wrong_time_wrong_usage(own_home: Home) -> None:
    said = own_home.run("usage")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout == "Nothing was asked since 30d; `libria usage --all` shows all that the ledger holds.\n"
    assert own_home.run("usage", "--all").stdout == "The ledger is empty: nothing was asked yet.\n"
    for wrong in (["--since", "soon"], ["--by", "colour"], ["--json", "--csv"]):
        assert own_home.run("usage", *wrong).returncode == 2
    assert "write how long ago (12h, 7d, 4w)" in own_home.run("usage", "--since", "soon").stderr


async def test_bars_in_a_terminal_and_none_in_a_pipe(own_home: Home, sim: Simulator) -> None:
    async with a_tool(own_home, sim, "Neovim") as client:
        for model in (DEAR, CHEAP):
            await client.chat(model).result()
    async with a_tool(own_home, sim, "bot \x1b[2J") as client:
        await client.chat(CHEAP).result()
    with Screen(own_home, "usage", "--by", "tool", columns=100) as screen:
        await screen.until(lambda text: "3 calls" in text)
        assert await screen.ended() == 0
        head, first, second, *_ = screen.lines
        assert head.split() == ["TOOL", "COST", "CALLS", "TOKENS", "IN", "OUT"]
        assert first.startswith("Neovim")
        assert first.count("█") == 40
        assert second.startswith("bot [2J")
        assert second.count("█") < 10
    with Screen(own_home, "usage", columns=34) as narrow:
        assert await narrow.ended() == 0
        assert all(len(line) <= 34 for line in narrow.lines[:2])
        assert "█" in narrow.lines[1]
    code, out, _ = await own_home.command("usage", "--by", "tool")
    assert code == 0
    assert not set(out) & set("█\x1b")
