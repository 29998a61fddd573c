"""Responses over a WebSocket, as the config asks for it: one connection, and POST where there is none."""

import asyncio

import pytest
from e2e_home import Home

from libria_providers.simulator import Simulator

CONFIG = '[providers.mine]\nkind = "openai-responses"\nbase_url = "{url}/v1"\nwebsocket = true\n'
ENV = {"OPENAI_API_KEY": "fake-openai-key"}


@pytest.mark.parametrize("upgrade", [True, False])
async def test_many_calls(own_home: Home, upgrade: bool) -> None:
    async with Simulator(pace=0, websocket=upgrade) as sim:
        own_home.write_config(CONFIG.format(url=sim.url))
        async with await own_home.stdio(env=ENV) as client:
            await client.initialize()
            first = await client.chat("mine/fast:7").result()
            chats = [client.chat(f"mine/fast:{count}") for count in range(5, 15)]
            results = await asyncio.gather(*(chat.result() for chat in chats))
            assert first["usage"]["outputTokens"] == 7
            assert [result["usage"]["outputTokens"] for result in results] == list(range(5, 15))
            assert [chat.text() for chat in chats] == [result["content"] for result in results]
            if upgrade:
                assert sim.connections_made == 1


async def test_a_cancel_reaches_it(own_home: Home) -> None:
    async with Simulator() as sim:
        own_home.write_config(CONFIG.format(url=sim.url))
        async with await own_home.stdio(env=ENV) as client:
            await client.initialize()
            chat = client.chat("mine/story")
            await chat.seen("delta")
            chat.cancel()
            assert (await chat.error()).code == -32800
            await sim.wait_for(lambda call: call.state == "hung up")
            assert (await client.chat("mine/fast:3").result())["usage"]["outputTokens"] == 3
