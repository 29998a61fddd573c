"""Scenarios: the provider says that it is too much. Asked again no sooner than it wants, and not for ever."""

import asyncio

from e2e_client import Client
from scenario_stage import on_the_socket, scenario

from libria.config import Config
from libria_providers.simulator import Simulator

PRIMARY = "openai/fast:20"


def test_the_limits_that_a_user_gets() -> None:
    config = Config()
    assert config.retry.attempts <= 4
    assert config.retry.max_retry_after == 60
    assert config.timeouts.first_token <= 15
    assert config.timeouts.idle <= 20


async def test_429_with_retry_after_in_seconds(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=PRIMARY) as run:
        sim.script(["+status:429+retry-after:2"])
        told = await run.ask(PRIMARY)
        assert told.outcomes == [("openai", "rateLimited"), ("openai", "ok")]
        retrying = await told.chat.seen("status", state="retrying")
        assert (retrying["reason"], retrying["target"], retrying["attempt"]) == ("rateLimited", PRIMARY, 2)
        assert 2000 <= retrying["etaMs"] < 2100
        assert [call.status for call in sim.calls] == [429, 200]
        assert 2.0 <= run.gaps[0] < 3.0


async def test_429_with_retry_after_in_milliseconds(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then="anthropic/fast:20") as run:
        sim.script(["+status:429+retry-after-ms:300"])
        told = await run.ask("anthropic/fast:20")
        assert told.outcomes == [("anthropic", "rateLimited"), ("anthropic", "ok")]
        assert 0.3 <= run.gaps[0] < 1.0


async def test_429_without_a_word_of_when_and_for_ever(client: Client, sim: Simulator) -> None:
    """How often it is asked in that time depends on how long others of the key are held back."""
    limited, soon = "openai/fast:20+status:429", {"total": 1.2}
    async with scenario(client, sim, then=PRIMARY) as run:
        told = await run.ask(limited, fallbacks=["groq/fast:5"], timeouts=soon)
        assert told.result["model"] == "groq/fast:5"
        assert set(told.outcomes[:-1]) == {("openai", "rateLimited")}
        assert len(told.attempts) <= 4
        alone = await run.ask(limited, timeouts=soon)
        assert (alone.error["kind"], alone.error["retryable"]) == ("rateLimited", True)
        assert len(alone.attempts) <= 3
        assert sum(call.status == 429 for call in sim.calls) == len(told.attempts) - 1 + len(alone.attempts)


async def test_429_for_an_hour(client: Client, sim: Simulator) -> None:
    limited = "openai/fast:20+status:429+retry-after:3600"
    async with scenario(client, sim, then=PRIMARY) as run:
        told = await run.ask(limited, fallbacks=["groq/fast:5"])
        assert told.outcomes == [("openai", "rateLimited"), ("groq", "ok")]
        alone = await run.ask(limited)
        assert alone.error["kind"] == "rateLimited"
        assert 3_590_000 < alone.error["retryAfterMs"] <= 3_600_000
        assert max(one.seconds for one in run.told) < 1.5, "nobody waits for an hour, or for a part of it"
        assert len(sim.calls) <= 3


@on_the_socket
async def test_a_wait_that_passes_the_deadline_means_the_next_target_now(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then="groq/fast:20") as run:
        sim.script(["+status:429+retry-after:5"])
        told = await run.ask(PRIMARY, fallbacks=["groq/fast:5"], timeouts={"total": 2})
        assert told.outcomes == [("openai", "rateLimited"), ("groq", "ok")]
        assert told.seconds < 1.0


@on_the_socket
async def test_the_provider_knows_better_whether_to_ask_again(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=PRIMARY) as run:
        sim.script(["+status:503+x-should-retry:false"])
        told = await run.ask(PRIMARY)
        assert told.outcomes == [("openai", "overloaded")]
        assert not told.error["retryable"]
        sim.script(["+status:425+x-should-retry:true"])
        assert (await run.ask(PRIMARY)).outcomes[-1] == ("openai", "ok")
        assert [call.status for call in sim.calls] == [503, 425, 200]


@on_the_socket
async def test_a_quota_that_is_used_up_is_not_asked_for_again(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=PRIMARY) as run:
        told = await run.ask("openai/fast:20+quota", fallbacks=["anthropic/fast:5"])
        assert told.outcomes == [("openai", "quotaExhausted"), ("anthropic", "ok")]
        assert len(sim.calls) == 2


@on_the_socket
async def test_an_outage_does_not_multiply_the_load(client: Client, sim: Simulator) -> None:
    """Forty at once, each of which would try three times."""
    async with scenario(client, sim, then=PRIMARY) as run:
        told = await asyncio.gather(
            *(run.ask("openai/fast:20+status:503", fallbacks=["groq/fast:5"]) for _ in range(40))
        )
        assert {one.result["model"] for one in told} == {"groq/fast:5"}
        failed = [call for call in sim.calls if call.status == 503]
        assert len(failed) <= 40 + 20 + 5, "a retry for each would have made 120"
