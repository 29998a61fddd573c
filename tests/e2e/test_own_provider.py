"""A provider of the user's own is a few lines of config: everything works there that works elsewhere."""

import pytest
from e2e_client import Json, RpcFailed
from e2e_home import Home

from libria_providers.simulator import Simulator
from libria_providers.simulator.embeddings import DIMENSIONS, vector

TOOL: Json = {"name": "look", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}}


async def test_openai_compatible(own_home: Home) -> None:
    async with Simulator(pace=0, key="fake-key-of-mine") as sim:
        own_home.write_config(
            f'[providers.mine]\nbase_url = "{sim.url}/v1"\napi_key_env = "MINE_KEY"\n'
            'headers = { "x-team" = "blue" }\n'
            '[aliases]\nquick = ["mine/fast:5"]\n'
        )
        async with await own_home.stdio(env={"MINE_KEY": "fake-key-of-mine"}) as client:
            await client.initialize()
            chat = client.chat("quick")
            result = await chat.result()
            assert (result["model"], result["content"]) == ("mine/fast:5", chat.text())
            called = await client.chat("mine/tools", tools=[TOOL]).result()
            assert [call["name"] for call in called["toolCalls"]] == ["look"]
            turn: list[Json] = [
                {"role": "user", "content": "Look."},
                called["message"],
                {"role": "tool", "toolCallId": called["toolCalls"][0]["id"], "content": "a wall"},
            ]
            assert "a wall" in (await client.chat("mine/tools", messages=turn, tools=[TOOL]).result())["content"]
            embedded = await client.request("libria/embed", {"model": "mine/fast", "input": ["x"]})
            assert embedded["embeddings"] == [vector("x", DIMENSIONS)]
            counted = await client.request(
                "libria/countTokens", {"model": "mine/fast", "messages": [{"role": "user", "content": "x"}]}
            )
            assert counted["exact"] is False
            assert (await client.request("libria/complete", {"model": "mine/code", "prefix": "def f():"}))["content"]
            models = (await client.request("libria/models", {"provider": "mine"}))["models"]
            assert "mine/story" in [model["id"] for model in models]
            assert {call.headers["x-team"] for call in sim.calls} == {"blue"}
            assert "cost" not in result, "nobody knows its prices"


@pytest.mark.parametrize(("kind", "path"), [("anthropic", "/v1/messages"), ("groq", "/openai/v1/chat/completions")])
async def test_like_a_built_in_one(own_home: Home, kind: str, path: str) -> None:
    async with Simulator(pace=0) as sim:
        own_home.write_config(
            f'[providers.work]\nkind = "{kind}"\nbase_url = "{sim.url}"\napi_key_command = ["echo", "fake-key"]\n'
        )
        async with await own_home.stdio() as client:
            await client.initialize()
            result = await client.chat("work/fast:3").result()
            assert result["model"] == "work/fast:3"
            assert [call.path for call in sim.calls] == [path]


async def test_what_is_wrong_in_it_is_told(own_home: Home) -> None:
    own_home.write_config('[providers.gemini]\ndialect = "openai-responses"\n')
    code, _, err = await own_home.command("config", "check")
    assert code == 1
    assert "providers.gemini.dialect" in err
    assert "Gemini" in err


async def test_refused_before_it_is_sent(own_home: Home) -> None:
    """What a model is known not to do names the parameter; who forces it is sent."""
    async with Simulator(pace=0, aliases={"o3": "fast:3"}) as sim:
        env = {"OPENAI_API_KEY": "fake", "OPENAI_BASE_URL": f"{sim.url}/v1"}
        async with await own_home.stdio(env=env) as client:
            await client.initialize()
            with pytest.raises(RpcFailed) as failed:
                await client.chat("openai/o3", temperature=0.5).result()
            assert failed.value.data["kind"] == "badRequest"
            assert "temperature" in failed.value.message
            assert not sim.calls
            await client.chat("openai/o3", temperature=0.5, providerOptions={"temperature": 0.5}).result()
            assert sim.calls[0].body["temperature"] == 0.5
