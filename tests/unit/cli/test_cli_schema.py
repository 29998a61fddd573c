"""`ask --schema`: what is asked, what is printed, and what becomes of an answer that does not keep to it."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from libria.cli import main
from libria.cli.structured import verdict

SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
INLINE = json.dumps(SCHEMA)


@pytest.fixture(autouse=True)
def nothing_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))


def answers(daemon: Any, content: str) -> None:
    result = {"content": content, "stopReason": "stop"}
    daemon.answers("libria/chat", result, {"kind": "delta", "text": content})


def test_a_file_names_what_is_asked_for(daemon: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a person.v2.json"
    file.write_text(INLINE)
    answers(daemon, '{"age": 3}')
    assert main(["ask", "--schema", str(file), "Hi"]) == 0
    assert capsys.readouterr() == ('{"age": 3}\n', "")
    asked = daemon.seen[0]["params"]["responseFormat"]
    assert asked == {"type": "jsonSchema", "name": "a-person-v2", "schema": SCHEMA}


def test_fences_around_it_are_taken_off(daemon: Any, capsys: pytest.CaptureFixture[str]) -> None:
    answers(daemon, 'Sure:\n```json\n{"age": 3}\n```')
    assert main(["ask", "--schema", INLINE, "Hi"]) == 1
    capsys.readouterr()
    answers(daemon, '```json\n{"age": 3}\n```\n')
    assert main(["ask", "--schema", INLINE, "Hi"]) == 0
    assert capsys.readouterr().out == '{"age": 3}\n'


def test_one_that_does_not_keep_to_it_is_no_output(daemon: Any, capsys: pytest.CaptureFixture[str]) -> None:
    answers(daemon, '{"age": "old"}')
    assert main(["ask", "--schema", INLINE, "Hi"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "libria: The answer does not keep to the schema:\n"
        'libria:   age: "old" is not of type "integer".\n'
        '{"age": "old"}\n'
    )


def test_json_prints_the_result_and_says_the_same(daemon: Any, capsys: pytest.CaptureFixture[str]) -> None:
    answers(daemon, "no JSON")
    assert main(["ask", "--json", "--schema", INLINE, "Hi"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["content"] == "no JSON"
    assert "it is no JSON" in said.err


WRONG = {
    "missing": ("nowhere.json", "nowhere.json cannot be read (no such file or directory)."),
    "no JSON": ("{", "The schema is no JSON (line 1:"),
    "no schema": ('{"type": "strng"}', 'The schema is no JSON Schema: at type: "strng" is not valid'),
    "a list": ("[1]", "The schema is no JSON Schema: a JSON Schema is an object"),
}


@pytest.mark.parametrize(("given", "words"), WRONG.values(), ids=WRONG)
def test_what_is_no_schema_asks_nobody(daemon: Any, capsys: pytest.CaptureFixture[str], given: str, words: str) -> None:
    assert main(["ask", "--schema", given, "Hi"]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"libria: {words}")
    assert not daemon.seen


@pytest.mark.parametrize("content", ['{"age": NaN}', "", "[" * 100_000, '{"age": 3} and more', "{'age': 3}"])
def test_what_is_no_json_is_told_so(content: str) -> None:
    _, wrong = verdict(SCHEMA, content)
    assert len(wrong) == 1
    assert "no JSON" in wrong[0]
