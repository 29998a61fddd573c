"""The bench runs; what it measures is nobody's test."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from libria_providers.simulator.grammar import MODELS, WORDS, parse
from libria_providers.simulator.models import Ask

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the bench is no installed package

from tests.bench.workloads.soak_call import WaitedFor  # found through the line above
from tests.bench.workloads.soak_models import ANSWERING, EMBEDDING, FAILING, PASSING, RATED, seeded
from tests.bench.workloads.soak_questions import Questions, whole
from tests.bench.workloads.soak_record import Record

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


def test_the_soak_asks_for_every_word_of_the_simulator() -> None:
    names = [*ANSWERING, *FAILING, *RATED, *EMBEDDING, *PASSING]
    said = {word.partition(":")[0] for name in names for word in name.split("+") if word}
    assert set(MODELS) | set(WORDS) <= said
    for name in [*ANSWERING, *FAILING, *EMBEDDING]:
        parse(name)


def test_the_soak_asks_for_the_same_again_with_the_same_seed() -> None:
    first, again, other = (Questions(seeded(seed, 1), 0) for seed in (7, 7, 8))
    questions = [first.next() for _ in range(300)]
    assert [(one.method, one.params, one.cancel) for one in questions] == [
        (one.method, one.params, one.cancel) for one in (again.next() for _ in range(300))
    ]
    assert [one.params for one in questions] != [one.params for one in (other.next() for _ in range(300))]
    assert {one.method for one in questions} > {"libria/chat", "libria/complete", "libria/embed", "libria/countTokens"}
    assert 0.2 < sum(one.cancel is not None for one in questions) / len(questions) < 0.5


async def test_the_soak_does_not_take_a_half_for_the_whole() -> None:
    record = Record()
    question = Questions(seeded(1), 0).next("openai/fast:40")
    question.params = {"model": "openai/fast:40"}
    question.ask = Ask("fast:40", True, "", 0)

    def told(**changes: object) -> int:
        """How much is wrong with an answer that has these `changes`."""
        expected = whole(question, "openai/fast:40")
        result = {
            "model": "openai/fast:40", "content": expected.text, "stopReason": "stop", "toolCalls": [],
            "cache": {"hit": False}, **changes,
        }  # fmt: skip
        before = record.wrong
        WaitedFor(question, record).answered({"result": result}, reads=True)
        return record.wrong - before

    assert told() == 0
    assert told(content="Why we share") == 1
    assert told(stopReason="length") == 1
    assert told(model="openai/fast:41") == 1
    assert told(toolCalls=[{"id": "1", "name": "add", "arguments": {}}]) == 1
