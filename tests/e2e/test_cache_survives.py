"""What the cache holds outlives the daemon, however that ends, and never comes back as something else."""

import asyncio
import os
import random
import signal
import sqlite3
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from cache_writer import ENTRIES, MOST, entry
from e2e_client import WITHIN, Client
from e2e_home import Home, provider_env, wait_gone

from libria.clock import SystemClock
from libria.layers import cache_entry
from libria.stores.disk import DiskStore
from libria_providers.simulator import Simulator

USE: dict[str, Any] = {"cache": {"mode": "use"}, "partialResultToken": None}
ONLY: dict[str, Any] = {"cache": {"mode": "only"}, "partialResultToken": None}


async def joined(home: Home, sim: Simulator, **more: str) -> Client:
    client = await home.join()
    await client.initialize(initializationOptions={"libria": {"env": {**provider_env(sim), **more}}})
    return client


def daemon(home: Home) -> int:
    (pid,) = home.processes("serve")
    return pid


async def kept(client: Client, at_least: int) -> dict[str, Any]:
    """The cache's figures once the disk has so many answers."""
    async with asyncio.timeout(WITHIN):
        while True:
            found: dict[str, Any] = await client.request("libria/cacheStats", {})
            (disk,) = [tier for tier in found["tiers"] if tier["name"] == "disk"]
            assert "problem" not in disk
            if disk["entries"] >= at_least:
                return found
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("seed", [1])
async def test_a_thousand_entries_survive_a_kill_in_mid_write(tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "cache" / "answers"
    writer = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__).with_name("cache_writer.py")), str(folder), str(seed),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert writer.stdout is not None
    async with asyncio.timeout(3 * WITHIN):
        assert await writer.stdout.readline() == b"kept\n"
    # Whenever that is, it writes. Nothing that is asserted depends on it.
    await asyncio.sleep(random.Random(seed).uniform(0.0, 0.1))  # noqa: S311  # the same each time
    writer.kill()
    await writer.wait()

    disk = DiskStore(folder, MOST, SystemClock())
    more = 0
    for number in range(ENTRIES + 2000):
        key, text, value = entry(seed, number)
        found = await disk.get(key)
        if number < ENTRIES or found is not None:
            assert found == value
            whole = cache_entry.decode(key, found)
            assert whole is not None
            assert whole.text == text
            more += number >= ENTRIES
    figures = await disk.stats()
    assert figures.problem is None
    assert figures.entries >= ENTRIES + more
    await disk.aclose()
    with sqlite3.connect(folder / "cache.db") as sql:
        assert sql.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    sql.close()


