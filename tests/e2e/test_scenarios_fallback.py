"""Scenarios of the fallback chain: who is asked next, who is skipped, and whose the answer is then."""

from e2e_client import Client
from e2e_home import KEYS, OpenClient
from scenario_stage import difference, on_the_socket, scenario, spend

from libria_providers.simulator import Simulator
from libria_providers.simulator.record import digest

WINDOWS = {
    "gpt-4o": "fast:20+context-length",  # 128,000 tokens, as the published lists have it
    "gpt-4": "fast:20",  # 8,192
    "gpt-4.1": "fast:20",  # 1,047,576
}


async def test_failover_accounting(client: Client, sim: Simulator) -> None:
    """Every attempt is told of and booked; the answer and its usage are those of the target that gave it."""
    targets = ["openai/fast:30+cut:0.5", "groq/fast:20+status:503", "anthropic/fast:9"]
    async with scenario(client, sim, then="openai/fast:30") as run:
        before = await spend(client, *targets)
        told = await run.ask(targets[0], fallbacks=targets[1:])
        result = told.result
        assert [(one["target"], one["outcome"], one["status"]) for one in told.attempts] == [
            (targets[0], "interrupted", 200),
            *[(targets[1], "overloaded", 503)] * 3,
            (targets[2], "ok", 200),
        ]
        starts = [one["startedMs"] for one in told.attempts]
        assert starts == sorted(starts)
        assert [one["status"] for one in told.attempts] == [call.status for call in sim.calls]
        assert all(one["requestId"] for one in told.attempts)
        assert (result["model"], result["servedModel"]) == (targets[2], "fast:9")
        assert result["usage"]["outputTokens"] == 9
        assert result["message"]["content"] == result["content"]
        assert result["timings"]["overheadMs"] < result["timings"]["totalMs"]
        spent = await spend(client, *targets)
        assert [difference(spent[name], before[name]) for name in targets] == [
            {"attempts": 1, "failed": 1, "cancelled": 0, "estimatedAttempts": 1, "outputTokens": 15},
            {"attempts": 3, "failed": 3, "cancelled": 0, "estimatedAttempts": 0, "outputTokens": 0},
            {"attempts": 1, "failed": 0, "cancelled": 0, "estimatedAttempts": 0, "outputTokens": 9},
        ]


@on_the_socket
async def test_the_last_error_carries_every_attempt(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then="openai/fast:30") as run:
        told = await run.ask(
            "openai/fast:5+status:401",
            fallbacks=["groq/fast:5+quota", "anthropic/fast:5+status:529", "groq/fast:5+html"],
        )
        assert told.outcomes == [
            ("openai", "credentialRejected"),
            ("groq", "quotaExhausted"),
            *[("anthropic", "overloaded")] * 3,
            ("groq", "invalidResponse"),
        ]
        assert (told.error["kind"], told.error["provider"]) == ("invalidResponse", "groq")
        reasons = [value["reason"] for value in told.chat.progress if value.get("state") == "fallback"]
        assert reasons == ["credentialRejected", "quotaExhausted", "overloaded"]


async def test_401_on_the_first_and_the_fallback_has_a_key(open_client: OpenClient, sim: Simulator) -> None:
    async with Simulator(pace=0, key="the key that counts") as strict:
        client = await open_client({"OPENAI_BASE_URL": f"{strict.url}/v1"})
        async with scenario(client, sim, then="groq/fast:20") as run:
            told = await run.ask("openai/fast:20", fallbacks=["groq/fast:20"])
            assert told.outcomes == [("openai", "credentialRejected"), ("groq", "ok")]
            assert told.attempts[0]["status"] == 401
            assert [call.status for call in strict.calls] == [401], "a refusal is not asked for again"
            assert [call.key for call in sim.calls] == [digest(KEYS["GROQ_API_KEY"])]


@on_the_socket
async def test_a_missing_key_skips_a_target(open_client: OpenClient, sim: Simulator) -> None:
    client = await open_client({"OPENAI_API_KEY": None})
    async with scenario(client, sim, then="groq/fast:20") as run:
        told = await run.ask("openai/fast:20", fallbacks=["groq/fast:20"])
        assert told.result["model"] == "groq/fast:20"
        assert (await told.chat.seen("status", state="fallback"))["reason"] == "credentialMissing"
        assert len(sim.calls) == 1


async def test_context_length_goes_to_a_larger_target(open_client: OpenClient, sim: Simulator) -> None:
    async with Simulator(pace=0, aliases=WINDOWS) as own:
        client = await open_client({"OPENAI_BASE_URL": f"{own.url}/v1"})
        async with scenario(client, sim, then="groq/fast:20") as run:
            await client.request("libria/models", {"provider": "openai"})  # their windows are known from now on
            told = await run.ask("openai/gpt-4o", fallbacks=["openai/gpt-4", "openai/gpt-4.1"])
            assert [(one["target"], one["outcome"]) for one in told.attempts] == [
                ("openai/gpt-4o", "contextTooLong"),
                ("openai/gpt-4.1", "ok"),
            ]
            assert [call.model for call in own.calls if call.model] == ["gpt-4o", "gpt-4.1"]
            alone = await run.ask("openai/gpt-4o", fallbacks=["openai/gpt-4"])
            assert (alone.error["kind"], alone.error["retryable"]) == ("contextTooLong", False)
            assert len(alone.attempts) == 1


async def test_a_content_filter_goes_nowhere(client: Client, sim: Simulator) -> None:
    """What a provider refuses is not offered to the next, unless the user's config says so: test_scenarios_config."""
    async with scenario(client, sim, then="openai/fast:30") as run:
        sim.script(["+prompt-filter"])
        told = await run.ask("openai/fast:30", fallbacks=["groq/fast:5"])
        assert (told.error["kind"], told.error["retryable"]) == ("contentFiltered", False)
        assert told.outcomes == [("openai", "contentFiltered")]
        sim.script(["+filter:0.5"])
        stopped = await run.ask("openai/fast:30", fallbacks=["groq/fast:5"])
        assert stopped.result["stopReason"] == "contentFilter"
        assert len(sim.calls) == 2


@on_the_socket
async def test_a_wrong_question_goes_nowhere(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then="openai/fast:30") as run:
        told = await run.ask("openai/fast:30+status:400", fallbacks=["groq/fast:5"])
        assert told.outcomes == [("openai", "badRequest")]
