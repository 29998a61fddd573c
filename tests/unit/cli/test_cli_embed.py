"""`libria embed`: where texts come from, and how vectors go out."""

import io
import json
import sys
from typing import Any

import pytest

from libria.cli import main

RESULT = {"model": "a/b", "embeddings": [[1.0, 0.5], [0.25, -1.0]], "usage": {"inputTokens": 4, "outputTokens": 0}}

READ: dict[str, tuple[list[str], bytes, list[str]]] = {
    "arguments": (["one", "two"], b"not read", ["one", "two"]),
    "lines": ([], b"one\n\n  \ntwo\r\n", ["one", "two"]),
    "whole": (["--input", "whole"], b"one\ntwo\n", ["one\ntwo\n"]),
    "an array": (["--input", "json"], b'["one", "two\\n"]', ["one", "two\n"]),
    "texts": (["--input", "json"], b'"one"\n\n"two"\n', ["one", "two"]),
    "one text": (["--input", "json"], b'"one"', ["one"]),
}


def pipe(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.parametrize(("arguments", "piped", "texts"), READ.values(), ids=READ)
def test_texts_come_from(
    daemon: Any, monkeypatch: pytest.MonkeyPatch, arguments: list[str], piped: bytes, texts: list[str]
) -> None:
    pipe(monkeypatch, piped)
    daemon.answers("libria/embed", {**RESULT, "embeddings": [[1.0]] * len(texts)})
    assert main(["embed", "-m", "a/b", *arguments]) == 0
    assert daemon.seen[0]["params"] == {"model": "a/b", "input": texts}


PRINTED: dict[str, tuple[list[str], str]] = {
    "lines": ([], '{"text":"é","embedding":[1.0,0.5]}\n{"text":"y","embedding":[0.25,-1.0]}\n'),
    "array": (["--output", "array"], "[[1.0,0.5],[0.25,-1.0]]\n"),
    "result": (["--json"], json.dumps(RESULT) + "\n"),
}


@pytest.mark.parametrize(("arguments", "out"), PRINTED.values(), ids=PRINTED)
def test_vectors_go_out(daemon: Any, capsys: pytest.CaptureFixture[str], arguments: list[str], out: str) -> None:
    daemon.answers("libria/embed", RESULT)
    assert main(["embed", "-m", "a/b", "--dimensions", "2", "--cache", "off", *arguments, "é", "y"]) == 0
    assert capsys.readouterr().out == out
    assert daemon.seen[0]["params"]["dimensions"] == 2
    assert daemon.seen[0]["params"]["cache"] == {"mode": "off"}


WRONG = {
    "nothing": (["-m", "a/b"], b" \n", "There is no text"),
    "no model": (["x"], b"", "-m/--model"),
    "no JSON": (["-m", "a/b", "--input", "json"], b"[", "neither a JSON array of texts nor"),
    "no texts": (["-m", "a/b", "--input", "json"], b'["a", 1]', "Entry 2 of standard input is no text"),
    "no number": (["-m", "a/b", "--dimensions", "0", "x"], b"", "1 or more"),
}


@pytest.mark.parametrize(("arguments", "piped", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_asks_nobody(
    daemon: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    piped: bytes,
    words: str,
) -> None:
    pipe(monkeypatch, piped)
    assert main(["embed", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not daemon.seen
