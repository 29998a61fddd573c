"""Several clients of one daemon: what they share, and what each has for itself."""

import asyncio

from e2e_client import Client
from e2e_home import KEYS, Home, provider_env

from libria_providers.simulator import Simulator
from libria_providers.simulator.record import digest


async def test_two_tools_share_one_daemon_and_one_pool(home: Home, sim: Simulator) -> None:
    editor, script = await home.stdio(env=provider_env(sim)), await home.join()
    async with editor, script:
        await editor.initialize(clientInfo={"name": "editor"})
        await script.initialize(
            clientInfo={"name": "script"}, initializationOptions={"libria": {"env": provider_env(sim)}}
        )
        for client in (editor, script, editor, script):
            await client.chat("openai/fast:3").result()
        status = await editor.request("libria/status", {})
        assert status["pid"] == (await script.request("libria/status", {}))["pid"]
        assert [one["name"] for one in status["clients"]].count("editor") == 1
        assert [one["name"] for one in status["clients"]].count("script") == 1
        [pool] = [pool for pool in status["pools"] if pool["address"].startswith(sim.url)]
        assert (pool["provider"], pool["inUse"], pool["opened"]) == ("openai", 0, 1)
    assert sim.connections_made == 1
    assert [call.use for call in sim.calls] == [1, 2, 3, 4]


async def test_each_tool_pays_with_its_own_key(home: Home, sim: Simulator) -> None:
    keys = ["fake-key-of-the-first", "fake-key-of-the-second", "fake-key-of-the-third"]
    first = await home.stdio(env={**provider_env(sim), "OPENAI_API_KEY": keys[0]})
    second = await home.stdio(env={**provider_env(sim), "OPENAI_API_KEY": keys[1]})
    third = await home.join()
    async with first, second, third:
        await third.initialize(
            initializationOptions={"libria": {"env": {**provider_env(sim), "OPENAI_API_KEY": keys[2]}}}
        )
        for client in (first, second, third, first):
            await client.chat("openai/fast:3").result()
        assert [call.key for call in sim.calls] == [digest(keys[i]) for i in (0, 1, 2, 0)]
        assert len({(await one.request("libria/status", {}))["pid"] for one in (first, second, third)}) == 1
    log = home.log.read_text()
    assert not any(key in log for key in keys)


async def test_a_tool_without_a_key_does_not_get_anothers(home: Home, sim: Simulator) -> None:
    with_key = await home.stdio(env=provider_env(sim))
    without = await home.stdio(env={k: v for k, v in provider_env(sim).items() if k not in KEYS})
    async with with_key, without:
        await with_key.chat("openai/fast:3").result()
        error = await without.chat("openai/fast:3").error()
        assert error.data["kind"] == "credentialMissing"
    assert len(sim.calls) == 1


async def test_variables_that_are_nobodys_business_stay_with_the_tool(own_home: Home, sim: Simulator) -> None:
    """What the config names travels as well; the first tool starts the daemon, the second finds it."""
    own_home.write_config(
        f'[providers.mine]\nkind = "openai-compatible"\nbase_url = "{sim.url}/v1"\napi_key_env = "MY_OWN_SECRET"\n'
    )
    first = await own_home.stdio(env={"MY_OWN_SECRET": "fake-first"})
    async with first:
        await first.chat("mine/fast:3").result()
        second = await own_home.stdio(env={"MY_OWN_SECRET": "fake-second"})
        async with second:
            await second.chat("mine/fast:3").result()
    assert [call.key for call in sim.calls] == [digest("fake-first"), digest("fake-second")]


async def test_a_slow_reader_stalls_nobody_and_gets_everything(home: Home, sim: Simulator) -> None:
    slow, quick = await home.stdio(env=provider_env(sim)), await home.stdio(env=provider_env(sim))
    async with slow, quick:
        slow.hold()
        chat = slow.chat("openai/fast:100000")
        await sim.wait_for(lambda call: call.events > 20_000)
        for _ in range(5):
            other = quick.chat("anthropic/fast:100")
            answer = await other.result()
            assert other.text() == answer["content"]
        slow.go_on()
        result = await chat.result()
        await chat.in_order()
        assert chat.text() == result["content"]
        assert result["usage"]["outputTokens"] == 100_000
        deltas = sum(value["kind"] == "delta" for value in chat.progress)
        assert deltas < 100_000, "what was not read in time is joined"


async def test_a_client_that_never_reads_holds_its_own_call_back_only(home: Home, sim: Simulator) -> None:
    silent, quick = await home.stdio(env=provider_env(sim)), await home.stdio(env=provider_env(sim))
    async with silent, quick:
        silent.hold()
        silent.chat("openai/fast:2000000")
        await sim.wait_for(lambda call: call.events > 20_000)
        assert (await quick.chat("groq/fast:10").result())["content"]
        [pool] = [
            pool
            for pool in (await quick.request("libria/status", {}))["pools"]
            if pool["address"].startswith(sim.url) and pool["provider"] == "openai"
        ]
        assert pool["inUse"] == 1
        assert sim.calls[0].state == "open"
    await sim.wait_for(lambda call: call.state == "hung up")


async def test_many_calls_of_many_clients(home: Home, sim: Simulator) -> None:
    clients: list[Client] = [await home.stdio(env=provider_env(sim)) for _ in range(4)]
    try:
        chats = [client.chat("openai/echo", f"{i}-{j} " * 20) for i, client in enumerate(clients) for j in range(25)]
        results = await asyncio.gather(*(chat.result() for chat in chats))
        wanted = [f"{i}-{j} " * 20 for i in range(4) for j in range(25)]
        assert [result["content"] for result in results] == wanted
        assert [chat.text() for chat in chats] == wanted
        for chat in chats:
            await chat.in_order()
    finally:
        await asyncio.gather(*(client.close() for client in clients))


async def test_a_call_may_outlive_its_client(home: Home, sim: Simulator) -> None:
    client = await home.stdio(env=provider_env(sim))
    chat = client.chat("openai/story+rate:400+count:100", onDisconnect="finish")
    await chat.seen("delta")
    await client.close()
    seen = await sim.wait_for(lambda call: call.state != "open")
    assert seen.state == "done"


async def test_what_initialize_says_counts_before_the_forwarders_environment(own_home: Home, sim: Simulator) -> None:
    """Bug: the forwarder's hello was handled in a task, after the initialize that came right behind it."""
    for _ in range(3):  # the first finds a daemon that has just started and reads both at once
        client = await own_home.stdio(env=provider_env(sim))
        async with client:
            env = {**provider_env(sim), "OPENAI_API_KEY": "fake-key-of-initialize"}
            await client.initialize(clientInfo={"name": "editor"}, initializationOptions={"libria": {"env": env}})
            await client.chat("openai/fast:3").result()
            assert [one["name"] for one in (await client.request("libria/status", {}))["clients"]] == ["editor"]
    assert {call.key for call in sim.calls} == {digest("fake-key-of-initialize")}
