"""How the daemon comes and goes: one start however many ask, whatever the places are like, an end that cuts nobody."""

import asyncio
import errno
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from e2e_client import WITHIN, Client
from e2e_home import Home, command, provider_env, wait_gone

from libria_providers.simulator import Simulator

RACES = max(1, int(os.environ.get("LIBRIA_TEST_FUZZ") or 0) // 50)
"""Of fifty; a nightly length, 1000, makes twenty of them."""


async def pid_of(client: Client) -> int:
    pid: int = (await client.request("libria/status", {}))["pid"]
    return pid


async def gone(pid: int) -> None:
    await asyncio.to_thread(wait_gone, pid)


@pytest.mark.parametrize("race", range(RACES))
@pytest.mark.timeout(120)
async def test_fifty_forwarders_at_once_give_one_daemon(own_home: Home, race: int) -> None:
    """On top of what a killed daemon left, in every second race."""
    if race % 2 == 0:
        own_home.socket_file.parent.mkdir(mode=0o700)
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(own_home.socket_file))
    began = time.monotonic()
    clients = await asyncio.gather(*(own_home.stdio() for _ in range(50)))
    try:
        pids = set(await asyncio.gather(*map(pid_of, clients)))
        print(f"fifty were served after {time.monotonic() - began:.2f} s")
        assert own_home.processes("serve") == list(pids)
        assert len((await clients[0].request("libria/status", {}))["clients"]) == 50
    finally:
        await asyncio.gather(*(client.close() for client in clients))


def first_process(home: Home) -> list[int]:
    until = time.monotonic() + WITHIN
    while not (found := home.processes("serve")) and time.monotonic() < until:
        pass
    return found


async def test_a_starter_that_is_killed_makes_no_second_daemon(own_home: Home) -> None:
    """The lock is the daemon's too, until it listens: another that asks meanwhile waits for the first one's."""
    starter = await asyncio.create_subprocess_exec(
        *command(), "socket", env=own_home.env(), stdout=asyncio.subprocess.DEVNULL
    )
    begun = await asyncio.to_thread(first_process, own_home)
    starter.kill()
    await starter.wait()
    async with await own_home.join() as client:
        assert [await pid_of(client)] == own_home.processes("serve") == begun


async def test_the_daemon_takes_nothing_of_its_starter_along(own_home: Home) -> None:
    """No descriptor, folder, terminal, session, mask or blocked signal: it outlives who started it."""
    ours, theirs = os.pipe()
    script = f"umask 0; cd {own_home.path}; exec {command()[0]} socket"

    def block() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    process = await asyncio.create_subprocess_exec(
        "sh", "-c", script, env=own_home.env(), pass_fds=[theirs], preexec_fn=block, stdout=asyncio.subprocess.DEVNULL
    )
    os.close(theirs)
    assert await process.wait() == 0
    assert os.read(ours, 1) == b"", "nobody holds the other end"
    os.close(ours)
    [pid] = own_home.processes("serve")
    assert os.getsid(pid) not in (os.getsid(0), process.pid)
    if sys.platform == "linux":
        assert os.readlink(f"/proc/{pid}/cwd") == "/"
        said = facts(pid)
        assert (said["Umask"], int(said["SigBlk"], 16) & 1 << (signal.SIGTERM - 1)) == ("0077", 0)
    os.kill(pid, signal.SIGTERM)
    await gone(pid)


def facts(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines)


Prepare = Callable[[Home], dict[str, str]]


def no_xdg(home: Home) -> dict[str, str]:
    """As in a container, or after `su`: what there is instead then must not be the developer's own."""
    if Path(f"/run/user/{os.getuid()}").exists():
        pytest.skip("without XDG_RUNTIME_DIR the developer's own daemon would be met")
    (home.path / "tmp").mkdir()
    return {"LIBRIA_HOME": "", "TMPDIR": str(home.path / "tmp")}


def xdg_is_a_file(home: Home) -> dict[str, str]:
    (home.path / "file").touch()
    return {**no_xdg(home), "XDG_RUNTIME_DIR": str(home.path / "file")}


def xdg_is_missing(home: Home) -> dict[str, str]:
    return {**no_xdg(home), "XDG_RUNTIME_DIR": str(home.path / "missing" / "deep")}


def home_is_a_file(home: Home) -> dict[str, str]:
    (home.path / "file").touch()
    return {"LIBRIA_HOME": str(home.path / "file")}


def socket_is_a_folder(home: Home) -> dict[str, str]:
    (home.path / "run" / "libria.sock").mkdir(parents=True)
    (home.path / "run").chmod(0o700)
    return {}


def lock_is_a_link(home: Home) -> dict[str, str]:
    (home.path / "run").mkdir(mode=0o700)
    (home.path / "run" / "start.lock").symlink_to(home.path / "elsewhere")
    return {}


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (no_xdg, ""),
        (xdg_is_missing, ""),
        (xdg_is_a_file, ""),
        (home_is_a_file, "set LIBRIA_HOME"),
        (socket_is_a_folder, "libria.sock"),
        (lock_is_a_link, "symbolic link"),
    ],
)
async def test_odd_places_end_in_a_daemon_or_a_sentence(own_home: Home, prepare: Prepare, said: str) -> None:
    env = prepare(own_home)
    code, out, err = await own_home.command("socket", env=env)
    if not said:
        assert code == 0, err
        assert out.startswith(str(own_home.path))
        async with await own_home.join(out.strip()) as client:
            pid = await pid_of(client)
            await client.request("libria/stop", {})
        await gone(pid)
    else:
        assert (code, out) == (1, "")
        assert said in err
        assert err.count("\n") == 1
        assert "Errno" not in err
    assert not (own_home.path / "elsewhere").exists()


