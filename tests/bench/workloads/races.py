"""Fifty forwarders at once where no daemon runs, twenty times: one daemon each time, and how soon all are served."""

import json
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from tests.bench.figure import Figure, Goal
from tests.bench.joined import HELLO, frame
from tests.bench.rig import ENDING, Rig
from tests.bench.samples import median

FORWARDERS = 50
ROUNDS, QUICK_ROUNDS = 20, 2
SERVED = 60.0  # seconds after which a round has failed

_ASKED = frame({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": HELLO}) + frame(
    {"jsonrpc": "2.0", "id": 1, "method": "libria/status", "params": {}}
)


def run(rig: Rig, quick: bool) -> list[Figure]:
    rounds = QUICK_ROUNDS if quick else ROUNDS
    raced = [_race(rig) for _ in range(rounds)]
    times = [seconds for seconds, _ in raced]
    return [
        Figure(name=f"{FORWARDERS} forwarders at once, all served, slowest", unit="ms", libria=max(times) * 1000,
               goal=Goal(at_most=2000), note=f"median of {rounds} races {median(times) * 1000:,.0f}"),
        Figure(name="daemons of a race, most", unit="", libria=max(daemons for _, daemons in raced),
               goal=Goal(at_most=1)),
    ]  # fmt: skip


def _race(rig: Rig) -> tuple[float, int]:
    """Seconds from the first one's start to the last one's answer, and how many daemons have answered."""
    home = tempfile.mkdtemp(prefix="libria-race-")
    env = {**rig.env, "LIBRIA_HOME": home}
    begun = time.perf_counter()
    processes = [
        subprocess.Popen(rig.command("stdio"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, bufsize=0)
        for _ in range(FORWARDERS)
    ]
    daemons: set[int] = set()
    try:
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(_ASKED)
        answers = _answers(processes, begun + SERVED)
        passed = time.perf_counter() - begun
        daemons = {_daemon(answer) for answer in answers}
        running = _running(home)
        assert running == daemons, f"{daemons} have answered, {running} run"
        return passed, len(daemons)
    finally:
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        for process in processes:
            process.wait(ENDING)
            assert process.stdout is not None
            process.stdout.close()
        for pid in daemons:
            _end(pid)
        shutil.rmtree(home, ignore_errors=True)


def _answers(processes: list[subprocess.Popen[bytes]], until: float) -> list[bytes]:
    came = {process.pid: b"" for process in processes}
    with selectors.DefaultSelector() as selector:
        for process in processes:
            assert process.stdout is not None
            selector.register(process.stdout.fileno(), selectors.EVENT_READ, process.pid)
        while selector.get_map():
            assert time.perf_counter() < until, f"{len(selector.get_map())} forwarders were not served"
            for key, _ in selector.select(0.5):
                piece = os.read(key.fd, 65536)
                assert piece, "a forwarder has ended"
                came[key.data] += piece
                if _whole(came[key.data]):
                    selector.unregister(key.fd)
    return list(came.values())


def _whole(answer: bytes) -> bool:
    """Whether the second answer is there, to its end."""
    place = answer.find(b'"id":1,')
    head = answer.rfind(b"Content-Length: ", 0, place) if place >= 0 else -1
    end = answer.find(b"\r\n\r\n", head)
    return head >= 0 and len(answer) >= end + 4 + int(answer[head + 16 : end])


def _daemon(answer: bytes) -> int:
    body = answer[answer.rindex(b"\r\n\r\n") + 4 :]
    pid: int = json.loads(body)["result"]["pid"]
    return pid


def _running(home: str) -> set[int]:
    """The daemons that live in `home`, also those that nobody has met."""
    found: set[int] = set()
    for place in Path("/proc").glob("[0-9]*"):
        try:
            env = place.joinpath("environ").read_bytes().split(b"\0")
            if f"LIBRIA_HOME={home}".encode() in env and b"serve" in place.joinpath("cmdline").read_bytes().split(
                b"\0"
            ):
                found.add(int(place.name))
        except OSError:
            continue  # ended meanwhile, or another user's
    return found


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + ENDING
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < until, f"the daemon {pid} does not end"
        time.sleep(0.01)
