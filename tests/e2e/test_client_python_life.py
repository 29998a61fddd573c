"""`libria.client` where things end early: calls that are left, daemons that are lost, clients that are forked."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator

import pytest
from e2e_client import WITHIN
from e2e_home import Home, provider_env, wait_gone
from e2e_python import Both

from libria.client import AsyncClient, Client, Delta, LibriaError, Reset, Start, aio_connection, connection
from libria_providers.simulator import Simulator
from libria_providers.simulator.texts import STORY

STALLS = "openai/story+rate:0+stall:0.5"


@pytest.fixture(params=["sync", "async"])
async def both(
    request: pytest.FixtureRequest, home: Home, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Both]:
    """On the daemon of this file's tests."""
    set_environment(home, sim, monkeypatch)
    client = Both(request.param, name="pytest-clients")
    yield client
    await client.close()


@pytest.fixture(params=["sync", "async"])
async def alone(
    request: pytest.FixtureRequest, own_home: Home, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Both]:
    """With a daemon of its own, which patiently waits for the provider."""
    own_home.write_config("[retry]\nbase_delay = 0.01\n[timeouts]\nfirst_token = 300\nidle = 300\ntotal = 300\n")
    set_environment(own_home, sim, monkeypatch)
    client = Both(request.param, name="pytest-clients")
    yield client
    await client.close()


def set_environment(home: Home, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"LIBRIA_HOME": str(home.path), **provider_env(sim)}.items():
        monkeypatch.setenv(name, value)


async def hung_up(sim: Simulator, count: int = 1) -> None:
    await sim.wait_for(lambda call: call.state == "hung up", count=count)


async def pid_of(both: Both) -> int:
    return int((await both.call("status")).pid)


async def test_whoever_leaves_hangs_up(both: Both, sim: Simulator) -> None:
    stream = await both.stream("stream", "Hello", model=STALLS)
    await stream.until(Delta)
    await stream.leave()
    await hung_up(sim)
    with pytest.raises(LibriaError) as caught:
        _ = stream.stream.result
    assert caught.value.kind == "cancelled"
    assert await stream.next() is None

    def loop() -> None:
        assert isinstance(both.client, Client)
        for event in both.client.stream("Hello", model=STALLS):
            if isinstance(event, Delta):
                break

    async def aloop() -> None:
        assert isinstance(both.client, AsyncClient)
        async for event in both.client.stream("Hello", model=STALLS):
            if isinstance(event, Delta):
                break

    await (asyncio.to_thread(loop) if isinstance(both.client, Client) else aloop())
    await hung_up(sim, 2)
    assert (await both.call("chat", "Hello", model="openai/fast:3")).content == "Why we share"


async def test_a_client_that_is_closed_hangs_up(both: Both, sim: Simulator) -> None:
    stream = await both.stream("stream", "Hello", model=STALLS)
    await stream.until(Delta)
    await both.close()
    await hung_up(sim)
    assert (await both.call("chat", "Hello", model="openai/fast:3")).content == "Why we share", "it joins anew"


async def test_many_at_once_over_one_connection(both: Both) -> None:
    streams = [await both.stream("stream", f"Hello {n}", model=f"openai/story+rate:0+count:{n + 5}") for n in range(20)]
    firsts = [await stream.until(Start) for stream in streams]
    assert len({first.call_id for first in firsts}) == 20
    results = [await stream.wait() for stream in reversed(streams)]
    assert all(STORY.startswith(result.content) for result in results)
    assert len({result.content for result in results}) == 20
    status = await both.call("status")
    assert [one["name"] for one in status.raw["clients"]].count("pytest-clients") == 1
    both_at_once = [both.call("chat", f"Hi {n}", model="openai/story+rate:0") for n in range(50)]
    assert {one.content for one in await asyncio.gather(*both_at_once)} == {STORY}


async def test_a_daemon_that_is_killed_is_replaced(alone: Both, own_home: Home, sim: Simulator) -> None:
    stream = await alone.stream("stream", "Hello", model=STALLS + "+once")
    other = await alone.stream("stream", "Hello again", model=STALLS + "+once+think")
    task = await alone.stream("stream_task", "Say it", model=STALLS + "+once+count:60")
    start = await stream.until(Start)
    for one in (stream, other, task):
        await one.until(Delta)
    pid = await pid_of(alone)
    os.kill(pid, signal.SIGKILL)
    wait_gone(pid)
    reset = await stream.until(Reset)
    assert reset.reason == "disconnected"
    result = await stream.wait()
    assert result.content == stream.stream.content == STORY
    assert result.call_id == start.call_id
    assert (await other.wait()).content == STORY
    assert STORY.startswith((await task.wait()).output.summary)
    assert len(sim.calls) == 6
    second = await pid_of(alone)
    assert second != pid
    assert (await own_home.command("stop"))[0] == 0
    assert (await alone.call("chat", "Hello", model="openai/fast:3")).content == "Why we share"
    assert await pid_of(alone) != second, "one that was stopped while nothing was under way"


