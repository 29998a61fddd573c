"""A streamed answer, from the provider's events to the client's progress and result."""

import pytest
from e2e_client import Client

from libria_providers.simulator import Simulator

RESULT = {
    "callId",
    "model",
    "servedModel",
    "content",
    "toolCalls",
    "stopReason",
    "message",
    "usage",
    "cache",
    "timings",
    "attempts",
}


async def test_the_deltas_add_up_to_the_content(client: Client, sim: Simulator) -> None:
    chat = client.chat("openai/story+count:50")
    result = await chat.result()
    deltas = [value for value in chat.progress if value["kind"] == "delta"]
    assert chat.text() == result["content"]
    assert len(deltas) == 50
    assert result["content"].startswith("Why we share one daemon")
    await chat.in_order()
    assert chat.progress[0]["callId"] == result["callId"]
    assert [call.model for call in sim.calls] == ["story+count:50"]


async def test_a_delta_reaches_the_client_before_the_provider_sends_the_next(client: Client, sim: Simulator) -> None:
    chat = client.chat("openai/fast:10+stall:0.3")
    await chat.seen("delta", seq=3)  # the third and last that the simulator sends
    assert sim.calls[0].state == "open"
    chat.cancel()
    assert (await chat.error()).code == -32800


async def test_every_field_of_a_result(client: Client) -> None:
    result = await client.chat("openai/fast:20+cached:3", "A prompt of a few words.").result()
    assert set(result) == RESULT
    assert result["model"] == "openai/fast:20+cached:3"
    assert result["servedModel"] == "fast:20+cached:3"
    assert result["stopReason"] == "stop"
    assert result["toolCalls"] == []
    assert result["message"]["role"] == "assistant"
    assert result["message"]["content"] == result["content"]
    usage = result["usage"]
    assert (usage["outputTokens"], usage["cachedInputTokens"]) == (20, 3)
    assert usage["inputTokens"] > 0
    assert result["cache"] == {"hit": False}
    timings = result["timings"]
    assert set(timings) == {"queuedMs", "firstTokenMs", "totalMs", "overheadMs"}
    assert 0 <= timings["overheadMs"] <= timings["firstTokenMs"] <= timings["totalMs"]
    [attempt] = result["attempts"]
    assert set(attempt) == {"target", "outcome", "status", "requestId", "startedMs", "durationMs"}
    assert (attempt["target"], attempt["outcome"], attempt["status"]) == (result["model"], "ok", 200)
    assert attempt["requestId"].startswith("req_")
    assert attempt["startedMs"] >= 0
    assert 0 < attempt["durationMs"] <= timings["totalMs"]


async def test_without_a_token_there_is_no_progress(client: Client) -> None:
    result = await client.chat("openai/fast:30", partialResultToken=None).result()
    assert result["content"]
    assert [message for message in client.messages if message.get("method") == "$/progress"] == []


@pytest.mark.parametrize("token", ["words", 7])
async def test_work_done_progress_begins_reports_and_ends(client: Client, token: int | str) -> None:
    chat = client.chat("openai/fast:5+status:503+retry-after-ms:1+once", workDoneToken=token)
    response = await chat.response()
    values = client.values(token)
    kinds = [value["kind"] for value in values]
    assert kinds[0] == "begin"
    assert kinds[-1] == "end"
    assert kinds[1:-1] == ["report"]
    assert values[0]["title"]
    assert values[0]["cancellable"] is True
    assert "retrying" in values[1]["message"]
    ends = [m for m in client.messages if m.get("method") == "$/progress" and m["params"]["value"]["kind"] == "end"]
    assert client.index(ends[0]) < client.index(response)


async def test_two_calls_at_once_keep_to_their_own_tokens(client: Client) -> None:
    calls = [client.chat("openai/echo", f"This is the text number {i}. " * 30) for i in range(8)]
    for i, chat in enumerate(calls):
        result = await chat.result()
        assert result["content"] == f"This is the text number {i}. " * 30
        assert chat.text() == result["content"]
        await chat.in_order()
    assert len({(await chat.result())["callId"] for chat in calls}) == 8


async def test_the_built_in_simulator_goes_the_whole_way(client: Client) -> None:
    chat = client.chat("simulate/fast:12")
    result = await chat.result()
    assert (result["model"], chat.text()) == ("simulate/fast:12", result["content"])
    status = await client.request("libria/status", {})
    assert "simulate" in {pool["provider"] for pool in status["pools"]}


async def test_text_beyond_ascii_arrives_whole(client: Client) -> None:
    prompt = 'Zürich — 東京 😀 \u2028 \x00 \\ " end'
    chat = client.chat("openai/echo+split:3", prompt)
    assert (await chat.result())["content"] == prompt
    assert chat.text() == prompt
