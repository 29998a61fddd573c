"""A forwarder from its start to `initialize` answered: with the daemon running, and without."""

import subprocess
import sys
import time

from tests.bench.figure import Figure, Goal
from tests.bench.joined import HELLO, frame
from tests.bench.rig import ENDING, Rig
from tests.bench.samples import interleaved, median

RUNS = 15
QUICK_RUNS = 3

_INITIALIZE = frame({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": HELLO})


def run(rig: Rig, quick: bool) -> list[Figure]:
    runs = QUICK_RUNS if quick else RUNS
    started(rig)  # writes the .pyc files, and leaves a daemon

    def bare() -> list[float]:
        return [_interpreter(rig)]

    warm = interleaved({"libria": lambda: [started(rig)], "bare": bare}, runs)
    cold = interleaved({"libria": lambda: [_cold(rig)], "bare": bare}, runs)
    return [
        Figure(
            name=f"forwarder to initialize answered, {name}",
            unit="ms",
            libria=median(times["libria"]) * 1000,
            direct=median(times["bare"]) * 1000,
            beside="python -c pass",
            goal=Goal(at_most=limit),
            note=f"median of {runs}, slowest {max(times['libria']) * 1000:,.0f}",
        )
        for name, times, limit in (("warm", warm, 100.0), ("cold", cold, 900.0))
    ]


def started(rig: Rig) -> float:
    """Seconds until the whole answer has come; the forwarder has ended when this returns."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        rig.command("stdio"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=rig.env, bufsize=0
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(_INITIALIZE)
    answer = b""
    while not _whole(answer):
        piece = process.stdout.read(65536)
        assert piece, f"the forwarder ended with {process.wait()}"
        answer += piece
    passed = time.perf_counter() - begun
    process.stdin.close()
    process.wait(ENDING)
    process.stdout.close()
    return passed


def _whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    return bool(end) and len(body) >= int(head.partition(b":")[2])


def _cold(rig: Rig) -> float:
    rig.libria("stop")
    return started(rig)


def _interpreter(rig: Rig) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], env=rig.env, check=True)
    return time.perf_counter() - begun