async def as_a_plain_user(home: Home, *arguments: str) -> tuple[int, str, str]:
    """Root may write everywhere; what is read-only must be met by who may not, and be it root without that power."""
    less: list[str] = []
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root may write everywhere, and setpriv is not here to take that from it")
        less = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    process = await asyncio.create_subprocess_exec(
        *less, *command(), *arguments, env=home.env(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(WITHIN):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_a_home_that_cannot_be_written(own_home: Home) -> None:
    own_home.path.chmod(0o555)
    try:
        code, out, err = await as_a_plain_user(own_home, "socket")
        assert (code, out) == (1, "")
        assert "set LIBRIA_HOME" in err
    finally:
        own_home.path.chmod(0o755)


async def test_a_state_and_cache_that_cannot_be_written_stop_nobody(own_home: Home) -> None:
    for name in ("state", "cache"):
        (own_home.path / name).mkdir(mode=0o500)
    code, out, err = await as_a_plain_user(own_home, "ask", "-m", "simulate/fast:3", "Hello")
    assert code == 0, err
    assert out.strip()
    assert not list((own_home.path / "state").iterdir())
    assert (await as_a_plain_user(own_home, "stop"))[0] == 0


async def test_a_runtime_folder_that_cannot_be_written_is_said(own_home: Home) -> None:
    (own_home.path / "run").mkdir(mode=0o500)
    code, out, err = await as_a_plain_user(own_home, "socket")
    assert (code, out) == (1, "")
    assert f"{own_home.path}/run" in err
    assert "LIBRIA_HOME" in err


async def test_a_full_disk_stops_nobody(own_home: Home) -> None:
    """No byte more can be written to any file, the log and the cache least of all."""

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    process = await asyncio.create_subprocess_exec(
        *command(), "socket", env=own_home.env(), preexec_fn=full, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    path = (await process.stdout.read()).decode().strip()
    assert await process.wait() == 0
    async with await own_home.join(path) as client:
        for _ in range(2):
            asked = {"model": "simulate/fast:3", "temperature": 0}
            assert (await client.chat(prompt="Full?", **asked).result())["content"]
        assert own_home.log.stat().st_size == 0


async def test_a_daemon_whose_socket_is_taken_away_ends_without_cutting_anybody(own_home: Home, sim: Simulator) -> None:
    forwarder = await own_home.stdio(env=provider_env(sim))
    await forwarder.initialize()
    chat = forwarder.chat("openai/story+count:150+rate:50")
    await chat.seen("delta")
    old = await pid_of(forwarder)
    own_home.socket_file.unlink()

    async with asyncio.timeout(WITHIN):
        while await pid_of(forwarder) == old:
            pass  # each question has it look
    result = await chat.result()
    assert chat.text() == result["content"]
    await chat.in_order()
    await gone(old)
    assert len(own_home.processes("serve")) == 1
    await forwarder.close()


async def test_calls_to_be_finished_hold_up_an_idle_end(own_home: Home, sim: Simulator) -> None:
    own_home.write_config("[daemon]\nidle_exit = 1.0\n")
    async with await own_home.join() as client:
        await client.initialize(initializationOptions={"libria": {"env": provider_env(sim)}})
        pid = await pid_of(client)
        chat = client.chat("openai/story+count:100+rate:40", onDisconnect="finish")
        await chat.seen("delta")
    await sim.wait_for(lambda call: call.state != "open")
    assert [call.state for call in sim.calls] == ["done"], "nobody cut it"
    await gone(pid)


async def test_few_descriptors_cost_those_who_come_last_only(own_home: Home) -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    process = await asyncio.create_subprocess_exec(
        *command(), "socket", env=own_home.env(), preexec_fn=few, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    path = (await process.stdout.read()).decode().strip()
    assert await process.wait() == 0
    async with await own_home.join(path) as first:
        pid = await pid_of(first)
        others = [await own_home.join(path) for _ in range(100)]
        assert await pid_of(first) == pid
        await asyncio.gather(*(other.close() for other in others))
        async with await own_home.join(path) as later:
            assert await pid_of(later) == pid


@pytest.fixture
def silent(own_home: Home) -> Any:
    """Something at the socket that accepts and says nothing, in a process of its own."""
    own_home.socket_file.parent.mkdir(mode=0o700)
    code = (
        "import socket, sys, time\n"
        "listener = socket.socket(socket.AF_UNIX)\n"
        "listener.bind(sys.argv[1]); listener.listen(); print(flush=True)\n"
        "kept = []\n"
        "while True: kept.append(listener.accept())\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(own_home.socket_file)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


async def test_no_command_waits_for_ever_for_a_silent_daemon(own_home: Home, silent: subprocess.Popen[bytes]) -> None:
    """Of `ask`, which waits as long as it is answered something, see the unit tests of the client."""
    assert (await own_home.command("status"))[0] == 1
    code, out, _ = await own_home.command("stop")
    assert (code, "killed" in out) == (0, True)
    assert silent.wait(WITHIN) == -signal.SIGKILL
    code, out, err = await own_home.command("ask", "-m", "simulate/fast:3", "Hello")
    assert code == 0, err
    assert out.strip()


def test_a_file_system_without_locks_is_said(own_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from libria.connect import lock

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setenv("LIBRIA_HOME", str(own_home.path))
    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    with pytest.raises(lock.NoDaemon, match="cannot lock files") as caught, lock.StartLock():
        pass
    assert "LIBRIA_HOME" in str(caught.value)
