"""The bench's soak, half a minute of it: whatever fails and whenever it is cancelled, nothing leaks and nothing is said
by half. LIBRIA_TEST_SOAK_SECONDS makes it longer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECONDS = os.environ.get("LIBRIA_TEST_SOAK_SECONDS", "30")
WITHIN = 240 + 2 * float(SECONDS)

NOTHING = ("went wrong", "pool slots in use at the end")
AT_MOST = (*NOTHING, "growth after the warm-up, at rest", "tasks at the end", "descriptors but sockets at the end")
"""Figures with a goal that holds on any machine; what is a matter of time is the bench's alone."""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the bench reads /proc")
@pytest.mark.timeout(WITHIN + 30)
def test_nothing_leaks_and_nothing_is_said_by_half(tmp_path: Path) -> None:
    out = tmp_path / "soak.json"
    command = [sys.executable, "-m", "tests.bench", "--quick", "--only", "soak", "--json", str(out)]
    env = {"SOAK_SEED": "1", **os.environ, "SOAK_SECONDS": SECONDS}  # the moments differ all the same
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=WITHIN)
    assert done.returncode == 0, done.stderr
    figures = {figure["name"]: figure for figure in json.loads(out.read_text(encoding="utf-8"))["figures"]}
    missed = [name for name in AT_MOST if not figures[name]["reached"]]
    assert not missed, f"{missed}\n{done.stdout}\n{done.stderr[-20_000:]}"
    assert [figures[name]["libria"] for name in NOTHING] == [0, 0]
    assert figures["cancelled"]["libria"] > 15, "few were cancelled: it was no soak"
    assert figures["calls"]["libria"] > 200
