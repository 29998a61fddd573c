"""Scenarios: the caller wants no more, or is gone. In every phase it is answered within 100 ms, and the provider is
left within 250 ms; nothing is held afterwards, and what was used is booked."""

import asyncio

import pytest
from e2e_client import Client
from e2e_home import OpenClient
from scenario_stage import (
    CLOSED,
    difference,
    hung_up,
    is_hung_up,
    nothing_left,
    now,
    on_the_socket,
    scenario,
    spend,
)

from libria_providers.simulator import Simulator

HEALTHY = "openai/fast:20"
LONG = {"connect": 300, "firstToken": 300, "idle": 300, "total": 300}
ENDLESS = "fast+rate:200+count:100000"


async def test_waiting(client: Client, sim: Simulator) -> None:
    """Between two attempts, for the headers, for the first delta, and in a stream that stands still."""
    async with scenario(client, sim, then=HEALTHY) as run:
        backing_off = client.chat("openai/fast:20+status:503+retry-after:50", timeouts=LONG)
        await backing_off.seen("status", state="retrying")
        await run.cancel(backing_off, leaves=0)
        assert len(sim.calls) == 1

        headers = client.chat("openai/silent", timeouts=LONG)
        await sim.wait_for(lambda call: call.model == "silent")
        await run.cancel(headers)

        first = client.chat("anthropic/fast:20+first:300000", timeouts=LONG)
        await sim.wait_for(lambda call: call.state == "open" and call.events)
        await run.cancel(first)

        standing = client.chat("openai/fast:20+stall:0.5", timeouts=LONG)
        await standing.seen("delta", seq=9)
        await run.cancel(standing)
        assert len(sim.calls) == 4, "none is asked again"


async def test_connecting(open_client: OpenClient, sim: Simulator, full_backlog: int) -> None:
    client = await open_client({"OPENAI_BASE_URL": f"http://127.0.0.1:{full_backlog}/v1"})

    async def connections(count: int) -> None:
        """Return once so many are in use for that address."""
        while True:
            pools = (await client.request("libria/status", {}))["pools"]
            if [pool["inUse"] for pool in pools if f":{full_backlog}/" in pool["address"]] == [count]:
                return

    async with scenario(client, sim, then="groq/fast:20") as run:
        chat = client.chat("openai/fast:20", timeouts=LONG)
        await connections(1)
        start = now()
        await run.cancel(chat, leaves=0)
        await connections(0)
        assert now() - start <= CLOSED


async def test_mid_stream(client: Client, sim: Simulator) -> None:
    """What had come by then is booked, by an estimate: no vendor says what a reply cost that was left."""
    async with scenario(client, sim, then=HEALTHY) as run:
        await run.ask(HEALTHY)  # the first call of a process has its prices loaded beside it
        target = f"openai/{ENDLESS}"
        before = (await spend(client, target))[target]
        for token in ("stream", None):
            chat = client.chat(target, timeouts=LONG, partialResultToken=token)
            await sim.wait_for(lambda call: call.state == "open" and call.events > 10)
            await run.cancel(chat)
        await nothing_left(client, sim)
        booked = difference((await spend(client, target))[target], before)
        assert booked["outputTokens"] >= 10
        del booked["outputTokens"]
        assert booked == {"attempts": 2, "failed": 0, "cancelled": 2, "estimatedAttempts": 2}
        assert all(call.events < 200 for call in sim.calls)


async def test_between_fallbacks(client: Client, sim: Simulator) -> None:
    """The first has failed, the second has said nothing yet: before the first delta, and after a stream broke."""
    async with scenario(client, sim, then=HEALTHY) as run:
        for number, fault in enumerate(["status:401", "cut:0.5"]):
            chat = client.chat(f"openai/fast:20+{fault}", fallbacks=["groq/silent", "anthropic/fast:5"], timeouts=LONG)
            await sim.wait_for(lambda call: call.state == "open" and call.model == "silent", count=1)
            await run.cancel(chat)
            assert len(sim.calls) == 2 * (number + 1), "the third is not asked"


@on_the_socket
async def test_many_at_once_and_the_others_go_on(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=HEALTHY) as run:
        staying = [client.chat("openai/fast+rate:100+count:60") for _ in range(5)]
        leaving = [client.chat(f"openai/{ENDLESS}", timeouts=LONG) for _ in range(15)]
        for chat in (*staying, *leaving):
            await chat.seen("delta")
        await asyncio.gather(*(run.cancel(chat, leaves=0) for chat in leaving[1:]), run.cancel(leaving[0], leaves=15))
        for chat in staying:
            result = await chat.result()
            assert chat.text() == result["content"]
        assert sum(map(is_hung_up, sim.calls)) == 15


async def test_a_client_that_goes_away(open_client: OpenClient, sim: Simulator) -> None:
    leaving, client = await open_client(), await open_client()
    async with scenario(client, sim, then=HEALTHY) as run:
        streaming = leaving.chat(f"openai/{ENDLESS}", timeouts=LONG)
        run.left.append(streaming)
        leaving.chat("anthropic/silent", timeouts=LONG)
        await streaming.seen("delta")
        await sim.wait_for(lambda call: call.model == "silent")
        start = now()
        left = asyncio.create_task(hung_up(sim, count=2))
        await leaving.close()
        assert await left - start <= CLOSED


@pytest.mark.parametrize("mode", ["shared", "socket"])  # nothing outlives a process of the client's own
async def test_a_client_that_goes_away_and_wants_its_answer_finished(open_client: OpenClient, sim: Simulator) -> None:
    leaving, client = await open_client(), await open_client()
    async with scenario(client, sim, then=HEALTHY) as run:
        chat = leaving.chat("openai/fast+rate:100+count:50", onDisconnect="finish")
        run.left.append(chat)
        await chat.seen("delta")
        await leaving.close()
        await sim.wait_for(lambda call: call.state == "done")
        await nothing_left(client, sim)
        kept = await run.ask("openai/fast+rate:100+count:50", cache={"mode": "only"})
        assert kept.result["cache"]["hit"]
        assert kept.result["content"].startswith(chat.text())
        assert kept.result["usage"]["outputTokens"] == 50
        assert len(sim.calls) == 1


@on_the_socket
async def test_what_is_to_be_finished_can_be_cancelled_all_the_same(client: Client, sim: Simulator) -> None:
    async with scenario(client, sim, then=HEALTHY) as run:
        chat = client.chat(f"openai/{ENDLESS}", onDisconnect="finish", timeouts=LONG)
        await chat.seen("delta")
        await run.cancel(chat)
