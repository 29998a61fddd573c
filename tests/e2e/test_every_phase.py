"""Twenty clients, and a daemon that is killed or stopped in each phase of a call: each gets one whole answer."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import islice

import pytest
from e2e_client import Chat, Json
from e2e_home import Home, provider_env, wait_gone
from e2e_whole import resets, whole

from libria_providers.simulator import Simulator

CLIENTS = 20

Reached = Callable[[list[Chat], Simulator], Awaitable[object]]


@dataclass(frozen=True)
class Phase:
    """`model` as client i asks for it: nobody else's, so that each has a fault of its own. `reached` returns once all
    are there; `asked` is how often the provider has met each model in the end, None where the daemon was killed at
    different points of the calls."""

    name: str
    model: Callable[[int], str]
    reached: Reached
    asked: int | None = 2
    on_disconnect: str = "cancel"
    config: str = ""


async def each_asked(chats: list[Chat], sim: Simulator) -> None:
    await asyncio.gather(*(chat.seen("start") for chat in chats))
    await sim.wait_for(lambda call: call.state == "open", count=len(chats))


async def each_waits_to_retry(chats: list[Chat], _: Simulator) -> None:
    await asyncio.gather(*(chat.seen("status", state="retrying") for chat in chats))


async def most_queue(chats: list[Chat], _: Simulator) -> None:
    queued = [asyncio.create_task(chat.seen("status", reason="concurrency")) for chat in chats]
    for one in islice(asyncio.as_completed(queued), len(chats) - 4):
        await one
    for task in queued:
        task.cancel()


async def each_streams(chats: list[Chat], _: Simulator) -> None:
    await asyncio.gather(*(chat.seen("delta", text=" share") for chat in chats))


async def each_has_all_deltas(chats: list[Chat], _: Simulator) -> None:
    async def last(chat: Chat, count: int) -> None:
        while sum(value["kind"] == "delta" for value in chat.progress) < count:
            seen = len(chat.client.messages)
            await chat.client.until(lambda _, chat=chat, seen=seen: len(chat.client.messages) > seen, "a delta")

    await asyncio.gather(*(last(chat, 5 + i) for i, chat in enumerate(chats)))


PHASES = [
    Phase("before the first byte", lambda i: f"openai/fast:{5 + i}+headers:300000+once", each_asked),
    Phase("before the first delta", lambda i: f"anthropic/fast:{5 + i}+first:300000+once", each_asked),
    Phase("in backoff", lambda i: f"openai/fast:{5 + i}+status:503+retry-after:50+once", each_waits_to_retry),
    Phase("queued", lambda i: f"openai/fast+rate:80+count:{10 + i}", most_queue, asked=None,
          config="[limits.openai]\nconcurrency = 4\n"),
    Phase("in the middle of a stream", lambda i: f"anthropic/fast+count:{10 + i}+stall:0.7+once", each_streams),
    Phase("of a call to be finished", lambda i: f"openai/fast+count:{30 + i}+stall:0.7+once", each_streams,
          on_disconnect="finish"),
    Phase("after the last delta", lambda i: f"openai/fast:{5 + i}+stall:1+once", each_has_all_deltas),
]  # fmt: skip


KILLED = [pytest.param(phase, id=phase.name) for phase in PHASES]
STOPPED = [PHASES[0], PHASES[4]]


async def asked(home: Home, sim: Simulator, stack: AsyncExitStack, phases: list[Phase]) -> list[tuple[Phase, Chat]]:
    """A call of each of the clients, who take turns in the `phases`, once all are where they are to be."""
    home.write_config("".join(phase.config for phase in phases))
    clients = await asyncio.gather(*(home.stdio(env=provider_env(sim)) for _ in range(CLIENTS)))
    for client in clients:
        await stack.enter_async_context(client)
    await asyncio.gather(*(client.initialize() for client in clients))
    calls: list[tuple[Phase, Chat]] = []
    for i, client in enumerate(clients):
        phase = phases[i % len(phases)]
        params: Json = {"timeouts": {"firstToken": 300}, "onDisconnect": phase.on_disconnect}
        calls.append((phase, client.chat(phase.model(i), **params)))
    for phase in phases:
        await phase.reached([chat for its, chat in calls if its is phase], sim)
    return calls


async def answered(calls: list[tuple[Phase, Chat]], sim: Simulator) -> None:
    """Each has one whole answer, and none was asked of the provider more often than it must be."""
    results = await asyncio.gather(*(whole(chat) for _, chat in calls))
    for i, ((phase, chat), result) in enumerate(zip(calls, results, strict=True)):
        if phase.asked is not None:
            assert resets(chat) == ["disconnected"]
        model = phase.model(i).partition("/")[2]
        times = [call.model for call in sim.calls].count(model)
        assert times == phase.asked or (phase.asked is None and times in (1, 2)), f"{model} was asked {times} times"
        assert result["usage"]["outputTokens"] == sum(value["kind"] == "delta" for value in since_reset(chat))


def since_reset(chat: Chat) -> list[dict[str, Json]]:
    values = chat.progress
    places = [place for place, value in enumerate(values) if value["kind"] == "reset"]
    return values[places[-1] :] if places else values


async def gone(pid: int) -> None:
    await asyncio.to_thread(wait_gone, pid)


@pytest.mark.parametrize("phase", KILLED)
async def test_a_daemon_that_is_killed_costs_nobody_an_answer(own_home: Home, sim: Simulator, phase: Phase) -> None:
    async with AsyncExitStack() as stack:
        calls = await asked(own_home, sim, stack, [phase])
        [pid] = own_home.processes("serve")
        os.kill(pid, signal.SIGKILL)
        await answered(calls, sim)
        [successor] = own_home.processes("serve")
        assert successor != pid


async def test_a_daemon_that_is_stopped_costs_nobody_an_answer(own_home: Home, sim: Simulator) -> None:
    """Half of them have heard nothing yet, half are in the middle."""
    async with AsyncExitStack() as stack:
        calls = await asked(own_home, sim, stack, STOPPED)
        [pid] = own_home.processes("serve")
        os.kill(pid, signal.SIGSTOP)
        await answered(calls, sim)
        await gone(pid)
        assert len(own_home.processes("serve")) == 1
