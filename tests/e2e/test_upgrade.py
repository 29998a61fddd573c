"""A newer version takes over while the older one runs: nobody is cut, and nothing that it knew is lost."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from e2e_client import Client, Json
from e2e_home import Home, provider_env, wait_gone
from e2e_wheels import changed, installed

from libria_providers.simulator import Simulator

OLD, NEW = "0.0.9", "0.0.10"
UPGRADE = "from libria.connect.upgrade import upgrade; upgrade()"

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("wheels")
    return {version: installed(version, place) for version in (OLD, NEW)}


async def status(client: Client) -> dict[str, Json]:
    found: dict[str, Json] = await client.request("libria/status", {})
    return found


async def moved(client: Client, version: str) -> dict[str, Json]:
    """The status that `client` is told, once it is told by a daemon of `version`."""
    async with asyncio.timeout(30):
        while (found := await status(client))["version"] != version:
            pass
    return found


async def upgraded(home: Home, wheel: Path) -> tuple[int, str]:
    """What comes of a forwarder of `wheel` that finds an older daemon: exit code and standard error."""
    process = await asyncio.create_subprocess_exec(
        *home.python(), "-c", UPGRADE, env=home.env({"PYTHONPATH": str(wheel)}), stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(40):
        _, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, err.decode()


async def test_nobody_is_cut_and_nothing_is_forgotten(own_home: Home, sim: Simulator, wheels: dict[str, Path]) -> None:
    own_home.write_config('[limits."openai/fast:2"]\nrpm = 2\n[retry]\nattempts = 1\n')
    env = {**provider_env(sim), "PYTHONPATH": str(wheels[OLD])}
    old_ones = [await own_home.stdio(env=env) for _ in range(4)]
    clients: list[Client] = [*old_ones]
    try:
        await asyncio.gather(*(client.initialize() for client in old_ones))
        first = old_ones[0]
        before = await status(first)
        assert before["version"] == OLD
        for _ in range(2):
            await first.chat("openai/fast:2").result()
        sure = {"temperature": 0, "prompt": "Once and for all."}
        answer = await first.chat("openai/fast:5", **sure).result()
        assert not answer["cache"]["hit"]
        shutil.rmtree(own_home.path / "cache")  # what is found after it was handed over

        streams = [client.chat("openai/story+count:300+rate:50") for client in old_ones]
        await asyncio.gather(*(stream.seen("delta") for stream in streams))
        stop = asyncio.Event()
        busy = [asyncio.create_task(asking(client, stop)) for client in old_ones]

        newer = await own_home.stdio(env={**env, "PYTHONPATH": str(wheels[NEW])})
        clients.append(newer)
        await newer.initialize()
        after = await moved(newer, NEW)
        assert after["pid"] != before["pid"]
        for client in old_ones:
            assert (await moved(client, NEW))["pid"] == after["pid"], "an older forwarder goes on with the newer daemon"
        stop.set()
        assert all(count > 0 for count in await asyncio.gather(*busy))

        refused = await first.chat("openai/fast:2", timeouts={"total": 1}).error()
        assert refused.data["kind"] == "rateLimited", "what was used of a limit before counts after"
        assert (await first.chat("openai/fast:5", **sure).result())["cache"]["hit"]

        for stream in streams:
            result = await stream.result()
            assert result["usage"]["outputTokens"] == 300
            assert stream.text() == result["content"]
            await stream.in_order()
            assert not [value for value in stream.progress if value["kind"] == "reset"]
        await asyncio.to_thread(wait_gone, before["pid"])
        assert own_home.processes("serve") == [after["pid"]]
    finally:
        await asyncio.gather(*(client.close() for client in clients))


async def asking(client: Client, stop: asyncio.Event) -> int:
    """One short call after the other; each must be answered."""
    count = 0
    while not stop.is_set():
        await client.chat("openai/fast:3", f"Question {count}").result()
        count += 1
    return count


async def test_the_same_version_takes_nothing_over(own_home: Home, wheels: dict[str, Path]) -> None:
    for daemons, comes in ((OLD, OLD), (NEW, OLD)):
        path = await started(own_home, wheels[daemons])
        async with await own_home.join(path) as client:
            pid = (await status(client))["pid"]
            assert await upgraded(own_home, wheels[comes]) == (0, "")
            assert own_home.processes("serve") == [pid]
            await client.request("libria/stop", {})
        await asyncio.to_thread(wait_gone, pid)


Fault = Callable[[Path, Path], Path]


def dies_at_import(wheel: Path, place: Path) -> Path:
    return changed(wheel, place, file="libria/rpc/server.py", old="import asyncio\n", new="import no_such_module\n")


def dies_in_between(wheel: Path, place: Path) -> Path:
    return changed(wheel, place, file="libria/listening.py", old="os.rename(self._new, self.path)", new="os._exit(9)")


@pytest.mark.parametrize(
    ("fault", "said"), [(dies_at_import, "no_such_module"), (dies_in_between, "ended while it started")]
)
async def test_a_successor_that_dies_leaves_the_older_one_serving(
    own_home: Home, wheels: dict[str, Path], tmp_path: Path, fault: Fault, said: str
) -> None:
    path = await started(own_home, wheels[OLD])
    async with await own_home.join(path) as client:
        pid = (await status(client))["pid"]
        code, err = await upgraded(own_home, fault(wheels[NEW], tmp_path))
        assert (code, said in err) == (1, True), err
        for other in set(own_home.processes("serve")) - {pid}:
            await asyncio.to_thread(wait_gone, other)  # it has said why, and ends
        assert own_home.processes("serve") == [pid]
        assert (await client.chat("simulate/fast:3").result())["content"]
        async with await own_home.join(path) as other:
            assert (await status(other))["pid"] == pid
        code, err = await upgraded(own_home, wheels[NEW])  # what the dead one left is no obstacle
        assert (code, err) == (0, "")
        async with await own_home.join(path) as other:
            assert (await status(other))["version"] == NEW
        await client.closed.wait()
    await asyncio.to_thread(wait_gone, pid)


async def test_a_predecessor_that_dies_leaves_the_newer_one(
    own_home: Home, wheels: dict[str, Path], tmp_path: Path
) -> None:
    """In the middle of its answer: nothing is handed over, and the new one serves all the same."""
    dying = changed(
        wheels[OLD], tmp_path, file="libria/handover.py", old="def state_of(engine: Engine) -> Sections:\n",
        new="def state_of(engine: Engine) -> Sections:\n    import os\n    os._exit(9)\n",
    )  # fmt: skip
    path = await started(own_home, dying)
    assert await upgraded(own_home, wheels[NEW]) == (0, "")
    async with await own_home.join(path) as client:
        assert (await status(client))["version"] == NEW


async def test_another_protocol_is_refused_with_a_sentence(
    own_home: Home, wheels: dict[str, Path], tmp_path: Path
) -> None:
    other = changed(wheels[NEW], tmp_path, file="libria/__init__.py", old="PROTOCOL = 1", new="PROTOCOL = 2")
    path = await started(own_home, wheels[OLD])
    env = {"PYTHONPATH": str(other)}
    for arguments in (["ask", "-m", "simulate/fast:3", "Hello"], ["models"]):
        code, out, err = await own_home.command(*arguments, env=env)
        assert (code, out) == (1, "")
        assert "protocol 1" in err
        assert "libria stop" in err
    async with await own_home.join(path) as client:
        hello = {"version": "1.0", "protocol": 2, "moves": True}
        client.notify("libria/hello", hello)
        refused = await client.until(lambda message: message.get("method") == "libria/refused", "a refusal")
        assert "protocol 2" in refused["params"]["message"]
        await client.closed.wait()
    assert (await own_home.command("stop", env=env))[:2] == (0, "The daemon has ended.\n")
    assert own_home.processes("serve") == []


async def started(home: Home, wheel: Path) -> str:
    """The socket of a daemon of `wheel`."""
    code, out, err = await home.command("socket", env={"PYTHONPATH": str(wheel)})
    assert code == 0, err
    return out.strip()
