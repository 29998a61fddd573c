"""`libria.client` in a script: its import, the script's first delta with a daemon running, and the next ones."""

import subprocess
import sys
import time

from tests.bench.figure import Figure, Goal
from tests.bench.rig import Rig
from tests.bench.samples import interleaved, median

MODEL = "openai/fast:3"
IMPORT = "from libria.client import Client, LibriaError"

_SCRIPT = f"""
from libria.client import Client, Delta
with Client() as client:
    for event in client.stream("Why share one daemon?", model="{MODEL}"):
        if isinstance(event, Delta):
            break
"""

_WARM = f"""
import sys, time
from libria.client import Client, Delta
with Client() as client:
    for turn in range(int(sys.argv[1]) + 1):
        begun = time.perf_counter()
        with client.stream(f"Why share one daemon? {{turn}}", model="{MODEL}") as stream:
            for event in stream:
                if isinstance(event, Delta):
                    if turn:
                        print(time.perf_counter() - begun)
                    break
"""


def run(rig: Rig, quick: bool) -> list[Figure]:
    runs, streams = (3, 20) if quick else (20, 300)
    _timed(rig, _SCRIPT)  # starts the daemon, writes .pyc files
    times = interleaved(
        {
            "bare": lambda: [_timed(rig, "pass")],
            "import": lambda: [_timed(rig, IMPORT)],
            "async": lambda: [_timed(rig, "from libria.client import AsyncClient")],
            "script": lambda: [_timed(rig, _SCRIPT)],
        },
        runs,
    )
    warm = [float(line) for line in _python(rig, _WARM, str(streams)).split()]
    bare = min(times["bare"]) * 1000
    return [
        Figure(
            name=f"{IMPORT}, in a new interpreter",
            unit="ms",
            libria=min(times["import"]) * 1000,
            direct=bare,
            beside="python -c pass",
            goal=Goal(at_most=30.0, of="added"),
            note=f"best of {runs}; AsyncClient {min(times['async']) * 1000:,.0f}",
        ),
        Figure(
            name="a script, from its start to its end after the first delta, warm daemon",
            unit="ms",
            libria=median(times["script"]) * 1000,
            direct=median(times["bare"]) * 1000,
            beside="python -c pass",
            note=f"median of {runs}, slowest {max(times['script']) * 1000:,.0f}",
        ),
        Figure(
            name="Client.stream to its first delta, in a script that runs",
            unit="ms",
            libria=median(warm) * 1000,
            note=f"median of {streams}, slowest {max(warm) * 1000:,.1f}",
        ),
    ]


def _timed(rig: Rig, code: str) -> float:
    begun = time.perf_counter()
    _python(rig, code)
    return time.perf_counter() - begun


def _python(rig: Rig, code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=rig.env, capture_output=True, text=True, check=True
    )
    return done.stdout
