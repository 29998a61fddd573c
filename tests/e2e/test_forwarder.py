"""The forwarder outlives its daemon: killed, stopped, ended; the client sees a reset, then the whole answer."""

import asyncio
import os
import signal

import pytest
from e2e_home import Home, provider_env, wait_gone
from e2e_whole import resets, whole

from libria_providers.simulator import Simulator


def only_daemon(home: Home) -> int:
    [pid] = home.processes("serve")
    return pid


async def gone(pid: int) -> None:
    await asyncio.to_thread(wait_gone, pid)


async def test_a_daemon_killed_in_the_middle_of_a_stream(own_home: Home, sim: Simulator) -> None:
    async with await own_home.stdio(env=provider_env(sim)) as client:
        await client.initialize()
        chat = client.chat("openai/story+rate:100+count:40")
        await chat.seen("delta", seq=5)
        os.kill(only_daemon(own_home), signal.SIGKILL)
        result = await whole(chat)
        assert resets(chat) == ["disconnected"]
        assert result["usage"]["outputTokens"] == 40
        assert (await client.chat("openai/fast:3").result())["content"]


async def test_a_daemon_killed_before_the_first_delta(own_home: Home, sim: Simulator) -> None:
    async with await own_home.stdio(env=provider_env(sim)) as client:
        chat = client.chat("openai/story+first:300000+once", timeouts={"firstToken": 300})
        await chat.seen("start")
        await sim.wait_for(lambda call: call.state == "open")
        os.kill(only_daemon(own_home), signal.SIGKILL)
        await whole(chat)
        assert resets(chat) == ["disconnected"]
        assert sim.calls[0].state == "hung up"


async def test_a_daemon_killed_at_rest_is_not_missed(own_home: Home, sim: Simulator) -> None:
    async with await own_home.stdio(env=provider_env(sim)) as client:
        await client.initialize(clientInfo={"name": "editor"})
        for _ in range(2):
            pid = only_daemon(own_home)
            os.kill(pid, signal.SIGKILL)
            await gone(pid)
            status = await client.request("libria/status", {})
            assert status["pid"] == only_daemon(own_home) != pid
            assert [one["name"] for one in status["clients"]] == ["editor"], "it was told who is there"


async def test_libria_stop_starts_nothing_until_something_is_asked(own_home: Home, sim: Simulator) -> None:
    async with await own_home.stdio(env=provider_env(sim)) as client:
        await client.initialize()
        text = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": ""}
        for _ in range(2):
            pid = only_daemon(own_home)
            assert (await own_home.command("stop"))[0] == 0
            await gone(pid)
            client.notify("textDocument/didOpen", {"textDocument": text})
            client.notify("$/cancelRequest", {"id": "nothing"})
            assert own_home.processes("serve") == []
            assert (await client.chat("openai/fast:3").result())["content"]


async def test_a_stopped_daemon_is_ended_and_replaced(own_home: Home, sim: Simulator) -> None:
    """What was cancelled meanwhile is answered, and not asked again."""
    async with await own_home.stdio(env=provider_env(sim)) as client:
        silent = client.chat("openai/silent", timeouts={"firstToken": 300})
        chat = client.chat("anthropic/story+rate:100+count:40")
        await chat.seen("delta", seq=5)
        await sim.wait_for(lambda call: call.model == "silent")
        pid = only_daemon(own_home)
        os.kill(pid, signal.SIGSTOP)
        silent.cancel()
        await whole(chat)
        assert resets(chat) == ["disconnected"]
        assert (await silent.error()).code == -32800
        await gone(pid)
        assert [call.model for call in sim.calls].count("silent") == 1
        assert "libria/" not in "".join(str(one.get("method")) + str(one.get("id")) for one in client.messages)


async def test_twenty_clients_and_one_kill(own_home: Home, sim: Simulator) -> None:
    clients = await asyncio.gather(*(own_home.stdio(env=provider_env(sim)) for _ in range(20)))
    try:
        chats = [client.chat("openai/story+rate:100+count:60") for client in clients]
        await asyncio.gather(*(chat.seen("delta") for chat in chats))
        os.kill(only_daemon(own_home), signal.SIGKILL)
        await asyncio.gather(*map(whole, chats))
        assert [resets(chat) for chat in chats] == [["disconnected"]] * 20
        assert len(own_home.processes("serve")) == 1
    finally:
        await asyncio.gather(*(client.close() for client in clients))


async def test_a_request_that_kills_daemons_kills_three(own_home: Home, sim: Simulator) -> None:
    async with await own_home.stdio(env=provider_env(sim)) as client:
        chat = client.chat("openai/silent", timeouts={"firstToken": 300}, workDoneToken="work")
        for i in range(3):
            await sim.wait_for(lambda call: call.model == "silent", count=i + 1)
            os.kill(only_daemon(own_home), signal.SIGKILL)
        error = await chat.error()
        assert (error.code, error.data["kind"], error.data["retryable"]) == (-32802, "disconnected", True)
        assert [value["kind"] for value in client.values("work") if value["kind"] != "report"] == ["begin", "end"]
        assert (await client.chat("openai/fast:3").result())["content"]


async def test_it_ends_when_its_editors_process_does(own_home: Home, sim: Simulator) -> None:
    editor = await asyncio.create_subprocess_exec("sleep", "300")
    client = await own_home.stdio(env=provider_env(sim))
    await client.initialize(processId=editor.pid)
    client.chat("openai/silent", timeouts={"firstToken": 300})
    await sim.wait_for(lambda call: call.state == "open")
    editor.kill()
    await editor.wait()
    assert await client.exit_code() == 0
    await sim.wait_for(lambda call: call.state == "hung up")
    await client.close()


async def test_an_editor_of_another_machine_is_no_reason_to_end(own_home: Home, sim: Simulator) -> None:
    editor = await asyncio.create_subprocess_exec("true")
    await editor.wait()
    async with await own_home.stdio(env=provider_env(sim)) as client:
        await client.initialize(processId=editor.pid)
        assert (await client.chat("openai/fast:3").result())["content"]


@pytest.mark.parametrize("options", [["--isolated"], []], ids=["isolated", "shared"])
async def test_it_ends_when_nobody_reads_it(own_home: Home, options: list[str]) -> None:
    """Also with nothing to say: standard input stays open, as a wrapper may hold it."""
    client = await own_home.stdio(*options)
    await client.initialize()
    transport = client.process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]  # asyncio closes no end itself
    transport.close()
    await client.process.wait()


async def test_no_daemon_to_be_had_is_said_in_every_answer_until_there_is_one(own_home: Home) -> None:
    folder = own_home.path / "run"
    folder.mkdir()
    folder.chmod(0o777)
    async with await own_home.stdio() as client:
        for _ in range(2):
            error = await client.start("libria/status", {}).error()
            assert (error.code, error.data["kind"]) == (-32603, "disconnected")
            assert "chmod 700" in error.message
        folder.chmod(0o700)
        assert (await client.request("libria/status", {}))["pid"]
