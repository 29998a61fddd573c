"""Cancel, in every phase: answered at once, silent afterwards, and closed at the provider."""

import pytest
from e2e_client import Chat, Client
from e2e_home import OpenClient

from libria_providers.simulator import Simulator

LONG = {"firstToken": 300, "idle": 300, "connect": 300, "total": 300}


async def cancelled(chat: Chat) -> None:
    """Cancel, and see that the answer waits for nothing: it precedes that of a request sent with it."""
    chat.cancel()
    behind = chat.client.start("libria/status", {})
    await settled(chat, await behind.response())


async def settled(chat: Chat, behind: dict) -> None:  # type: ignore[type-arg]  # JSON
    client = chat.client
    error = await chat.error()
    assert error.code == -32800
    place = client.index(await chat.response())
    assert place < client.index(behind)
    while (await client.request("libria/status", {}))["calls"]:
        pass  # it unwinds; once it is gone, whatever was still to be said has been said
    late = [one for one in client.messages[place + 1 :] if one.get("method") == "$/progress"]
    assert late == []


@pytest.mark.parametrize("fault", ["silent", "headers:300000", "first:300000"])
async def test_before_the_first_delta(client: Client, sim: Simulator, fault: str) -> None:
    chat = client.chat(f"openai/story+{fault}", timeouts=LONG)
    await sim.wait_for(lambda call: call.state == "open")
    await cancelled(chat)
    await sim.wait_for(lambda call: call.state == "hung up")
    assert len(sim.calls) == 1


@pytest.mark.parametrize("vendor", ["openai", "anthropic", "groq"])
async def test_in_the_middle_of_a_stream(client: Client, sim: Simulator, vendor: str) -> None:
    chat = client.chat(f"{vendor}/story+rate:200+count:100000", timeouts=LONG)
    await chat.seen("delta")
    await cancelled(chat)
    await sim.wait_for(lambda call: call.state == "hung up")


async def test_while_a_stream_stands_still(client: Client, sim: Simulator) -> None:
    chat = client.chat("openai/fast:10+stall:0.5", timeouts=LONG)
    await chat.seen("delta", seq=5)
    await cancelled(chat)
    await sim.wait_for(lambda call: call.state == "hung up")


async def test_between_two_attempts(client: Client, sim: Simulator) -> None:
    chat = client.chat("openai/story+status:503+retry-after:50", timeouts=LONG)
    assert (await chat.seen("status", state="retrying"))["etaMs"] >= 50_000
    await cancelled(chat)
    assert len(sim.calls) == 1


async def test_while_connecting(open_client: OpenClient, full_backlog: int) -> None:
    client = await open_client({"OPENAI_BASE_URL": f"http://127.0.0.1:{full_backlog}/v1"})
    chat = client.chat("openai/story", timeouts=LONG)
    await chat.seen("start")
    await client.request("libria/status", {})
    await cancelled(chat)


async def test_by_its_work_done_token(client: Client, sim: Simulator) -> None:
    chat = client.chat("openai/silent", timeouts=LONG, workDoneToken="work")
    await sim.wait_for(lambda call: call.state == "open")
    client.notify("window/workDoneProgress/cancel", {"token": "work"})
    behind = client.start("libria/status", {})
    await settled(chat, await behind.response())
    await sim.wait_for(lambda call: call.state == "hung up")
    assert [value["kind"] for value in client.values("work")] == ["begin", "end"]


async def test_others_go_on(client: Client, sim: Simulator) -> None:
    calls = [client.chat("openai/story+rate:100+count:40") for _ in range(6)]
    for chat in calls:
        await chat.seen("delta")
    for chat in calls[::2]:
        chat.cancel()
    for i, chat in enumerate(calls):
        if i % 2:
            result = await chat.result()
            assert chat.text() == result["content"]
        else:
            assert (await chat.error()).code == -32800
    await sim.wait_for(lambda call: call.state == "hung up", count=3)
    assert sorted(call.state for call in sim.calls) == ["done"] * 3 + ["hung up"] * 3


async def test_what_is_over_or_unknown_cancels_nothing(client: Client) -> None:
    chat = client.chat("openai/fast:3")
    await chat.result()
    seen = len(client.messages)
    chat.cancel()
    chat.cancel()
    client.notify("$/cancelRequest", {"id": "nobody's"})
    client.notify("window/workDoneProgress/cancel", {"token": "nobody's"})
    await client.request("libria/status", {})
    assert len(client.messages) == seen + 1


async def test_a_client_that_leaves_ends_its_calls(open_client: OpenClient, sim: Simulator) -> None:
    leaving = await open_client()
    streaming = leaving.chat("openai/story+rate:200+count:100000", timeouts=LONG)
    leaving.chat("anthropic/silent", timeouts=LONG)
    await streaming.seen("delta")
    await sim.wait_for(lambda call: call.model == "silent")
    await leaving.close()
    await sim.wait_for(lambda call: call.state == "hung up", count=2)


async def test_cancelled_calls_leave_no_connection_behind(client: Client, sim: Simulator) -> None:
    """A cancel while connecting or reading must not eat a place in the pool (httpcore PR 1099)."""
    for fault in ("silent", "first:300000", "silent", "fast:10+stall:0.5", "silent"):
        calls = [client.chat(f"openai/{fault}", timeouts=LONG) for _ in range(20)]
        for chat in calls:
            chat.cancel()
        for chat in calls:
            assert (await chat.error()).code == -32800
    assert (await client.chat("openai/fast:3").result())["content"]
    await sim.wait_for(lambda call: call.state != "open", count=len(sim.calls))
    pools = (await client.request("libria/status", {}))["pools"]
    ours = [pool for pool in pools if pool["provider"] == "openai" and pool["address"].startswith(sim.url)]
    assert [pool["inUse"] for pool in ours] == [0]


@pytest.mark.parametrize("mode", ["socket"])
async def test_another_client_ends_a_call(open_client: OpenClient, sim: Simulator) -> None:
    """A person sees it in the status and wants it to stop, whoever asked."""
    client, other = await open_client(), await open_client()
    chat = client.chat("openai/story+rate:200+count:100000", timeouts=LONG)
    await chat.seen("delta")
    [call] = (await other.request("libria/status", {}))["calls"]
    assert await other.request("libria/cancel", {"callId": call["callId"]}) == {"cancelled": True}
    assert (await chat.error()).code == -32800
    await sim.wait_for(lambda call: call.state == "hung up")
    assert await other.request("libria/cancel", {"callId": call["callId"]}) == {"cancelled": False}
    assert await other.request("libria/cancel", {"callId": "call-of-nobody"}) == {"cancelled": False}
