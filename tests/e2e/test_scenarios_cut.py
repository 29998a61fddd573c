"""Scenarios: the stream breaks off. Half an answer is never sold as a whole one, to nobody."""

import pytest
from e2e_client import Client
from scenario_stage import on_the_socket, scenario

from libria_providers.simulator import Simulator

PRIMARY = "openai/fast:30"


async def test_cut_at_two_thirds(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=PRIMARY) as run:
        sim.script(["+cut:0.67"])
        told = await run.ask(PRIMARY, fallbacks=["anthropic/fast:9"])
        assert told.outcomes == [("openai", "interrupted"), ("anthropic", "ok")]
        assert told.kinds() == ["start", "delta", "status", "reset", "delta"]
        reset = await told.chat.seen("reset")
        assert (reset["reason"], reset["target"]) == ("interrupted", "anthropic/fast:9")
        assert (told.result["model"], told.result["servedModel"]) == ("anthropic/fast:9", "fast:9")
        assert sim.calls[0].events == 21, "the opening event and 20 of 30"
        assert sim.calls[1].body["messages"] == sim.calls[0].body["messages"], "a clean start: no prefill"


async def test_a_clean_http_end_at_two_thirds(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=PRIMARY) as run:
        sim.script(["+end:0.67"])
        told = await run.ask(PRIMARY, fallbacks=["groq/fast:9"])
        assert told.outcomes == [("openai", "interrupted"), ("groq", "ok")]
        assert told.kinds() == ["start", "delta", "status", "reset", "delta"]
        alone = await run.ask("openai/fast:30+end:0.67")
        assert (alone.error["kind"], alone.error["retryable"]) == ("interrupted", True)
        whole = (await run.ask(PRIMARY)).result["content"]
        assert alone.error["partialText"]
        assert whole.startswith(alone.error["partialText"])
        assert len(alone.error["partialText"]) < len(whole)


@on_the_socket
async def test_whoever_does_not_stream_is_told_the_same(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=PRIMARY) as run:
        sim.script(["+cut:0.67", "", "+cut-fin:0.67"])
        told = await run.ask(PRIMARY, fallbacks=["groq/fast:9"], partialResultToken=None)
        assert told.outcomes == [("openai", "interrupted"), ("groq", "ok")]
        assert told.result["usage"]["outputTokens"] == 9
        assert len(told.result["content"].split()) <= 9
        alone = await run.ask(PRIMARY, partialResultToken=None)
        assert alone.error["kind"] == "interrupted"
        assert alone.error["partialText"]


async def test_the_tenth_event_malformed(client: Client, sim: Simulator) -> None:
    """A word of the answer is in it: what comes after does not make the answer whole."""
    async with scenario(client, sim, then=PRIMARY) as run:
        sim.script(["+malformed:10"])
        told = await run.ask(PRIMARY, fallbacks=["groq/fast:9"])
        assert told.outcomes == [("openai", "invalidResponse"), ("groq", "ok")]
        assert told.kinds() == ["start", "delta", "status", "reset", "delta"]
        alone = await run.ask("openai/fast:30+malformed:10")
        assert alone.error["kind"] == "invalidResponse"
        assert len(sim.calls) == 3


async def test_no_done(client: Client, sim: Simulator) -> None:
    """The finish was said, then the body ends: a success, and at once."""
    async with scenario(client, sim, then=PRIMARY) as run:
        sim.script(["+no-done"])
        told = await run.ask(PRIMARY, fallbacks=["groq/fast:9"])
        assert told.outcomes == [("openai", "ok")]
        assert (told.result["stopReason"], told.result["usage"]["outputTokens"]) == ("stop", 30)
        assert told.seconds < 1.0
        assert len(sim.calls) == 1


async def test_cut_while_the_fallback_refuses_an_assistant_prefill(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then="openai/fast:30") as run:
        told = await run.ask("openai/fast:30+cut:0.67", fallbacks=["anthropic/fast:9+no-prefill"])
        assert told.outcomes == [("openai", "interrupted"), ("anthropic", "ok")]
        assert told.result["model"] == "anthropic/fast:9+no-prefill"
        assert [message["role"] for message in sim.calls[1].body["messages"]] == ["user"]


@on_the_socket
async def test_cut_again_and_again_ends_with_the_last_target(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=PRIMARY) as run:
        targets = ["openai/fast:30+cut:0.67", "groq/fast:20+end:0.5", "anthropic/fast:9+cut-fin:0.5"]
        told = await run.ask(targets[0], fallbacks=[*targets[1:], "openai/fast:3"])
        assert [outcome for _, outcome in told.outcomes] == ["interrupted"] * 3 + ["ok"]
        resets = [value["target"] for value in told.chat.progress if value["kind"] == "reset"]
        assert resets == [*targets[1:], "openai/fast:3"]
        alone = await run.ask(targets[0], fallbacks=targets[1:])
        assert alone.error["kind"] == "interrupted"
        assert [attempt["target"] for attempt in alone.attempts] == targets


@on_the_socket
@pytest.mark.parametrize("malformed", [1, 34])
async def test_what_is_malformed_at_the_edges(client: Client, sim: Simulator, malformed: int) -> None:
    """The opening event, or the figures after the finish: never garbage, never half an answer."""
    async with scenario(client, sim, then=PRIMARY) as run:
        told = await run.ask(f"openai/fast:30+malformed:{malformed}", fallbacks=["groq/fast:9"])
        whole = (await run.ask(PRIMARY)).result["content"]
        assert told.result["content"] in (whole, (await run.ask("groq/fast:9")).result["content"])
