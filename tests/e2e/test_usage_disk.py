"""What becomes of the ledger when the daemon is ended or killed, and when its file cannot be written."""

import asyncio
import contextlib
import os
import resource
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing

from e2e_client import WITHIN, Client
from e2e_home import Home, wait_gone
from e2e_ledger import CHEAP, FREE, a_tool, ledger, rows, usage

from libria_providers.simulator import Simulator


async def pid_of(client: Client) -> int:
    return int((await client.request("libria/status", {"parts": []}))["pid"])


async def comes(true: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN):
        while not true():  # noqa: ASYNC110  # of another process's file nobody tells
            await asyncio.sleep(0.02)


def in_file(home: Home) -> set[str]:
    with contextlib.suppress(sqlite3.OperationalError):
        return {call for (call,) in rows(home)}
    return set()


async def problems(client: Client) -> list[str]:
    return list((await client.request("libria/status", {}))["ledger"]["problems"])


async def test_nothing_is_lost_when_the_daemon_is_ended(own_home: Home, sim: Simulator) -> None:
    """Also of its first moments, in which prices are still being loaded, and of a call under way."""
    async with a_tool(own_home, sim, "editor") as client:
        pid = await pid_of(client)
        under_way = client.chat("openai/story+count:40+rate:100")
        start = await under_way.seen("start")
        await under_way.seen("delta")
        calls = await asyncio.gather(
            *(client.chat(CHEAP.replace("gpt-4o-mini", "fast:2")).result() for _ in range(100))
        )
        os.kill(pid, signal.SIGTERM)
        await under_way.result()
    wait_gone(pid)
    assert in_file(own_home) == {call["callId"] for call in calls} | {start["callId"]}


async def test_what_was_written_outlives_a_kill(own_home: Home, sim: Simulator) -> None:
    """A row is in the file within a second; whatever the daemon does then, it stays there."""
    async with a_tool(own_home, sim, "editor") as client:
        pid = await pid_of(client)
        calls = {(await client.chat(FREE).result())["callId"] for _ in range(20)}
        await comes(lambda: in_file(own_home) == calls)
        stream = client.chat("openai/story+rate:50")
        await stream.seen("delta")
        os.kill(pid, signal.SIGKILL)
        wait_gone(pid)
    found = await usage(own_home)
    assert found["total"]["calls"] == 20
    async with a_tool(own_home, sim, "editor") as client:
        await client.chat(FREE, "after").result()
        assert not await problems(client)
        assert (await client.request("libria/usage", {}))["total"]["calls"] == 21


async def test_a_file_that_is_held_costs_no_call_and_no_row(own_home: Home, sim: Simulator) -> None:
    async with a_tool(own_home, sim, "editor") as client:
        await client.chat(FREE).result()
        await client.request("libria/usage", {})
        with closing(sqlite3.connect(ledger(own_home), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for number in range(5):
                assert (await client.chat(FREE, str(number)).result())["content"]
            async with asyncio.timeout(WITHIN):
                while not await problems(client):
                    pass
            (said,) = await problems(client)
            assert "held by another program" in said
            assert said in (await own_home.command("status"))[1]
            other.execute("ROLLBACK")
        assert (await client.request("libria/usage", {}))["total"]["calls"] == 6
        assert not await problems(client)


async def test_a_damaged_file_is_put_aside_and_said(own_home: Home, sim: Simulator) -> None:
    ledger(own_home).parent.mkdir(mode=0o700)
    ledger(own_home).write_bytes(b"no database " * 1000)
    code, out, err = await own_home.command("usage")
    assert (code, out) == (1, "")
    assert "is damaged; the next call puts it aside" in err
    async with a_tool(own_home, sim, "editor") as client:
        await client.chat(FREE).result()
        assert (await client.request("libria/usage", {}))["total"]["calls"] == 1
        (said,) = await problems(client)
        assert "put aside" in said
        doctor = (await own_home.command("doctor", "--offline"))[1]
        assert f"Ledger: {ledger(own_home)}" in doctor
        assert said.rstrip(".") in doctor
    (aside,) = ledger(own_home).parent.glob("ledger.db.damaged-*")
    assert aside.read_bytes() == b"no database " * 1000
    assert aside.stat().st_mode & 0o077 == 0


async def test_a_full_disk_costs_no_call_and_no_row(own_home: Home, sim: Simulator) -> None:
    async with a_tool(own_home, sim, "editor") as client:
        await client.chat(FREE).result()
        await client.request("libria/usage", {})
        pid = await pid_of(client)
        limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, limits[1]))
        for number in range(30):
            assert (await client.chat(FREE, str(number)).result())["content"]
        async with asyncio.timeout(WITHIN):
            while not await problems(client):
                pass
        assert "set enabled = false under [ledger]" in (await problems(client))[0]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
        assert (await client.request("libria/usage", {}))["total"]["calls"] == 31
        assert not await problems(client)