async def test_one_that_hangs_is_ended(alone: Both, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (connection, aio_connection):
        monkeypatch.setattr(module, "PATIENCE", 0.2)
        monkeypatch.setattr(module, "PING_WAIT", 1.0)
    stream = await alone.stream("stream", "Hello", model=STALLS + "+once")
    await stream.until(Delta)
    pid = await pid_of(alone)
    os.kill(pid, signal.SIGSTOP)
    assert (await stream.wait()).content == STORY
    wait_gone(pid)


async def test_one_that_is_silent_but_there_is_left_alone(
    both: Both, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (connection, aio_connection):
        monkeypatch.setattr(module, "PATIENCE", 0.01)
    pid = await pid_of(both)
    chat = asyncio.ensure_future(both.call("chat", "Hello", model="openai/story+rate:0+headers:300"))
    assert (await chat).content == STORY
    assert await pid_of(both) == pid


async def test_one_that_drains_answers_and_the_next_is_asked(alone: Both, own_home: Home, sim: Simulator) -> None:
    stream = await alone.stream("stream", "Hello", model="openai/story+rate:0+headers:1000")
    await sim.wait_for(lambda call: True)
    pid = await pid_of(alone)
    os.kill(pid, signal.SIGTERM)
    await until_drains(own_home)
    assert (await alone.call("chat", "Hi", model="openai/fast:3")).content == "Why we share"
    result = await stream.wait()
    assert result.content == STORY
    assert len(sim.calls) == 2, "nothing was asked twice"
    wait_gone(pid)


async def until_drains(home: Home) -> None:
    """It listens no more."""
    async with asyncio.timeout(WITHIN):
        while home.socket_file.exists():  # noqa: ASYNC110  # a file tells nobody
            await asyncio.sleep(0.01)


async def test_no_daemon_to_be_had(alone: Both, own_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    (own_home.path / "file").write_text("")
    monkeypatch.setenv("LIBRIA_HOME", str(own_home.path / "file"))
    with pytest.raises(LibriaError, match="LIBRIA_HOME") as caught:
        await alone.call("chat", "Hello")
    assert caught.value.kind == "disconnected"


async def test_threads_share_a_client(home: Home, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(home, sim, monkeypatch)
    texts: list[str] = []

    def ask(client: Client, n: int) -> None:
        for turn in range(5):
            with client.stream(f"Hello {n} {turn}", model="openai/story+rate:0") as stream:
                texts.append(stream.text())

    def run() -> None:
        with Client() as client:
            threads = [threading.Thread(target=ask, args=(client, n)) for n in range(10)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    await asyncio.to_thread(run)
    assert texts == [STORY] * 50


FORKS = """
import os
from libria.client import Client
client = Client(model="simulate/fast:3")
assert client.chat("Hello").content == "Why we share"
if os.fork() == 0:
    assert client.chat("Hello, child").content == "Why we share"
    client.close()
    os._exit(0)
assert os.wait()[1] == 0
assert client.chat("Hello, parent").content == "Why we share"
print("done")
"""

INTERRUPTED = """
import sys
from libria.client import Client, Delta
client = Client()
try:
    for event in client.stream("Hello", model="openai/story+rate:0+stall:0.5"):
        if isinstance(event, Delta):
            print("streams", flush=True)
except KeyboardInterrupt:
    print(client.chat("Hello", model="openai/fast:3").content)
"""


async def script(home: Home, sim: Simulator, text: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-c", text, env=home.env(provider_env(sim)),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def test_a_fork_has_a_connection_of_its_own(home: Home, sim: Simulator) -> None:
    process = await script(home, sim, FORKS)
    async with asyncio.timeout(WITHIN):
        assert await process.communicate() == (b"done\n", b"")


async def test_an_interrupted_script_hangs_up_and_goes_on(home: Home, sim: Simulator) -> None:
    process = await script(home, sim, INTERRUPTED)
    assert process.stdout is not None
    async with asyncio.timeout(WITHIN):
        assert await process.stdout.readline() == b"streams\n"
        await sim.wait_for(lambda call: call.events > 5)
        process.send_signal(signal.SIGINT)
        await hung_up(sim)
        out, err = await process.communicate()
    assert out.decode().splitlines()[-1] == "Why we share", err.decode()


async def test_a_task_that_is_cancelled_hangs_up(home: Home, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(home, sim, monkeypatch)
    async with AsyncClient() as client:
        task = asyncio.create_task(client.chat("Hello", model=STALLS))
        await sim.wait_for(lambda call: call.events > 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await hung_up(sim)
