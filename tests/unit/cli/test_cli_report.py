"""`libria status` for a person: what is wrong in words, and first; names that steer no terminal."""

import time
from pathlib import Path
from typing import Any

import pytest

from libria import watch
from libria.cli.report import report
from libria.cli.silent import silent
from libria.cli.top.screen import KEYS
from libria.cli.top.terminal import KEY
from libria.cli.words import harmless, troubles

Json = Any


def limit(**fields: Json) -> dict[str, Json]:
    return {"of": "requests", "limit": 60, "seconds": 60, "learned": False, "shared": True, **fields}


def target(**fields: Json) -> dict[str, Json]:
    return {"target": "a/b", "key": "k", "limits": [], "pausedMs": 0, "waiting": 0, "inFlight": 0, **fields}


TROUBLES: list[tuple[dict[str, Json], list[str]]] = [
    ({}, []),
    ({"problems": ["The config is broken."]}, ["The config is broken."]),
    ({"targets": [target(pausedMs=12_000)]}, ["a/b is paused for 12 s more by a 429."]),
    (
        {"targets": [target(waiting=3, limits=[limit(used=58)])]},
        ["a/b — 3 wait: 58 of 60 requests a minute are used."],
    ),
    ({"targets": [target(limits=[limit(used=58, remaining=60)])]}, [
        "a/b — the next may wait: 58 of 60 requests a minute are used."]),
    ({"targets": [target(limits=[limit(of="inputTokens", limit=1000, seconds=86400, remaining=10)])]}, [
        "a/b — the next may wait: 990 of 1,000 input tokens a day are used."]),
    ({"targets": [target(limits=[limit(used=30, remaining=0)])]}, []),
    ({"targets": [target(waiting=1, inFlight=4, bound=4, found=True)]}, [
        "a/b — one waits: 4 at once are under way, found out by its failures."]),
    (
        {"breakers": [{"target": "a/b", "state": "open", "failures": 5, "retryInMs": 4000, "reason": "overloaded"}]},
        ["a/b failed 5 times in a row, last by overloaded: left alone for 4 s more."],
    ),
    ({"breakers": [{"target": "a/b", "state": "closed", "failures": 2}]}, []),
    (
        {"redis": {"status": "away", "sinceSeconds": 61, "error": "it is loading"}},
        ["Redis has been away for 1 min 1 s (it is loading); this machine keeps to its share of the limits."],
    ),
    ({"process": {"lagMs": 250.0}}, ["The daemon is busy: what it does is up to 250 ms late."]),
    ({"process": {"lagMs": 20.0}}, []),
    (
        {"queue": {"waiting": 2, "inFlight": 512, "slots": 512}},
        ["2 calls wait: 512 of 512 are under way."],
    ),
    (
        {"calls": [{"state": "paused", "callId": "call-1", "client": "vim", "model": "a/b"}]},
        ["vim does not read its answer to call-1."],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("status", "sentences"), TROUBLES)
def test_what_is_wrong(status: dict[str, Json], sentences: list[str]) -> None:
    assert troubles(status) == sentences
    lines = report({"pid": 7, "version": "1", "uptimeSeconds": 3, **status})
    assert lines[0].startswith("Libria 1, process 7: up 3 s")
    if sentences:
        assert lines[1:4] == ["", "What is wrong:", f"  {sentences[0]}"]


def test_who_holds_calls_up_comes_first() -> None:
    targets = [
        target(target="idle/m"),
        target(target="used/m", limits=[limit(used=50)]),
        target(target="off/m", pausedMs=1),
    ]
    text = "\n".join(report({"targets": targets}))
    assert text.rindex("off/m") < text.rindex("used/m") < text.rindex("idle/m")


def test_a_name_steers_no_terminal() -> None:
    named = {"name": "\x1b[2Ja\r\nb\x07\x9b1m\u202e", "list": ["\x00x", 1, None]}
    assert harmless(named) == {"name": "[2Jab1m", "list": ["x", 1, None]}


@pytest.mark.parametrize(
    ("pressed", "keys"),
    [
        (b"q", ["quit"]),
        (b"\x1b[A\x1b[Bp", ["up", "down", "pause"]),
        (b"\x1bOA\x1b[5~\x1b[6~", ["up", "page up", "page down"]),
        (b"\x1b[1;5Ax\x1b", [None, None, None]),
        (b"\xc3\xa4\n", [None, None, None]),
    ],
)
def test_keys(pressed: bytes, keys: list[str | None]) -> None:
    assert [KEYS.get(key) for key in KEY.findall(pressed)] == keys


SAID: list[tuple[dict[str, Json], str, str]] = [
    ({"turned": True, "seconds": 1.24, "where": []}, "busy", "The daemon is busy: it was 1.2 s late."),
    ({"turned": True, "seconds": 0.04, "where": []}, "busy", "The daemon is busy: it was 0.1 s late."),
    (
        {"turned": False, "busy": True, "seconds": 4.2, "where": ["libria/x.py:3 (f)"]}, "stuck",
        "The daemon is stuck: it computes for at least 4.2 s in libria/x.py:3 (f); end it with: libria stop",
    ),
    (
        {"turned": False, "busy": False, "seconds": 4.2, "where": ["python3.11/ssl.py:9 (read)", "libria/x.py:3 (f)"]},
        "stuck",
        "The daemon is stuck: it hangs for at least 4.2 s in python3.11/ssl.py:9 (read), from libria/x.py:3 (f); "
        "end it with: libria stop",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("said", "state", "message"), SAID)
def test_a_daemon_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, Json], state: str, message: str
) -> None:
    monkeypatch.setattr(watch, "ask", lambda: said)
    found = silent(None, time.monotonic())
    assert (found["state"], found["message"]) == (state, message)


def test_neither_daemon_nor_watch_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    found = silent(None, time.monotonic())
    assert found["state"] == "silent"
    assert found["message"] == "The daemon does not answer at all (stopped?); end it with: libria stop"
