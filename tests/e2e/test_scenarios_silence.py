"""Scenarios: the provider goes silent, or speaks too slowly. Each phase has its limit, and a silent one is asked once.

The limits are scaled down by the call; what a user gets is asserted in test_scenarios_limits.py."""

from e2e_client import Client
from scenario_stage import CLOSED, hung_up, now, on_the_socket, scenario

from libria_providers.simulator import Simulator

PRIMARY = "openai/fast:30"
SHORT = {"firstToken": 0.3, "idle": 0.3}
LATE = 1.0
"""Seconds by which a caller may be told later on a busy machine; what the provider sees is bounded more closely."""


async def test_accepted_and_silent(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=PRIMARY) as run:
        sim.script(["+silent"])
        told = await run.ask(PRIMARY, fallbacks=["groq/fast:5"], timeouts=SHORT)
        assert told.outcomes == [("openai", "timedOut"), ("groq", "ok")]
        assert 0.3 <= told.seconds < 0.3 + LATE
        assert told.attempts[0]["durationMs"] >= 300
        assert await hung_up(sim) - sim.calls[0].time < 0.3 + CLOSED
        alone = await run.ask("openai/silent", timeouts=SHORT)
        assert (alone.error["kind"], alone.outcomes) == ("timedOut", [("openai", "timedOut")])
        assert "timeouts.firstToken" in alone.error["message"]


async def test_the_first_token_after_twenty_seconds(client: Client, sim: Simulator) -> None:
    """The head of the reply and the vendor's opening events come at once; they are no answer."""
    async with scenario(client, sim, then=PRIMARY) as run:
        sim.script(["+first:20000", "", "+headers:20000"])
        for _ in range(2):
            told = await run.ask(PRIMARY, fallbacks=["anthropic/fast:5"], timeouts=SHORT)
            assert told.outcomes == [("openai", "timedOut"), ("anthropic", "ok")]
            assert told.seconds < 0.3 + LATE
        assert [call.status for call in sim.calls] == [200, 200, 200, 200]
        assert await hung_up(sim, count=2) - sim.calls[2].time < 0.3 + CLOSED
        assert sim.calls[0].events <= 1


@on_the_socket
async def test_whoever_waits_is_told_for_what_and_for_how_long(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=PRIMARY) as run:
        sim.script(["+first:1300"])
        told = await run.ask(PRIMARY)
        waiting = await told.chat.seen("status", state="waiting")
        assert (waiting["reason"], waiting["target"], waiting["attempt"]) == ("firstToken", PRIMARY, 1)
        assert 13_000 < waiting["etaMs"] <= 15_000
        assert told.kinds() == ["start", "status", "delta"]
        assert told.outcomes == [("openai", "ok")]


async def test_a_stall_after_a_third(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=PRIMARY) as run:
        sim.script(["+stall:0.34"])
        told = await run.ask(PRIMARY, fallbacks=["groq/fast:5"], timeouts=SHORT)
        assert told.outcomes == [("openai", "interrupted"), ("groq", "ok")]
        assert told.kinds() == ["start", "delta", "status", "reset", "delta"]
        reset = await told.chat.seen("reset")
        assert (reset["reason"], reset["target"]) == ("timedOut", "groq/fast:5")
        assert told.result["usage"]["outputTokens"] == 5
        assert 0.3 <= told.seconds < 0.3 + LATE
        assert await hung_up(sim) - sim.calls[0].time < 0.3 + CLOSED
        alone = await run.ask("openai/fast:30+stall:0.34", timeouts=SHORT)
        assert (alone.error["kind"], alone.error["retryable"]) == ("interrupted", True)
        assert len(alone.error["partialText"].split()) >= 10
        unseen = await run.ask("openai/fast:30+stall:0.34", timeouts=SHORT, partialResultToken=None)
        assert unseen.error["partialText"] == alone.error["partialText"]


async def test_a_slow_trickle_that_never_idles_but_passes_the_total_limit(client: Client, sim: Simulator) -> None:
    """Seven bytes each twentieth of a second."""
    async with scenario(client, sim, then=PRIMARY) as run:
        sim.script(["+trickle:50"])
        start = now()
        told = await run.ask(PRIMARY, fallbacks=["groq/fast:5"], timeouts={"firstToken": 20, "idle": 1, "total": 0.8})
        assert 0.8 <= told.seconds < 0.8 + LATE
        assert await hung_up(sim) - start < 0.8 + CLOSED
        assert told.error["kind"] == "timedOut"
        assert "timeouts.total" in told.error["message"]
        assert len(sim.calls) == 1, "no time is left for another"
        speaking = await run.ask("openai/story+rate:40", fallbacks=["groq/fast:5"], timeouts={"total": 0.5})
        assert speaking.error["kind"] == "timedOut"
        assert speaking.error["partialText"]
        assert speaking.outcomes == [("openai", "interrupted")]


@on_the_socket
async def test_slow_is_not_silent(client: Client, sim: Simulator) -> None:
    """Each wait is shorter than its limit, all together are longer."""
    async with scenario(client, sim, then=PRIMARY) as run:
        sim.script(["+first:200+rate:20+count:12", "+comments:1+rate:20+count:12"])
        for _ in range(2):
            told = await run.ask(PRIMARY, fallbacks=["groq/fast:5"], timeouts=SHORT)
            assert told.outcomes == [("openai", "ok")]
            assert told.seconds > 0.5
