"""Scenarios: the provider fails before it says anything. What passes is asked again, what does not is left."""

import asyncio

from e2e_client import Client
from scenario_stage import on_the_socket, scenario

from libria_providers.simulator import Simulator

PRIMARY = "openai/fast:20"


async def test_500_once(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=PRIMARY) as run:
        sim.script(["+status:500"])
        told = await run.ask(PRIMARY, fallbacks=["groq/fast:5"])
        assert told.outcomes == [("openai", "overloaded"), ("openai", "ok")]
        assert told.kinds() == ["start", "status", "delta"]
        assert [call.status for call in sim.calls] == [500, 200]
        assert sim.calls[0].raw == sim.calls[1].raw


async def test_503_for_ever(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=PRIMARY) as run:
        told = await run.ask("openai/fast:20+status:503", fallbacks=["anthropic/fast:7"])
        assert told.outcomes == [("openai", "overloaded")] * 3 + [("anthropic", "ok")]
        assert told.chat.states() == ["retrying", "retrying", "fallback"]
        fallback = await told.chat.seen("status", state="fallback")
        assert (fallback["reason"], fallback["target"]) == ("overloaded", "anthropic/fast:7")
        assert told.kinds() == ["start", "status", "delta"], "before the first delta nothing is taken back"
        alone = await run.ask("openai/fast:20+status:503")
        assert (alone.error["kind"], alone.error["status"]) == ("overloaded", 503)
        assert len(alone.attempts) <= 3
        assert len(sim.calls) <= 7


async def test_a_tcp_reset_before_the_headers(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=PRIMARY) as run:
        sim.script(["+reset"])
        told = await run.ask(PRIMARY, fallbacks=["groq/fast:5"])
        assert told.outcomes == [("openai", "disconnected"), ("openai", "ok")]
        assert [call.sent > 0 for call in sim.calls] == [False, True]
        assert sim.calls[0].connection != sim.calls[1].connection
        again = await run.ask("openai/fast:20+reset", fallbacks=["groq/fast:5"])
        assert again.outcomes == [("openai", "disconnected")] * 3 + [("groq", "ok")]


async def test_html_502_of_a_proxy(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=PRIMARY) as run:
        sim.script(["+status:502"])
        told = await run.ask(PRIMARY)
        assert told.outcomes == [("openai", "overloaded"), ("openai", "ok")]
        alone = await run.ask("openai/fast:20+status:502")
        assert (alone.error["kind"], alone.error["status"], alone.error["retryable"]) == ("overloaded", 502, True)
        assert "<" not in alone.error["message"]
        assert [call.status for call in sim.calls] == [502, 200, 502, 502, 502]


async def test_200_with_an_error_body(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=PRIMARY) as run:
        sim.script(["+error-200"])
        told = await run.ask(PRIMARY)
        assert told.outcomes == [("openai", "overloaded"), ("openai", "ok")]
        gone_on = await run.ask("openai/fast:20+error-200", fallbacks=["groq/fast:5"])
        assert gone_on.result["model"] == "groq/fast:5"
        assert gone_on.kinds() == ["start", "status", "delta"]
        alone = await run.ask("anthropic/fast:20+error-200")
        assert alone.error["kind"] in ("overloaded", "interrupted")
        assert "partialText" not in alone.error


@on_the_socket
async def test_a_provider_that_fails_again_and_again_is_left_alone(client: Client, sim: Simulator) -> None:
    """Its circuit opens: what comes after goes elsewhere at once, and the status says why."""
    async with scenario(client, sim, then=PRIMARY) as run:
        down = "openai/fast:20+status:503"
        for _ in range(4):
            told = await run.ask(down, fallbacks=["groq/fast:5"])
            assert told.result["model"] == "groq/fast:5"
        assert told.outcomes == [("groq", "ok")], "the provider is not asked"
        assert told.chat.states() == ["fallback"]
        assert sum(call.status == 503 for call in sim.calls) == 5
        breakers = (await client.request("libria/status", {}))["breakers"]
        breaker = [one for one in breakers if one["target"] == down][-1]  # at this simulator, which is the newest
        assert (breaker["state"], breaker["failures"], breaker["reason"]) == ("open", 5, "overloaded")
        assert 0 < breaker["retryInMs"] <= 5000
        alone = await run.ask(down)
        assert [outcome for _, outcome in alone.outcomes] == ["overloaded"], "where nobody else is left, it is asked"


@on_the_socket
async def test_others_are_not_drawn_in(client: Client, sim: Simulator) -> None:
    """What one model's circuit says holds for that model alone."""
    async with scenario(client, sim, then=PRIMARY) as run:
        await asyncio.gather(*(run.ask("openai/fast:20+status:503") for _ in range(8)))
        told = await run.ask("openai/fast:20+rate:0", fallbacks=["groq/fast:5"])
        assert told.outcomes == [("openai", "ok")]


@on_the_socket
async def test_a_reset_is_not_tried_on_every_kept_connection(client: Client, sim: Simulator) -> None:
    """After a burst there are ten of them; a provider that resets whoever asks is asked four times at most."""
    await asyncio.gather(*(client.chat("openai/fast:20+first:50").result() for _ in range(10)))
    burst = len(sim.calls)
    assert (await client.chat("openai/fast:20+reset").error()).data["kind"] == "disconnected"
    assert len(sim.calls) - burst <= 4
