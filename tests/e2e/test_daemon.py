"""The shared daemon's life: one start however many ask, changes while it runs, an orderly end."""

import asyncio
import os
import signal
import socket
import stat
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from e2e_client import WITHIN, Chat, Client
from e2e_home import Home, provider_env, wait_gone

from libria_providers.simulator import Simulator
from libria_providers.simulator.record import digest


async def pid_of(client: Client) -> int:
    pid = (await client.request("libria/status", {}))["pid"]
    assert isinstance(pid, int)
    return pid


async def gone(pid: int) -> None:
    await asyncio.to_thread(wait_gone, pid)


async def eventually(look: Callable[[], Awaitable[bool]]) -> None:
    """`look` again and again, each time a round trip to the daemon, until it says yes."""
    async with asyncio.timeout(WITHIN):
        while not await look():
            pass


async def test_twenty_forwarders_at_once_give_one_daemon(own_home: Home, sim: Simulator) -> None:
    clients = await asyncio.gather(*(own_home.stdio(env=provider_env(sim)) for _ in range(20)))
    try:
        await asyncio.gather(*(client.initialize() for client in clients))
        pids = set(await asyncio.gather(*map(pid_of, clients)))
        assert len(pids) == 1
        assert own_home.processes("serve") == list(pids)
        assert len((await clients[0].request("libria/status", {}))["clients"]) == 20
        assert (await clients[7].chat("openai/fast:3").result())["content"]
    finally:
        await asyncio.gather(*(client.close() for client in clients))


async def test_every_way_to_join_finds_the_same_daemon(own_home: Home) -> None:
    """Commands that start one, at the same moment."""
    outputs = await asyncio.gather(
        own_home.command("socket"), own_home.command("models", "simulate"), own_home.command("socket")
    )
    assert [code for code, _, _ in outputs] == [0, 0, 0]
    assert outputs[0][1] == outputs[2][1] == f"{own_home.socket_file}\n"
    assert len(own_home.processes("serve")) == 1


async def test_the_socket_is_the_users_alone(own_home: Home) -> None:
    async with await own_home.join():
        assert stat.S_IMODE(own_home.socket_file.stat().st_mode) == 0o600
        assert stat.S_IMODE(own_home.socket_file.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(own_home.log.stat().st_mode) == 0o600


async def test_a_stale_socket_is_no_obstacle(own_home: Home) -> None:
    own_home.socket_file.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(own_home.socket_file))
    async with await own_home.join() as client:
        assert await pid_of(client)


async def test_a_daemon_that_was_killed_is_replaced(own_home: Home) -> None:
    async with await own_home.join() as client:
        first = await pid_of(client)
        os.kill(first, signal.SIGKILL)
        await client.closed.wait()
    await gone(first)
    assert own_home.socket_file.exists(), "nobody was left to take it away"
    async with await own_home.join() as client:
        assert await pid_of(client) != first


async def test_a_second_serve_says_that_one_runs(own_home: Home) -> None:
    async with await own_home.join() as client:
        code, _, err = await own_home.command("serve")
        assert code == 1
        assert "running already" in err
        assert own_home.processes("serve") == [await pid_of(client)]


async def test_a_home_too_long_for_a_socket(tmp_path: Path) -> None:
    home = Home(tmp_path / ("long-" * 24))
    home.path.mkdir()
    code, out, err = await home.command("socket")
    assert code == 0, err
    path = Path(out.strip())
    assert len(os.fsencode(path)) <= 100
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    async with await home.join(str(path)) as client:
        assert await pid_of(client) in home.processes("serve")
    assert (await home.command("status", "--json"))[1].startswith('{"running": true')
    home.end()
    path.parent.rmdir()  # fails where anything is left in it


@pytest.mark.parametrize("arguments", [["socket"], ["stdio"], ["serve"], ["ask", "-m", "simulate/story", "Hello"]])
async def test_a_runtime_folder_that_others_can_write_to_is_refused(own_home: Home, arguments: list[str]) -> None:
    folder = own_home.path / "run"
    folder.mkdir()
    folder.chmod(0o777)
    code, out, err = await own_home.command(*arguments)
    assert (code, out) == (1, "")
    assert str(folder) in err
    assert "chmod 700" in err
    assert list(folder.iterdir()) == []
    assert own_home.processes() == []


async def test_a_runtime_folder_that_is_a_link_is_refused(own_home: Home) -> None:
    with tempfile.TemporaryDirectory() as elsewhere:
        (own_home.path / "run").symlink_to(elsewhere)
        code, _, err = await own_home.command("socket")
        assert (code, os.listdir(elsewhere)) == (1, [])
        assert "symbolic link" in err


async def test_an_idle_daemon_ends(own_home: Home) -> None:
    async with await own_home.join() as client:
        pid = await pid_of(client)
        own_home.write_config('[daemon]\nidle_exit = 0.1\n[aliases]\nknown = ["simulate/fast:1"]\n')

        async def in_force() -> bool:
            return "result" in await client.chat("known").response()

        await eventually(in_force)
    await gone(pid)
    assert not own_home.socket_file.exists()


async def streaming(client: Client, sim: Simulator) -> Chat:
    """A call under way that ends by itself, some time after the daemon was told to end."""
    await client.initialize(initializationOptions={"libria": {"env": provider_env(sim)}})
    chat = client.chat("openai/story+count:40+rate:100")
    await chat.seen("delta")
    return chat


