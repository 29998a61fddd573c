"""Calls that fail, fall back, are tried again or run out of time."""

import pytest
from e2e_client import Client, Json
from e2e_home import OpenClient

from libria_providers.simulator import Simulator

FIELDS = {"kind", "message", "retryable", "attempts"}
OPTIONAL = {"provider", "model", "status", "retryAfterMs", "requestId", "partialText"}


async def failed(client: Client, model: str, **params: Json) -> dict[str, Json]:
    """The data of the -32803 that this call ends in."""
    chat = client.chat(model, **params)
    error = await chat.error()
    assert error.code == -32803
    assert FIELDS <= set(error.data) <= FIELDS | OPTIONAL
    assert error.data["message"] == error.message
    if chat.token is not None:
        await chat.in_order()
    return error.data


async def test_fallback_before_the_first_delta_is_seen_only_as_status(client: Client, sim: Simulator) -> None:
    chat = client.chat("openai/story+status:503", fallbacks=["anthropic/fast:9", "groq/fast:9"])
    result = await chat.result()
    assert result["model"] == "anthropic/fast:9"
    assert [(attempt["target"], attempt["outcome"], attempt.get("status")) for attempt in result["attempts"]] == [
        ("openai/story+status:503", "overloaded", 503),
        ("openai/story+status:503", "overloaded", 503),
        ("openai/story+status:503", "overloaded", 503),
        ("anthropic/fast:9", "ok", 200),
    ]
    assert chat.states() == ["retrying", "retrying", "fallback"]
    fallback = await chat.seen("status", state="fallback")
    assert (fallback["target"], fallback["reason"]) == ("anthropic/fast:9", "overloaded")
    assert not any(value["kind"] == "reset" for value in chat.progress)
    assert chat.text() == result["content"]
    await chat.in_order()
    assert len(sim.calls) == 4


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("status:500", "overloaded"),
        ("status:408", "overloaded"),
        ("status:409", "overloaded"),
        ("reset", "disconnected"),
        ("close", "disconnected"),
    ],
)
async def test_what_passes_is_tried_again(client: Client, sim: Simulator, fault: str, outcome: str) -> None:
    chat = client.chat(f"openai/fast:5+{fault}+once")
    result = await chat.result()
    assert [attempt["outcome"] for attempt in result["attempts"]] == [outcome, "ok"]
    assert (await chat.seen("status", state="retrying"))["reason"] == outcome
    assert chat.text() == result["content"]
    assert len(sim.calls) == 2


async def test_a_429_waits_as_long_as_the_provider_asks(client: Client) -> None:
    chat = client.chat("anthropic/fast:5+status:429+retry-after-ms:40+once")
    result = await chat.result()
    assert [attempt["outcome"] for attempt in result["attempts"]] == ["rateLimited", "ok"]
    assert (await chat.seen("status", state="retrying"))["etaMs"] >= 40
    first, second = result["attempts"]
    assert second["startedMs"] - first["startedMs"] - first["durationMs"] >= 40 * 0.99
    assert result["timings"]["overheadMs"] < second["startedMs"]


async def test_a_wait_beyond_the_cap_means_fall_back_now(client: Client, sim: Simulator) -> None:
    result = await client.chat("openai/story+status:429+retry-after:86400", fallbacks=["groq/fast:3"]).result()
    assert [attempt["outcome"] for attempt in result["attempts"]] == ["rateLimited", "ok"]
    assert len(sim.calls) == 2


async def test_a_wait_without_a_fallback_is_told(client: Client) -> None:
    data = await failed(client, "openai/story+status:429+retry-after:86400")
    assert (data["kind"], data["retryable"], data["retryAfterMs"]) == ("rateLimited", True, 86_400_000)


async def test_a_cut_stream_starts_again_elsewhere(client: Client) -> None:
    chat = client.chat("openai/story+cut:0.5", fallbacks=["anthropic/fast:40"])
    result = await chat.result()
    reset = await chat.seen("reset")
    assert (reset["reason"], reset["target"]) == ("interrupted", "anthropic/fast:40")
    before = [value for value in chat.progress if value["kind"] == "delta" and value["seq"] < reset["seq"]]
    assert before, "there was something to throw away"
    assert chat.text() == result["content"]
    assert len(result["content"]) < len("".join(value["text"] for value in before))
    assert (result["model"], result["usage"]["outputTokens"]) == ("anthropic/fast:40", 40)
    assert [attempt["outcome"] for attempt in result["attempts"]] == ["interrupted", "ok"]
    await chat.in_order()


@pytest.mark.parametrize("vendor", ["openai", "anthropic", "groq"])
@pytest.mark.parametrize("fault", ["cut:0.5", "cut-fin:0.5", "end:0.5"])
async def test_a_broken_stream_without_a_fallback_is_interrupted(client: Client, vendor: str, fault: str) -> None:
    chat = client.chat(f"{vendor}/story+{fault}")
    error = await chat.error()
    assert (error.code, error.data["kind"], error.data["retryable"]) == (-32803, "interrupted", True)
    assert error.data["partialText"] == chat.text()
    assert error.data["partialText"].startswith("Why we share one daemon")
    assert [attempt["outcome"] for attempt in error.data["attempts"]] == ["interrupted"]


