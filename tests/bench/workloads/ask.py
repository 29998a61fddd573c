"""`libria ask` with a daemon running: from its start to the first byte of the answer."""

import subprocess
import sys
import time
from pathlib import Path

from tests.bench.direct import __file__ as direct
from tests.bench.figure import Figure
from tests.bench.rig import ENDING, Rig
from tests.bench.samples import interleaved, median

MODEL = "fast:3"
PROMPT = "Why share one daemon?"


def run(rig: Rig, quick: bool) -> list[Figure]:
    ours = rig.command("ask", "-m", f"openai/{MODEL}", PROMPT)
    theirs = [sys.executable, str(Path(direct).with_name("ask.py")), rig.url, MODEL, PROMPT]
    for command in (ours, theirs):
        _first_byte(rig, command)  # starts the daemon, writes .pyc files
    blocks = {"libria": lambda: [_first_byte(rig, ours)], "httpx": lambda: [_first_byte(rig, theirs)]}
    times = interleaved(blocks, 3 if quick else 15)
    return [
        Figure(
            name="libria ask to its first token, warm",
            unit="ms",
            libria=median(times["libria"]) * 1000,
            direct=median(times["httpx"]) * 1000,
            beside="httpx script",
            note=f"median of {len(times['libria'])}, slowest {max(times['libria']) * 1000:,.0f}",
        )
    ]


def _first_byte(rig: Rig, command: list[str]) -> float:
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=rig.env, bufsize=0)
    assert process.stdout is not None
    first = process.stdout.read(1)
    passed = time.perf_counter() - begun
    process.stdout.read()
    assert process.wait(ENDING) == 0, f"{command[:3]} failed"
    assert first, f"{command[:3]} said nothing"
    process.stdout.close()
    return passed
