"""`libria status`: calls in each state, and a daemon that is throttled, stuck or stopped, told apart."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from e2e_client import WITHIN, Client
from e2e_home import Home, provider_env

from libria_providers.simulator import Simulator

Json = Any
LONG = "openai/rate:50+count:20000"


@pytest.fixture
async def editor(own_home: Home, sim: Simulator) -> AsyncIterator[Client]:
    own_home.write_config('[limits."groq"]\nrpm = 1\n')
    async with await own_home.join() as client:
        env = {"libria": {"env": provider_env(sim)}}
        await client.initialize(clientInfo={"name": "editor", "version": "7.1"}, initializationOptions=env)
        yield client


async def status(client: Client, **params: Json) -> dict[str, Json]:
    answer: dict[str, Json] = await client.request("libria/status", params)
    return answer


async def call_when(client: Client, holds: Callable[[dict[str, Json]], object]) -> dict[str, Json]:
    """The first call under way of which it is true."""
    async with asyncio.timeout(WITHIN):
        while True:
            for call in (await status(client, parts=["calls"]))["calls"]:
                if holds(call):
                    return call  # type: ignore[no-any-return]  # JSON


async def test_a_stream_and_its_speed(editor: Client) -> None:
    await editor.chat(LONG).seen("delta")
    call = await call_when(editor, lambda call: call["deltas"] > 20)
    assert (call["state"], call["model"], call["target"], call["client"]) == ("streaming", LONG, LONG, "editor")
    assert call["outputTokens"] >= call["deltas"]
    assert call["tokensPerSecond"] > 0
    [client] = (await status(editor))["clients"]
    assert (client["name"], client["version"], client["pid"], client["calls"]) == ("editor", "7.1", os.getpid(), 1)


async def test_what_a_call_waits_for(editor: Client) -> None:
    editor.chat("openai/first:60000")
    assert (await call_when(editor, lambda call: call.get("target")))["state"] == "connecting"
    assert (await call_when(editor, lambda call: call["state"] == "waiting"))["reason"] == "firstToken"
    await editor.chat("groq/fast:1").result()
    for _ in range(2):
        editor.chat("groq/fast:1", priority="batch")
    one = await call_when(editor, lambda call: call.get("position") == 1)
    assert (one["state"], one["reason"], one["target"]) == ("waiting", "rateLimit", "groq/fast:1")
    two = await call_when(editor, lambda call: call.get("position") == 2)
    assert two["state"] == "queued"


async def test_a_client_that_does_not_read(own_home: Home, editor: Client) -> None:
    await editor.chat("openai/fast:400000").seen("delta")
    editor.hold()
    async with await own_home.join() as other:
        call = await call_when(other, lambda call: call["state"] == "paused")
        client = next(one for one in (await status(other))["clients"] if one["name"] == "editor")
        assert client["unreadBytes"] > 256 * 1024
        assert call["client"] == "editor"
        assert f"editor does not read its answer to {call['callId']}." in (await own_home.command("status"))[1]
    editor.go_on()


async def test_only_what_is_asked_for(editor: Client) -> None:
    await editor.chat("openai/fast:1").result()
    whole = await status(editor)
    assert whole["process"]["rssBytes"] > 10**7
    assert whole["process"]["cpuSeconds"] > 0
    assert whole["process"]["lagMs"] >= 0
    assert (whole["today"]["attempts"], whole["today"]["inputTokens"]) == (1, whole["spend"][0]["inputTokens"])
    some = await status(editor, parts=["targets"], recent=0)
    assert (some["clients"], some["spend"], some["targets"]) == ([], [], [])
    assert "process" not in some
    assert [target["target"] for target in (await status(editor, recent=600))["targets"]] == ["openai/fast:1"]


async def test_what_is_wrong_comes_first(own_home: Home, editor: Client) -> None:
    await editor.chat("groq/fast:1").result()
    editor.chat("groq/fast:1", priority="batch")
    await call_when(editor, lambda call: call["state"] == "waiting")
    editor.chat("openai/status:429+retry-after:50")
    await call_when(editor, lambda call: call["state"] == "retrying")
    code, out, _ = await own_home.command("status")
    head, _, rest = out.partition("\nCalls (")
    assert code == 0
    assert "groq/fast:1 — one waits: 1 of 1 requests a minute are used." in head
    assert "openai/status:429+retry-after:50 is paused for" in head
    assert "editor" in rest


async def test_a_daemon_that_is_stuck_says_where(own_home: Home, tmp_path: Path) -> None:
    """Its config is a pipe into which nobody writes, as on a file system that hangs."""
    config = tmp_path / "config.toml"
    assert (await own_home.command("socket", env={"LIBRIA_CONFIG": str(config)}))[0] == 0
    [pid] = own_home.processes("serve")
    os.mkfifo(config)
    os.utime(config, (1, 1))
    try:
        code, out, err = await own_home.command("status")
        assert (code, out) == (1, "")
        assert "The daemon is stuck: it hangs for at least" in err
        assert "(open), from libria/config/load.py:" in err
        code, out, _ = await own_home.command("status", "--json")
        said = json.loads(out)
        assert (code, said["running"], said["answers"], said["state"], said["pid"]) == (1, True, False, "stuck", pid)
    finally:
        with config.open("w"):
            config.unlink()
    assert (await own_home.command("status"))[0] == 0


async def test_a_daemon_that_is_stopped(own_home: Home) -> None:
    assert (await own_home.command("socket"))[0] == 0
    [pid] = own_home.processes("serve")
    os.kill(pid, signal.SIGSTOP)
    try:
        code, _, err = await own_home.command("status")
        assert code == 1
        assert f"is stopped; let it go on with: kill -CONT {pid}" in err
    finally:
        os.kill(pid, signal.SIGCONT)
    assert (await own_home.command("status"))[0] == 0


async def test_the_watch_goes_with_its_daemon(own_home: Home) -> None:
    assert (await own_home.command("socket"))[0] == 0
    watch = own_home.path / "run" / "watch.sock"
    assert watch.stat().st_mode & 0o777 == 0o600
    assert (await own_home.command("stop"))[0] == 0
    assert not watch.exists()
