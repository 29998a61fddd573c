"""`libria log`: which lines, in which form."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from libria.cli import main

WITHIN = 20.0


def line(ts: str, event: str, level: str = "info", **fields: Any) -> str:
    return json.dumps({"ts": ts, "level": level, "event": event, **fields}) + "\n"


LINES = [
    line("2026-03-01T10:00:00.000Z", "message", logger="serve", message="listening"),
    line(
        "2026-03-01T10:00:01.000Z", "attempt", "warning", callId="call-aa", client="Neovim", target="openai/gpt-5-mini",
        outcome="overloaded", status=503, durationMs=20.5, inputTokens=0, outputTokens=0, message="Busy.",
    ),
    line(
        "2026-03-01T10:00:02.000Z", "attempt", callId="call-aa", client="Neovim", target="groq/llama", outcome="ok",
        status=200, requestId="req-1", durationMs=1500.0, firstTokenMs=80.0, inputTokens=812, cachedInputTokens=500,
        outputTokens=214, costUsd=0.00125,
    ),
    line(
        "2026-03-01T10:00:02.001Z", "call", callId="call-aa", client="Neovim", model="fast", target="groq/llama",
        outcome="ok", durationMs=1530.0, firstTokenMs=110.0, inputTokens=812, outputTokens=214, attempts=2,
    ),
    "Fatal Python error: Segmentation fault\x1b[2J\n",
    line("2026-03-01T10:00:03.000Z", "call", callId="call-bb", client="zed\x1b[31m", target="a/b", outcome="ok",
         cacheHit=True, durationMs=0.4),
    line("2026-03-01T10:00:04.000Z", "message", "error", logger="rpc", message="it failed"),
]  # fmt: skip


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    path = tmp_path / "state" / "libria.log"
    path.parent.mkdir()
    path.with_name("libria.log.1").write_text("".join(LINES[:3]))
    path.write_text("".join(LINES[3:]))
    return path


def shown(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    assert main(["log", *options]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out.splitlines()


def test_a_line_an_event_for_people(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys) == [
        "2026-03-01 10:00:00.000           serve    listening",
        "2026-03-01 10:00:01.000  warning  attempt  Neovim       openai/gpt-5-mini                    "
        "overloaded         20 ms                    HTTP 503, call-aa, Busy.",
        "2026-03-01 10:00:02.000           attempt  Neovim       groq/llama                           "
        "ok                 1.50 s (first 80 ms)     HTTP 200, 812 (500 cached) → 214 tokens, $0.0013, call-aa, req-1",
        "2026-03-01 10:00:02.001           call     Neovim       groq/llama                           "
        "ok                 1.53 s (first 110 ms)    812 → 214 tokens, call-aa",
        "Fatal Python error: Segmentation fault\\x1b[2J",
        "2026-03-01 10:00:03.000           call     zed\\x1b[31m  a/b                                  "
        "ok                 0 ms                     from the cache, call-bb",
        "2026-03-01 10:00:04.000  error    rpc      it failed",
    ]


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ([], [0, 1, 2, 3, 4, 5, 6]),
        (["-n", "2"], [5, 6]),
        (["--lines=0"], []),
        (["--client", "neo"], [1, 2, 3]),
        (["--call", "call-b"], [5]),
        (["--level", "warning"], [1, 4, 6]),
        (["--level", "error", "-n", "1"], [6]),
        (["--since", "2026-03-01T10:00:02.001+00:00"], [3, 5, 6]),
        (["--since", "10m"], []),
        (["--call", "call-aa", "--level", "warning"], [1]),
    ],
)
def test_which_lines(log: Path, capsys: pytest.CaptureFixture[str], options: list[str], numbers: list[int]) -> None:
    wanted = [LINES[number] for number in numbers]
    wanted = [
        json.dumps({"event": "output", "message": said[:-1]}) + "\n" if said.startswith("Fatal") else said
        for said in wanted
    ]
    assert shown(capsys, "--json", *options) == "".join(wanted).splitlines()


@pytest.mark.parametrize("options", [["-n", "-1"], ["-n", "x"], ["--since", "noon"], ["--level", "loud"], ["more"]])
def test_wrong_usage(log: Path, capsys: pytest.CaptureFixture[str], options: list[str]) -> None:
    assert main(["log", *options]) == 2
    assert "usage: libria log" in capsys.readouterr().err


def test_no_log_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    assert "There is no log yet" in shown(capsys)[0]
    assert main(["log", "--json"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "There is no log yet" in said.err


def start(home: Path, *options: str, **env: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "libria", "log", "--follow", *options],
        env={**os.environ, "LIBRIA_HOME": str(home), **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_followed_until_ctrl_c(log: Path) -> None:
    with start(log.parent.parent, "--json", "-n", "1") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().decode() == LINES[-1]
        with log.open("a") as file:
            file.write(LINES[0])
        assert process.stdout.readline().decode() == LINES[0]
        log.rename(log.with_name("libria.log.1"))
        log.write_text(LINES[3])
        assert process.stdout.readline().decode() == LINES[3]
        process.send_signal(signal.SIGINT)
        assert process.wait(WITHIN) == 130
        assert process.stderr.read() == b""


def test_followed_until_nobody_reads(log: Path) -> None:
    """`libria log -f | head -1` ends, though no line comes."""
    with start(log.parent.parent) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(WITHIN) == 0
        assert process.stderr.read() == b""


def test_it_loads_little() -> None:
    """It is used beside a daemon that is in trouble."""
    code = (
        "import sys, libria.cli.log\n"
        "heavy = {'pygls', 'httpx', 'pydantic', 'asyncio', 'msgspec', 'logging'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