async def test_stop_finishes_what_is_under_way(own_home: Home, sim: Simulator) -> None:
    async with await own_home.join() as client, await own_home.join() as idle, await own_home.join() as other:
        old = await pid_of(client)
        chat = await streaming(client, sim)
        assert await other.request("libria/stop", {}) is None
        refused = await client.chat("openai/fast:3").error()
        assert (refused.code, refused.data["retryable"]) == (-32802, True)
        await idle.closed.wait()
        async with await own_home.join() as next_one:
            assert await pid_of(next_one) != old, "who comes now gets a new daemon"
        result = await chat.result()
        assert chat.text() == result["content"]
        assert result["usage"]["outputTokens"] == 40
        await client.closed.wait()
        await gone(old)
        assert len(own_home.processes("serve")) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_drains_too(own_home: Home, sim: Simulator, number: signal.Signals) -> None:
    async with await own_home.join() as client:
        chat = await streaming(client, sim)
        pid = await pid_of(client)
        os.kill(pid, number)
        result = await chat.result()
        assert chat.text() == result["content"]
        await client.closed.wait()
        await gone(pid)
    assert not own_home.socket_file.exists()


async def test_isolated_drains_on_sigterm_too(own_home: Home, sim: Simulator) -> None:
    async with await own_home.stdio("--isolated", env=provider_env(sim)) as client:
        chat = await streaming(client, sim)
        client.process.terminate()
        result = await chat.result()
        assert chat.text() == result["content"]
        await client.exit_code()


async def test_a_call_that_is_cancelled_does_not_hold_the_end_up(own_home: Home, sim: Simulator) -> None:
    async with await own_home.join() as client:
        await client.initialize(initializationOptions={"libria": {"env": provider_env(sim)}})
        chat = client.chat("openai/silent")
        await sim.wait_for(lambda call: call.state == "open")
        pid = await pid_of(client)
        os.kill(pid, signal.SIGTERM)

        async def refuses() -> bool:
            return "error" in await client.start("libria/status", {}).response()

        await eventually(refuses)
        chat.cancel()
        assert (await chat.error()).code == -32800
        await client.closed.wait()
        await gone(pid)


async def test_an_edited_config_takes_effect(own_home: Home, sim: Simulator) -> None:
    own_home.write_config('[aliases]\nquick = ["openai/fast:3"]\n')
    async with await own_home.stdio(env=provider_env(sim)) as client:
        assert (await client.chat("quick").result())["model"] == "openai/fast:3"
        own_home.write_config('[aliases]\nquick = ["groq/fast:4"]\n')

        async def follows() -> bool:
            return bool((await client.chat("quick").result())["model"] == "groq/fast:4")

        await eventually(follows)


async def test_a_broken_config_changes_nothing_and_is_told(own_home: Home, sim: Simulator) -> None:
    right = '[aliases]\nquick = ["openai/fast:3"]\n'
    own_home.write_config(right)
    async with await own_home.stdio(env=provider_env(sim)) as client:

        async def problems() -> list[str]:
            return list((await client.request("libria/status", {}))["problems"])

        async def complains() -> bool:
            return bool(await problems())

        async def is_content() -> bool:
            return not await problems()

        assert await problems() == []
        for broken, word in [
            ("[aliases\nquick = 3", "config.toml"),
            ('[alias]\nquick = ["openai/fast:3"]\n', "alias"),
            ("[timeouts]\nfirst_token = -1\n", "first_token"),
        ]:
            own_home.write_config(broken)
            await eventually(complains)
            assert word in "".join(await problems())
            assert (await client.chat("quick").result())["model"] == "openai/fast:3"
            own_home.write_config(right)
            await eventually(is_content)


async def test_a_daemon_starts_with_a_broken_config_and_says_so(own_home: Home) -> None:
    own_home.write_config("[timeouts]\nfirst = 1\n")
    async with await own_home.join() as client:
        [problem] = (await client.request("libria/status", {}))["problems"]
        assert "first" in problem
        assert (await client.chat("simulate/fast:3").result())["content"]


async def test_timeouts_and_retries_of_the_config_count(own_home: Home, sim: Simulator) -> None:
    own_home.write_config("[timeouts]\nfirst_token = 0.1\n[retry]\nattempts = 1\n")
    async with await own_home.stdio(env=provider_env(sim)) as client:
        assert (await client.chat("openai/silent").error()).data["kind"] == "timedOut"
        error = await client.chat("openai/story+status:500").error()
        assert len(error.data["attempts"]) == 1


async def test_a_key_from_a_command(own_home: Home, sim: Simulator) -> None:
    own_home.write_config(
        f'[providers.mine]\nbase_url = "{sim.url}/v1"\napi_key_command = ["echo", "fake-key-of-a-command"]\n'
    )
    async with await own_home.join() as client:
        await client.chat("mine/fast:3").result()
    assert [call.key for call in sim.calls] == [digest("fake-key-of-a-command")]


async def test_no_model_named_means_the_first_with_a_key(own_home: Home) -> None:
    async with Simulator(pace=0, aliases={"claude-haiku-4-5": "fast:3"}) as sim:
        env = {k: v for k, v in provider_env(sim).items() if k not in ("OPENAI_API_KEY", "GROQ_API_KEY")}
        async with await own_home.stdio(env=env) as client:
            result = await client.chat(None).result()
            assert result["model"].startswith("anthropic/")
    env = {k: v for k, v in env.items() if not k.endswith("_API_KEY")}
    async with await own_home.stdio(env=env) as client:
        error = await client.chat(None).error()
        assert error.data["kind"] == "credentialMissing"
        assert "OPENAI_API_KEY" in error.message
