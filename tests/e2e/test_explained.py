"""Long explanations are files: for this user alone, few, and gone with their client."""

import asyncio
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_client import WITHIN, Client
from e2e_editor import CONFIG, Json, asked, command, editor, of, open_document
from e2e_home import Home, OpenClient, provider_env, wait_gone

from libria_providers.simulator import Simulator

ABLE: Json = {"window": {"showDocument": {"support": True}}, "workspace": {"executeCommand": {}}}
KEPT = 8


@pytest.fixture(scope="module")
def module_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("home"))
    home.write_config(CONFIG)
    yield home
    home.end()


def files(home: Home) -> set[Path]:
    return set((home.path / "run" / "explained").glob("*"))


async def explained(client: Client, sim: Simulator, *, success: bool = True) -> Path:
    """The file of one more explanation."""
    sim.script(["story"])
    client.messages.clear()
    pending = command(client, "explain", 0, 0, 1, 0)
    shown = await asked(client, "window/showDocument", {"success": success})
    await pending.result()
    return Path(shown["uri"].removeprefix("file://"))


async def gone(home: Home, other: Client) -> None:
    """The daemon has noticed that a client went, which is after its last answer to another."""
    async with asyncio.timeout(WITHIN):
        while files(home):
            await other.request("libria/status", {})


async def test_files_of_one_client(open_client: OpenClient, sim: Simulator, home: Home, mode: str) -> None:
    client = await editor(open_client, sim, mode, capabilities=ABLE)
    open_document(client, "old = 1\n")
    first = await explained(client, sim)
    assert first.read_text().startswith("Why we share")
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.parent.stat().st_mode) == 0o700
    written = [await explained(client, sim) for _ in range(KEPT)]
    assert files(home) == set(written)  # the first has gone
    await client.close()
    other = await open_client()
    await gone(home, other)


async def test_what_the_client_does_not_show_is_a_message(
    open_client: OpenClient, sim: Simulator, home: Home, mode: str
) -> None:
    client = await editor(open_client, sim, mode, capabilities=ABLE)
    open_document(client, "old = 1\n")
    file = await explained(client, sim, success=False)
    assert not file.exists()
    assert len(of(client, "window/showMessage")) == 1
    assert not files(home)


async def test_the_daemon_ends(own_home: Home, sim: Simulator) -> None:
    """And what one that was killed has left goes with the next explanation, a day later."""
    folder = own_home.path / "run" / "explained"
    folder.mkdir(parents=True, mode=0o700)
    left, recent = folder / "explanation-left.md", folder / "explanation-recent.md"
    for file in (left, recent):
        file.write_text("What a model said.\n")
    os.utime(left, (time.time() - 90_000, time.time() - 90_000))
    own_home.write_config(CONFIG)
    client = await own_home.stdio(env={**provider_env(sim), "OLLAMA_HOST": sim.url})
    await client.initialize(capabilities=ABLE)
    open_document(client, "old = 1\n")
    file = await explained(client, sim)
    assert files(own_home) == {file, recent}
    daemons = own_home.processes("serve")
    await own_home.command("stop")
    for pid in daemons:
        wait_gone(pid)
    assert files(own_home) == {recent}
    await client.close()
