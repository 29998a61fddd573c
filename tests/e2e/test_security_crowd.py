"""Clients that do not read, send garbage or are too many: what the others notice of it, by counts."""

import asyncio
import contextlib
import os
import resource
import sys
from collections.abc import AsyncIterator

import pytest
from e2e_client import Client
from e2e_home import Home, provider_env

from libria_providers.simulator import Simulator

MB = 1024 * 1024
STREAM = 100_000
"""Deltas of which a stopped client takes none: several times what all the buffers on the way hold."""


async def joined(home: Home, sim: Simulator) -> Client:
    client = await home.join()
    await client.initialize(initializationOptions={"libria": {"env": provider_env(sim)}})
    return client


def memory(pid: int) -> int:
    """Bytes that the process holds."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
async def stack() -> AsyncIterator[contextlib.AsyncExitStack]:
    """Of clients, which are hung up on also where a test fails."""
    async with contextlib.AsyncExitStack() as stack:
        yield stack


async def test_three_that_stopped_reading_delay_nobody_and_get_everything(
    home: Home, sim: Simulator, stack: contextlib.AsyncExitStack
) -> None:
    stopped = [await stack.enter_async_context(await joined(home, sim)) for _ in range(3)]
    live = await stack.enter_async_context(await joined(home, sim))
    pid = (await live.request("libria/status", {}))["pid"]
    before = memory(pid) if sys.platform == "linux" else 0
    chats = []
    for client in stopped:
        client.hold()
        chats.append(client.chat(f"openai/fast:{STREAM}"))
    await sim.wait_for(lambda call: call.events > 10_000)
    for _ in range(5):
        chat = live.chat("anthropic/fast:500")
        result = await chat.result()
        assert chat.text() == result["content"]
        assert sum(value["kind"] == "delta" for value in chat.progress) == 500, "the live client's deltas were joined"
    assert not any(call.state == "done" for call in sim.calls if f"fast:{STREAM}" in call.model), "nothing waited"
    if sys.platform == "linux":
        assert memory(pid) - before < 60 * MB
    for chat in chats:
        chat.client.go_on()
    for chat in chats:
        result = await chat.result()
        assert chat.text() == result["content"]
        assert result["usage"]["outputTokens"] == STREAM
        await chat.in_order()


async def test_garbage_without_end_costs_the_others_nothing(home: Home, sim: Simulator) -> None:
    """As fast as the daemon takes it, from three clients, in the shapes that are worst for a reader."""
    worst = (
        os.urandom(MB),
        b"Content-Length: 9999999999\r\n\r\n" * (MB // 30),
        b"Content-Length: 1\r\n\r\nx" * (MB // 22),
    )
    live = await joined(home, sim)
    lines = len(home.log.read_bytes().splitlines())
    pid = (await live.request("libria/status", {}))["pid"]
    before = memory(pid) if sys.platform == "linux" else 0
    floods = [await joined(home, sim) for _ in worst]
    sent = [0] * len(worst)

    async def flood(which: int) -> None:
        while True:
            for start in range(0, MB, 65536):
                floods[which].send_raw(worst[which][start : start + 65536])
                await floods[which].drain()
                sent[which] += 65536

    tasks = [asyncio.create_task(flood(which)) for which in range(len(worst))]
    for _ in range(10):
        chat = live.chat("openai/fast:300")
        result = await chat.result()
        assert chat.text() == result["content"]
        assert sum(value["kind"] == "delta" for value in chat.progress) == 300
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert all(sent)
    assert len(floods[2].messages) < 5000, "each of them was answered as fast as it came"
    for client in floods[:2]:
        assert len([message for message in client.messages if "error" in message]) <= 3, "one stretch, one complaint"
    assert len(home.log.read_bytes().splitlines()) - lines < 60
    if sys.platform == "linux":
        assert memory(pid) - before < 30 * MB
    for client in floods:
        client._writer.transport.abort()
    for client in (*floods, live):
        await client.close()


@pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit(2)")
async def test_where_descriptors_are_few_so_are_clients_and_calls_have_theirs(own_home: Home, sim: Simulator) -> None:
    first = await joined(own_home, sim)
    pid = (await first.request("libria/status", {}))["pid"]
    await first.close()
    await own_home.command("stop")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c",
        "import os, resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'libria', 'socket'])",
        env=own_home.env(), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert await process.wait() == 0
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == limit
    clients = [await own_home.join(str(own_home.socket_file)) for _ in range(80)]
    outcomes = []
    for client in clients:
        client.start("libria/status", {}, id="it")
        outcomes.append("error" in await client.until(lambda message: True, "an answer or a refusal"))
    assert 0 < outcomes.count(True) < 80
    assert outcomes.count(False) == 50  # half of the descriptors
    inside = [client for client, refused in zip(clients, outcomes, strict=True) if not refused]
    await inside[0].initialize(initializationOptions={"libria": {"env": provider_env(sim)}})
    chats = [inside[0].chat("openai/fast:3") for _ in range(10)]
    for chat in chats:
        assert (await chat.result())["content"]
    assert (await inside[-1].request("libria/status", {}))["pid"] != pid
    for client in clients:
        await client.close()
    own_home.check_log()