async def test_a_missing_key_names_the_variable(open_client: OpenClient) -> None:
    client = await open_client({"OPENAI_API_KEY": None})
    data = await failed(client, "openai/story")
    assert (data["kind"], data["provider"], data["retryable"]) == ("credentialMissing", "openai", False)
    assert "OPENAI_API_KEY" in data["message"]
    assert (await client.chat("groq/fast:2").result())["content"]


async def test_a_wrong_key_is_rejected_and_not_shown(open_client: OpenClient) -> None:
    async with Simulator(key="another key") as strict:
        client = await open_client({"OPENAI_BASE_URL": f"{strict.url}/v1", "OPENAI_API_KEY": "fake-wrong-key"})
        data = await failed(client, "openai/story")
        assert (data["kind"], data["status"], data["retryable"]) == ("credentialRejected", 401, False)
        assert "fake-wrong-key" not in str(data)
        assert len(strict.calls) == 1, "a refusal is not tried again"


async def test_unknown_providers_and_models_list_what_is_near(client: Client) -> None:
    data = await failed(client, "opanai/story")
    assert data["kind"] == "modelNotFound"
    assert "openai" in data["message"]
    data = await failed(client, "openai/stori")
    assert (data["kind"], data["status"]) == ("modelNotFound", 404)
    assert "openai/story" in data["message"]
    data = await failed(client, "anthropic")
    assert "anthropic/" in data["message"]


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("openai/story+quota", "quotaExhausted"),
        ("anthropic/story+quota", "quotaExhausted"),
        ("openai/story+context-length", "contextTooLong"),
        ("anthropic/story+status:413", "contextTooLong"),
        ("openai/story+prompt-filter", "contentFiltered"),
        ("openai/story+status:403", "permissionDenied"),
        ("groq/story+status:400", "badRequest"),
        ("openai/story+html", "invalidResponse"),
    ],
)
async def test_each_refusal_has_its_kind(client: Client, sim: Simulator, model: str, kind: str) -> None:
    data = await failed(client, model)
    assert data["kind"] == kind
    assert len(sim.calls) == 1
    assert [attempt["outcome"] for attempt in data["attempts"]] == [kind]


@pytest.mark.parametrize("fault", ["silent", "headers:60000", "first:60000"])
async def test_a_silent_target_times_out_and_is_not_asked_again(client: Client, sim: Simulator, fault: str) -> None:
    await client.chat("openai/fast:2").result()  # the first call of a process takes its time to be sent
    sim.calls.clear()
    data = await failed(client, f"openai/story+{fault}", timeouts={"firstToken": 0.1})
    assert (data["kind"], data["retryable"]) == ("timedOut", True)
    assert "timeouts.firstToken" in data["message"]
    assert len(sim.calls) == 1
    await sim.wait_for(lambda call: call.state == "hung up")


async def test_a_silent_target_is_left_for_the_next(client: Client) -> None:
    result = await client.chat("openai/silent", timeouts={"firstToken": 0.1}, fallbacks=["groq/fast:3"]).result()
    assert [attempt["outcome"] for attempt in result["attempts"]] == ["timedOut", "ok"]


async def test_a_stall_in_the_middle_is_interrupted(client: Client, sim: Simulator) -> None:
    chat = client.chat("openai/fast:40+stall:0.5", timeouts={"idle": 0.1})
    error = await chat.error()
    assert (error.data["kind"], error.data["partialText"]) == ("interrupted", chat.text())
    assert len([value for value in chat.progress if value["kind"] == "delta"]) == 20
    await sim.wait_for(lambda call: call.state == "hung up")


async def test_the_whole_call_has_a_limit(client: Client, sim: Simulator) -> None:
    data = await failed(client, "openai/story+rate:50", timeouts={"total": 0.3})
    assert data["kind"] == "timedOut"
    assert "timeouts.total" in data["message"]
    await sim.wait_for(lambda call: call.state == "hung up")


async def test_an_address_where_nobody_listens(open_client: OpenClient, closed_port: int) -> None:
    client = await open_client({"OPENAI_BASE_URL": f"http://127.0.0.1:{closed_port}/v1"})
    data = await failed(client, "openai/story")
    assert (data["kind"], data["retryable"]) == ("disconnected", True)
    assert [attempt["outcome"] for attempt in data["attempts"]] == ["disconnected"] * 3


async def test_an_address_that_does_not_accept(open_client: OpenClient, full_backlog: int) -> None:
    client = await open_client({"OPENAI_BASE_URL": f"http://127.0.0.1:{full_backlog}/v1"})
    data = await failed(client, "openai/story", timeouts={"connect": 0.1})
    assert (data["kind"], data["retryable"]) == ("timedOut", True)
    assert len(data["attempts"]) == 1
    assert "first" not in data["message"], "it is the connection that took too long"
