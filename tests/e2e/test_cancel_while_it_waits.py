"""A call that waits for its turn is cancelled as any other: nothing of it reaches the provider."""

import asyncio

from e2e_home import Home, provider_env

from libria_providers.simulator import Simulator

ANSWERED = 0.1
"""Seconds, as the contract has it."""


async def test_while_queued_for_a_place(own_home: Home) -> None:
    own_home.write_config('[limits."openai"]\nconcurrency = 1\n')
    async with Simulator() as sim, await own_home.stdio(env=provider_env(sim)) as client:
        await client.initialize()
        first = client.chat("openai/story")
        await first.seen("delta")
        second = client.chat("openai/fast:3")
        await second.seen("status")
        began = asyncio.get_running_loop().time()
        second.cancel()
        assert (await second.error()).code == -32800
        assert asyncio.get_running_loop().time() - began <= ANSWERED
        assert len(sim.calls) == 1
        first.cancel()
        assert (await first.error()).code == -32800
        assert (await client.chat("openai/fast:4").result())["usage"]["outputTokens"] == 4


async def test_while_limited(own_home: Home) -> None:
    own_home.write_config('[limits."openai"]\nrpm = 1\n')
    async with Simulator(pace=0) as sim, await own_home.stdio(env=provider_env(sim)) as client:
        await client.initialize()
        await client.chat("openai/fast:3").result()
        waiting = client.chat("openai/fast:4")
        await waiting.seen("status")
        began = asyncio.get_running_loop().time()
        waiting.cancel()
        assert (await waiting.error()).code == -32800
        assert asyncio.get_running_loop().time() - began <= ANSWERED
        assert len(sim.calls) == 1
