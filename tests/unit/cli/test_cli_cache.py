"""`libria cache`: what a person and a program read, and what the daemon is asked."""

import json
from typing import Any

import pytest

from libria.cli import main
from libria.cli.cache import run

Read = pytest.CaptureFixture[str]

MEMORY = {"name": "memory", "entries": 2, "bytes": 950, "maxBytes": 16_000_000}
DISK = {"name": "disk", "entries": 1234, "bytes": 3_400_000, "maxBytes": 256_000_000}
REDIS = {"name": "redis", "entries": 0, "bytes": 0, "problem": "Redis is away."}
FIGURES = {"hits": 3, "misses": 9, "stored": 9, "foreign": 0, "joined": 1, "savedUsd": 0.0123}
STATS = {
    **FIGURES,
    "tiers": [MEMORY, DISK],
    "models": [
        {"model": "openai/gpt-5-mini", "entries": 1200, "bytes": 3_300_000},
        {"model": "groq/x", "entries": 34, "bytes": 12},
    ],
}


def test_stats_are_tables_and_a_sentence(daemon: Any, capsys: Read) -> None:
    daemon.answers("libria/cacheStats", STATS)
    assert run(["stats"]) == 0
    assert daemon.seen[0]["params"] == {}
    assert capsys.readouterr() == (
        "TIER    ANSWERS  SIZE    AT MOST\n"
        "memory  2        950 B   16.0 MB\n"
        "disk    1,234    3.4 MB  256.0 MB\n"
        "\n"
        "MODEL              ANSWERS  SIZE\n"
        "openai/gpt-5-mini  1,200    3.3 MB\n"
        "groq/x             34       12 B\n"
        "\n"
        "3 of 12 look-ups since the daemon started found an answer (25 %), which saved $0.0123; "
        "1 call heard the answer to an equal one.\n",
        "",
    )


def test_a_tier_that_is_not_in_use_says_why(daemon: Any, capsys: Read) -> None:
    daemon.answers("libria/cacheStats", {**FIGURES, "hits": 0, "misses": 0, "tiers": [MEMORY, REDIS], "models": []})
    assert run(["stats"]) == 0
    said = capsys.readouterr()
    assert "redis" not in said.out
    assert "Nothing was looked up" in said.out
    assert said.err == "libria: redis: Redis is away.\n"


def test_as_json(daemon: Any, capsys: Read) -> None:
    daemon.answers("libria/cacheStats", STATS)
    daemon.answers("libria/cacheClear", {"removed": 7})
    assert run(["stats", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == STATS
    assert run(["clear", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"removed": 7}


@pytest.mark.parametrize(
    ("arguments", "params"),
    [
        ([], {}),
        (["--model", "openai/gpt-5-mini"], {"model": "openai/gpt-5-mini"}),
        (["--older", "90s"], {"olderThan": 90}),
        (["--older", "0s"], {"olderThan": 0}),
        (["--older", "1h30m"], {"olderThan": 5400}),
        (["--older", "1.5h"], {"olderThan": 5400}),
        (["--older", "7d", "--model", "groq"], {"olderThan": 604_800, "model": "groq"}),
        (["--older", "2w"], {"olderThan": 1_209_600}),
    ],
)
def test_clear(daemon: Any, capsys: Read, arguments: list[str], params: dict[str, Any]) -> None:
    daemon.answers("libria/cacheClear", {"removed": 1})
    assert run(["clear", *arguments]) == 0
    assert daemon.seen[0]["params"] == params
    assert capsys.readouterr() == ("Took away 1 answer.\n", "")


def test_what_could_not_be_cleared(daemon: Any, capsys: Read) -> None:
    daemon.answers("libria/cacheClear", {"removed": 1200, "problems": ["disk: It is full."]})
    assert run(["clear"]) == 1
    assert capsys.readouterr() == ("Took away 1,200 answers.\n", "libria: disk: It is full.\n")


@pytest.mark.parametrize(
    "arguments",
    [[], ["frobnicate"], ["clear", "--older", "30"], ["clear", "--older", "m"], ["clear", "--older", "1h 2"]],
)
def test_wrong_usage(arguments: list[str], capsys: Read) -> None:
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert ended.value.code == 2
    assert "usage: libria cache" in capsys.readouterr().err


def test_an_older_daemon_says_so(daemon: Any, capsys: Read) -> None:
    daemon.fails("libria/cacheStats", -32601, "There is no method libria/cacheStats.")
    assert main(["cache", "stats"]) != 0
    assert capsys.readouterr().err
