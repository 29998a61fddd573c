"""`libria models`, `status` and `config`: what a person and a program read."""

import json
from pathlib import Path
from typing import Any

import pytest

from libria.cli import main
from libria.cli.describe import describe
from libria.cli.output import terse

Read = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    monkeypatch.delenv("LIBRIA_CONFIG", raising=False)
    monkeypatch.delenv("LIBRIA_REDIS_URL", raising=False)


def problem(provider: str, kind: str) -> dict[str, str]:
    return {"provider": provider, "kind": kind, "message": f"What {kind} means."}


PROBLEMS = [
    problem("groq", "credentialMissing"),
    problem("openai", "credentialMissing"),
    problem("ollama", "disconnected"),
    problem("mistral", "disconnected"),
]
MODELS = [
    {"id": "a/big", "provider": "a", "contextWindow": 131072, "capabilities": ["tools", "vision"]},
    {"id": "a/s", "provider": "a", "capabilities": []},
]


def test_models_are_a_table_and_missing_keys_one_hint(daemon: Any, capsys: Read) -> None:
    daemon.answers("libria/models", {"models": MODELS, "problems": PROBLEMS})
    assert main(["models", "--refresh"]) == 0
    assert daemon.seen[0]["params"] == {"refresh": True}
    said = capsys.readouterr()
    assert said.out == "MODEL  CONTEXT  CAN\na/big  131k     tools, vision\na/s\n"
    assert said.err == (
        "libria: mistral: What disconnected means.\n"
        "libria: Not running on this machine: ollama.\n"
        "libria: No key for groq, openai; `libria doctor` says which variables to set.\n"
    )


def test_columns_that_say_nothing_are_left_out(daemon: Any, capsys: Read) -> None:
    daemon.answers("libria/models", {"models": [{"id": "a/b", "provider": "a", "capabilities": []}], "problems": []})
    assert main(["models"]) == 0
    assert capsys.readouterr() == ("MODEL\na/b\n", "")


def test_one_providers_problem_is_told_whole(daemon: Any, capsys: Read) -> None:
    daemon.answers("libria/models", {"models": [], "problems": [problem("groq", "credentialMissing")]})
    assert main(["models", "groq"]) == 1
    assert daemon.seen[0]["params"] == {"provider": "groq"}
    assert capsys.readouterr() == ("", "libria: groq: What credentialMissing means.\n")


def test_models_as_json(daemon: Any, capsys: Read) -> None:
    daemon.answers("libria/models", {"models": MODELS, "problems": PROBLEMS})
    assert main(["models", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"models": MODELS, "problems": PROBLEMS}
    assert not said.err


def test_no_models_at_all(daemon: Any, capsys: Read) -> None:
    daemon.answers("libria/models", {"models": [], "problems": []})
    assert main(["models"]) == 0
    assert "No models." in capsys.readouterr().out


def test_status_is_described(daemon: Any, capsys: Read) -> None:
    daemon.answers("libria/status", {"pid": 7, "uptimeSeconds": 90})
    assert main(["status"]) == 0
    assert capsys.readouterr().out.startswith("Libria ?, process 7: up 1 min 30 s\n")


def test_status_as_json(daemon: Any, capsys: Read) -> None:
    daemon.answers("libria/status", {"pid": 7})
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"running": True, "pid": 7}


def test_status_starts_no_daemon(capsys: Read, tmp_path: Path) -> None:
    assert main(["status"]) == 0
    assert "No daemon is running" in capsys.readouterr().out
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"running": False}
    assert list(tmp_path.iterdir()) == []


OUTLINES: list[tuple[dict[str, Any], str]] = [
    ({"a": None, "b": "", "c": True, "d": 0.25}, "c: yes\nd: 0.25"),
    ({"uptimeSeconds": 4.81}, "uptime: 4.81 s"),
    ({"uptimeSeconds": 100_000}, "uptime: 1 d 3 h"),
    ({"sizeBytes": 1_500_000, "p50Ms": 1.25, "spendUsd": 0.5}, "size: 1.5 MB\np50: 1.25 ms\nspend: $0.5000"),
    ({"seconds": 3}, "seconds: 3"),
    ({"cache": {"hits": 3}, "none": {}}, "cache:\n  hits: 3\nnone: none"),
    ({"calls": [], "names": ["a", "b"]}, "calls: none\nnames: a, b"),
    ({"pools": [{"inUse": 1, "name": ""}]}, "pools:\n  - in use 1"),
    ({"pools": [{"id": 1, "limits": {"rpm": 3}}]}, "pools:\n  - id: 1\n    limits:\n      rpm: 3"),
    ({"targets": {"groq/llama-3.3": "open"}}, "targets:\n  groq/llama-3.3: open"),
]


@pytest.mark.parametrize(("value", "outline"), OUTLINES)
def test_describe(value: dict[str, Any], outline: str) -> None:
    assert describe(value) == outline


@pytest.mark.parametrize(
    ("number", "text"), [(999, "999"), (8192, "8k"), (131072, "131k"), (1_000_000, "1M"), (1_048_576, "1M")]
)
def test_terse(number: int, text: str) -> None:
    assert terse(number) == text


def config_file(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "config" / "config.toml"
    file.parent.mkdir()
    file.write_text(text)
    return file


def test_config_path(capsys: Read, tmp_path: Path) -> None:
    assert main(["config", "path"]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/config/config.toml\n"


def test_config_check_of_a_sound_file(capsys: Read, tmp_path: Path) -> None:
    file = config_file(tmp_path, "[limits.groqq]\nrpm = 1\n")
    assert main(["config", "check"]) == 0
    assert capsys.readouterr() == (
        f"{file} is sound.\n",
        'libria: limits."groqq" names the provider groqq, which is neither built in nor in [providers]; '
        "did you mean groq?\n",
    )


def test_config_check_without_a_file(capsys: Read) -> None:
    assert main(["config", "check"]) == 0
    assert "the defaults are in force" in capsys.readouterr().out


@pytest.mark.parametrize("action", ["check", "show"])
def test_a_broken_config_is_told_line_by_line(capsys: Read, tmp_path: Path, action: str) -> None:
    file = config_file(tmp_path, "[retry]\nattempts = 0\nx = 1\n")
    assert main(["config", action]) == 1
    said = capsys.readouterr()
    assert not said.out
    first, second = said.err.splitlines()
    assert first == f"libria: {file}:2: retry.attempts: must be at least 1."
    assert second.startswith(f"libria: {file}:3: retry.x: ")


def test_config_show_says_where_from(capsys: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = config_file(tmp_path, "[retry]\nattempts = 2\n")
    monkeypatch.setenv("LIBRIA_REDIS_URL", "redis://:hush@host")
    assert main(["config", "show"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"# {file}\n# LIBRIA_REDIS_URL is set")
    assert "attempts = 2  # config.toml:2\n" in said
    assert "hush" not in said


def test_config_schema(capsys: Read) -> None:
    assert main(["config", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["additionalProperties"] is False


def test_config_without_an_action_is_wrong_usage(capsys: Read) -> None:
    assert main(["config"]) == 2
    assert "usage: libria config" in capsys.readouterr().err
