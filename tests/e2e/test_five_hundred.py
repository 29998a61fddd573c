"""500 clients at once, and more than there are descriptors for: all is whole, and all is given back."""

import asyncio
import os
import resource
import sys
from contextlib import AsyncExitStack

import pytest
from e2e_client import WITHIN, Client
from e2e_home import Home, command, provider_env
from e2e_whole import whole

from libria_providers.simulator import Simulator

CLIENTS = 500
KEPT = 40
"""Connections to a provider that may stay open for later calls, and files of the cache."""

FILES = 128


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


async def joined(home: Home, sim: Simulator, stack: AsyncExitStack) -> Client:
    client = await stack.enter_async_context(await home.join(str(home.socket_file)))
    await client.initialize(initializationOptions={"libria": {"env": provider_env(sim)}})
    return client


async def given_back(pid: int, most: int) -> None:
    """Once what is closed has been seen to be."""
    async with asyncio.timeout(WITHIN):
        while descriptors(pid) > most:  # noqa: ASYNC110  # the kernel tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_five_hundred_at_once(own_home: Home, sim: Simulator) -> None:
    async with await own_home.join() as first, AsyncExitStack() as stack:
        pid = (await first.request("libria/status", {}))["pid"]
        before = descriptors(pid)
        clients = await asyncio.gather(*(joined(own_home, sim, stack) for _ in range(CLIENTS)))
        chats = [client.chat("openai/fast+count:20+rate:10", prompt=f"I am {i}.") for i, client in enumerate(clients)]
        await asyncio.gather(*(chat.seen("delta") for chat in chats))
        assert len((await first.request("libria/status", {}))["calls"]) == CLIENTS, "all of them at once"
        assert descriptors(pid) <= before + 2 * CLIENTS + KEPT
        results = await asyncio.gather(*map(whole, chats))
        assert {result["usage"]["outputTokens"] for result in results} == {20}
        await given_back(pid, before + CLIENTS + KEPT)
        await stack.aclose()
        await given_back(pid, before + KEPT)
        assert (await first.request("libria/status", {}))["pid"] == pid


@pytest.mark.skipif(sys.platform != "linux", reason="sets a limit before the daemon starts")
async def test_who_comes_after_the_last_descriptor_is_told_and_the_others_go_on(own_home: Home, sim: Simulator) -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))

    starter = await asyncio.create_subprocess_exec(
        *command(), "socket", env=own_home.env(), preexec_fn=few, stdout=asyncio.subprocess.DEVNULL
    )
    assert await starter.wait() == 0
    async with AsyncExitStack() as stack:
        clients = [await joined(own_home, sim, stack) for _ in range(20)]
        streams = [client.chat("openai/fast+count:60+rate:20", prompt=f"I am {i}.") for i, client in enumerate(clients)]
        await asyncio.gather(*(chat.seen("delta") for chat in streams))
        pid = (await clients[0].request("libria/status", {}))["pid"]
        while len(clients) < FILES // 2:
            clients.append(await stack.enter_async_context(await own_home.join(str(own_home.socket_file))))
            assert (await clients[-1].request("libria/status", {}))["pid"] == pid
        for _ in range(FILES):
            client = await stack.enter_async_context(await own_home.join(str(own_home.socket_file)))
            refusal = await client.until(lambda _: True, "a refusal, unasked")
            told = refusal["error"]["message"]
            assert told == f"The daemon has {FILES // 2} clients, the most it takes; end some of them."
        assert descriptors(pid) < FILES
        await asyncio.gather(*map(whole, streams))
        assert [call.state for call in sim.calls] == ["done"] * len(streams)
        for client in clients:
            assert (await client.request("libria/status", {}))["pid"] == pid
        assert (await clients[0].chat("openai/fast:3").result())["content"]
