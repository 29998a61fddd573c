"""The bench runs; what it measures is nobody's test."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the bench reads /proc")
def test_a_quick_run_of_one_workload_prints_a_table_and_writes_json(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    command = [sys.executable, "-m", "tests.bench", "--quick", "--only", "start", "--json", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=55)
    assert done.returncode == 0, done.stderr
    assert "forwarder to initialize answered, warm" in done.stdout
    said = json.loads(out.read_text(encoding="utf-8"))
    assert set(said) == {"started", "seconds", "quick", "machine", "warnings", "figures"}
    assert [figure["name"].split()[-1] for figure in said["figures"]] == ["warm", "cold"]
    for figure in said["figures"]:
        assert figure["workload"] == "start"
        assert figure["libria"] > figure["direct"] > 0
        assert figure["added"] == pytest.approx(figure["libria"] - figure["direct"], abs=0.001)
        assert figure["goal"]["of"] == "libria"
        assert isinstance(figure["reached"], bool)