async def test_answers_outlive_a_daemon_that_is_killed_while_it_keeps_more(own_home: Home, sim: Simulator) -> None:
    client = await joined(own_home, sim)
    prompts = [f"question {number}" for number in range(100)]

    async def ask(prompt: str, options: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = await client.chat("openai/fast:20", prompt, **options).result()
        return answer

    first = {prompt: (await ask(prompt, USE))["content"] for prompt in prompts}
    await kept(client, len(prompts))
    under_way = [client.chat("openai/fast:20", f"another {number}", **USE) for number in range(200)]
    await under_way[20].response()
    pid = daemon(own_home)
    os.kill(pid, signal.SIGKILL)
    wait_gone(pid)
    await client.close()

    client = await joined(own_home, sim)
    assert daemon(own_home) != pid
    asked = sim.requests
    for prompt in prompts:
        again = await ask(prompt, ONLY)
        assert again["content"] == first[prompt]
        assert again["cache"]["hit"]
        assert again["cost"] == {"usd": 0.0}
    assert sim.requests == asked
    for number in range(len(under_way)):  # whichever of them were kept are whole
        assert (await ask(f"another {number}", USE))["stopReason"] == "stop"
    await client.close()


async def test_answers_outlive_a_daemon_that_is_stopped_and_belong_to_their_key(own_home: Home, sim: Simulator) -> None:
    client = await joined(own_home, sim)
    asked = await client.chat("openai/fast:20", temperature=0, partialResultToken=None).result()
    assert not asked["cache"]["hit"]
    await client.close()
    code, _, err = await own_home.command("stop")
    assert code == 0, err

    stranger = await joined(own_home, sim, OPENAI_API_KEY="another-key")
    failed = await stranger.chat("openai/fast:20", temperature=0, **ONLY).error()
    assert failed.data["kind"] == "cacheMiss"
    await stranger.close()
    client = await joined(own_home, sim)
    streamed = client.chat("openai/fast:20", temperature=0)
    hit = await streamed.result()
    assert hit["cache"]["hit"]
    assert hit["content"] == asked["content"] == streamed.text()
    await client.close()


async def test_the_folder_is_nobody_elses(own_home: Home, sim: Simulator) -> None:
    client = await joined(own_home, sim)
    await client.chat("openai/fast:20", **USE).result()
    await kept(client, 1)
    places = [own_home.path / "cache", own_home.path / "cache" / "answers"]
    files = [*places[1].iterdir(), own_home.path / "state" / "partition.key"]
    assert {stat.S_IMODE(place.stat().st_mode) for place in places} == {0o700}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    await client.close()


async def test_a_damaged_file_costs_its_answers_and_nothing_else(own_home: Home, sim: Simulator) -> None:
    client = await joined(own_home, sim)
    await client.chat("openai/fast:20", **USE).result()
    await client.close()
    assert (await own_home.command("stop"))[0] == 0
    (own_home.path / "cache" / "answers" / "cache.db").write_bytes(b"garbage " * 1000)

    client = await joined(own_home, sim)
    assert not (await client.chat("openai/fast:20", **USE).result())["cache"]["hit"]
    assert (await client.chat("openai/fast:20", **USE).result())["cache"]["hit"]
    await kept(client, 1)
    assert own_home.log.read_text().count("begun anew") == 1
    await client.close()


async def test_cache_stats_and_clear(own_home: Home, sim: Simulator) -> None:
    client = await joined(own_home, sim)
    for model in ("openai/fast:20", "openai/fast:20", "openai/fast:21", "groq/fast:20"):
        await client.chat(model, **USE).result()
    found = await kept(client, 3)
    assert (found["hits"], found["misses"], found["stored"]) == (1, 3, 3)
    assert {one["model"]: one["entries"] for one in found["models"]} == {
        "openai/fast:20": 1, "openai/fast:21": 1, "groq/fast:20": 1,
    }  # fmt: skip
    code, out, err = await own_home.command("cache", "stats")
    assert (code, err) == (0, "")
    assert "openai/fast:21" in out
    assert "1 of 4 look-ups" in out
    assert await own_home.command("cache", "clear", "--older", "1h") == (0, "Took away 0 answers.\n", "")
    assert await own_home.command("cache", "clear", "--model", "openai/fast:20") == (0, "Took away 1 answer.\n", "")
    assert (await client.chat("openai/fast:20", **ONLY).error()).data["kind"] == "cacheMiss"
    assert (await client.chat("openai/fast:21", **ONLY).result())["cache"]["hit"]
    assert await own_home.command("cache", "clear", "--model", "openai") == (0, "Took away 1 answer.\n", "")
    assert await own_home.command("cache", "clear") == (0, "Took away 1 answer.\n", "")
    await client.close()


async def test_equal_calls_of_several_clients_are_one_upstream(own_home: Home, sim: Simulator) -> None:
    clients = [await joined(own_home, sim) for _ in range(4)]
    options: dict[str, Any] = {"temperature": 0}
    chats = [client.chat("openai/fast+rate:40+count:20", **options) for client in clients for _ in range(50)]
    results = [await chat.result() for chat in chats]
    assert sim.requests == 1
    assert len({result["content"] for result in results}) == 1
    assert [chat.text() for chat in chats] == [result["content"] for result in results]
    sampled = [clients[0].chat("openai/fast:20", temperature=0.7) for _ in range(5)]
    for chat in sampled:
        await chat.result()
    assert sim.requests == 6
    await asyncio.gather(*(client.close() for client in clients))


async def test_the_upstream_is_left_when_the_last_client_leaves(own_home: Home, sim: Simulator) -> None:
    clients = [await joined(own_home, sim) for _ in range(3)]
    chats = [client.chat("openai/fast+rate:20+count:2000", temperature=0) for client in clients]
    for chat in chats:
        await chat.seen("delta")
    for chat in chats[:2]:
        chat.cancel()
        assert (await chat.error()).code == -32800
    before = len(chats[2].progress)
    await chats[2].seen("delta", seq=before + 3)  # it goes on
    assert [seen.state for seen in sim.calls] == ["open"]
    chats[2].cancel()
    assert (await chats[2].error()).code == -32800
    await sim.wait_for(lambda seen: seen.state == "hung up")
    assert len(sim.calls) == 1
    await asyncio.gather(*(client.close() for client in clients))
