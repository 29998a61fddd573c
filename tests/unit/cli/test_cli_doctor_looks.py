"""The doctor's other looks: keys' places, folders, room, clock, limits, cache, Redis, other tools."""

import json
import os
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from libria import __version__
from libria.cli import main
from libria.cli.doctor import daemon as asking
from libria.cli.doctor import places as looking
from libria.cli.doctor.advice import faults, notes
from libria.cli.doctor.clock import clock, off_by
from libria.cli.doctor.findings import Findings, examine
from libria.cli.doctor.redis_state import WHAT_TO_DO, RedisFinding
from libria.cli.doctor.report import as_json, as_text

SECRET = "sk-hush-hush-hush"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    for name in ("LIBRIA_CONFIG", "LIBRIA_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


def configured(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").mkdir(mode=0o700)
    (tmp_path / "config" / "config.toml").write_text(text)


def offline(env: dict[str, str] | None = None) -> Findings:
    return examine(env or {}, ask_network=False)


def key_of(findings: Findings, name: str) -> tuple[str, str, str | None]:
    setup = next(setup for setup in findings.providers if setup.name == name)
    return setup.key, setup.key_source, setup.key_from


def test_where_each_key_is_from(tmp_path: Path) -> None:
    file = tmp_path / "keys.env"
    file.write_text(f"GROQ_API_KEY={SECRET}\nOPENAI_API_KEY={SECRET}\nnonsense here\n")
    file.chmod(0o600)
    configured(
        tmp_path,
        f'[defaults]\napi_key_env_file = "{file}"\n'
        '[providers.mistral]\napi_key_command = ["sh", "-c", "exit 1"]\n'
        '[providers.cohere]\napi_key_keyring = "cohere/me"\n',
    )
    findings = offline({"OPENAI_API_KEY": SECRET})
    assert key_of(findings, "openai") == ("found", "OPENAI_API_KEY", "environment")
    assert key_of(findings, "groq") == ("found", "GROQ_API_KEY", "file")
    assert key_of(findings, "mistral") == ("found", "sh", "command")
    assert key_of(findings, "cohere") == ("found", "cohere/me", "keyring")
    text = as_text(findings)
    assert "GROQ_API_KEY (file)" in text
    assert "sh (program)" in text
    assert f"Keys file: {file} (2 variables)" in text
    assert any("line 3 cannot be read" in note for note in notes(findings))
    assert not faults(findings)
    assert SECRET not in text + json.dumps(as_json(findings))


def test_a_keys_file_that_others_may_read_must_be_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "keys.env"
    file.write_text("GROQ_API_KEY=k\n")
    file.chmod(0o644)
    configured(tmp_path, f'[defaults]\napi_key_env_file = "{file}"\n')
    assert main(["doctor", "--offline"]) == 1
    assert (
        f'Must be mended\n  Other users may read the file {file}; run: chmod 600 "{file}".' in capsys.readouterr().out
    )


def test_without_the_keyrings_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(tmp_path, '[providers.openai]\napi_key_keyring = "openai/me"\n')
    monkeypatch.setattr("libria.cli.doctor.providers.find_spec", lambda name: None)
    findings = offline()
    assert key_of(findings, "openai")[0] == "noKeyring"
    assert any("pip install 'libria[keyring]'" in note for note in notes(findings))


def test_a_broken_config_must_be_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(tmp_path, "[retry]\nx = 1\n")
    monkeypatch.setenv("GROQ_API_KEY", SECRET)
    assert main(["doctor", "--offline"]) == 1


def test_certificates_of_other_programs_do_not_count() -> None:
    findings = offline({"REQUESTS_CA_BUNDLE": "/ca.pem"})
    assert "REQUESTS_CA_BUNDLE is set and does not count here: set SSL_CERT_FILE to the same file" in notes(findings)
    assert not notes(offline({"REQUESTS_CA_BUNDLE": "/ca.pem", "SSL_CERT_FILE": "/ca.pem"}))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda home: (home / "run").mkdir(mode=0o700), None),
        (lambda home: (home / "run").mkdir(mode=0o755), None),  # closed when the daemon starts
        (lambda home: (home / "run").mkdir() or (home / "run").chmod(0o770), "other users can change .*chmod 700"),
        (lambda home: (home / "run").symlink_to(home), "run is a symbolic link"),
        (lambda home: (home / "state").write_text(""), "state is no folder"),
        (lambda home: (home / "config").mkdir() or _loose(home / "config" / "config.toml"), "chmod 600"),
        (lambda home: (home / "run").mkdir(mode=0o700) or (home / "run" / "libria.sock").write_text(""), "no socket"),
    ],
)
def test_folders(tmp_path: Path, spoil: Any, words: str | None) -> None:
    spoil(tmp_path)
    found = faults(offline())
    if words is None:
        assert found == []
    else:
        with pytest.raises(AssertionError, match=words):
            raise AssertionError(found)


def _loose(file: Path) -> None:
    file.write_text("")
    file.chmod(0o666)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_users_folder(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o700)
    os.chown(tmp_path / "cache", 12345, -1)
    assert any("cache belongs to another user" in fault for fault in faults(offline()))


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking.shutil, "disk_usage", lambda path: _Usage(5))
    assert any("there is no room for the log" in fault for fault in faults(offline()))
    monkeypatch.setattr(looking.shutil, "disk_usage", lambda path: _Usage(50_000_000))
    assert not faults(offline())
    assert any("lower [cache] max_bytes" in note for note in notes(offline()))


class _Usage:
    def __init__(self, free: int) -> None:
        self.free = free


def test_the_clock_is_compared_with_the_servers() -> None:
    now = 1_900_000_000.5
    assert off_by(formatdate(now + 100, usegmt=True), now) == pytest.approx(100, abs=1)
    assert off_by("yesterday", now) is None
    assert off_by(None, now) is None
    assert clock([0.4, None, 3600.0, -0.2]) == (0.4, None), "one cache's old date does not count"
    behind, fault = clock([300.0, 301.0])
    assert behind == 300.5
    assert fault is not None
    assert "300 s behind" in fault
    assert "ahead of" in (clock([-300.0])[1] or "")
    assert clock([]) == (None, None)


STATUS = {
    "version": __version__,
    "pid": 7,
    "problems": ["It is odd."],
    "targets": [
        {
            "target": "openai/gpt-5-mini", "key": "abcdef12", "pausedMs": 12_000, "waiting": 3, "inFlight": 2,
            "bound": 4, "found": True,
            "limits": [{"of": "requests", "limit": 60, "seconds": 60, "learned": True, "shared": True, "used": 58}],
        },
        {
            "target": "groq/x", "key": "0123", "pausedMs": 0, "waiting": 0, "inFlight": 0, "found": False,
            "limits": [{"of": "tokens", "limit": 9000, "seconds": 86400, "learned": True, "shared": False,
                        "remaining": 1234}],
        },
    ],
    "redis": {"status": "away", "url": "redis://r:6379/0", "error": "readOnly"},
}  # fmt: skip
CACHE = {
    "hits": 3,
    "misses": 1,
    "tiers": [
        {"name": "memory", "entries": 2, "bytes": 2048, "maxBytes": 16_000_000},
        {"name": "disk", "entries": 0, "bytes": 0, "problem": "the disk is full"},
    ],
}
KEYS = {
    "clients": [
        {"session": "session-1", "name": "Some Editor", "variables": ["GROQ_API_KEY"]},
        {"session": "session-2", "name": "Whole", "variables": ["OPENAI_API_KEY", "GROQ_API_KEY"]},
        {"session": "session-3", "name": "", "variables": []},
    ]
}


def test_what_the_daemon_tells(daemon: Any, tmp_path: Path) -> None:
    daemon.answers("libria/status", STATUS)
    daemon.answers("libria/keys", KEYS)
    daemon.answers("libria/cacheStats", CACHE)
    configured(tmp_path, "[limits.openai]\nrpm = 500\n")
    findings = offline({"OPENAI_API_KEY": SECRET, "GROQ_API_KEY": SECRET})
    text = as_text(findings)
    for words in (
        "openai: 500 requests a minute (config)",
        "openai/gpt-5-mini (key abcd): paused for 12 s by the provider; 3 waiting; 2 left of 60 requests a minute "
        "(learned); 2 of 4 at once (found)",
        "groq/x (key 0123): 1,234 left of 9,000 tokens a day (learned)",
        "Cache: 3 of 4 look-ups found an answer (75 %)",
        "memory: 2 answers, 2.05 kB of 16 MB",
        "disk: the disk is full",
        "Redis: redis://r:6379/0 is away (readOnly)",
        "the address is a replica's: name the primary",
        "Some Editor has no OPENAI_API_KEY, which this shell has.",
        "A client without a name (session-3) has no OPENAI_API_KEY and no GROQ_API_KEY",
        "It is odd.",
    ):
        assert words in text
    assert "Whole" not in text
    assert not faults(findings), "calls work"
    told = as_json(findings)
    assert told["daemon"].keys() == {"running", "socket", "version", "pid", "fault"}
    assert [client["name"] for client in told["clients"]] == ["Some Editor", ""]
    assert told["redis"]["status"] == "away"


def test_a_daemon_that_hangs_does_not_hang_the_doctor(daemon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SECONDS", 0.2)
    findings = offline()
    assert findings.daemon.running
    assert any("it does not answer; see libria status" in fault for fault in faults(findings))


def test_a_daemon_that_tells_only_some_is_not_silent(daemon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SECONDS", 0.5)
    daemon.answers("libria/status", STATUS)  # and nothing else
    findings = offline()
    assert (findings.daemon.pid, findings.daemon.fault) == (7, None)


def test_redis_is_asked_where_no_daemon_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libria.cli.doctor.findings.reach_all", lambda addresses, env: {})
    configured(tmp_path, '[redis]\nurl = "redis://:hush@127.0.0.1:1/0"\n')
    findings = examine({})
    assert findings.redis is not None
    assert (findings.redis.status, findings.redis.error) == ("away", "disconnected")
    assert "Redis: redis://127.0.0.1:1/0 is away" in as_text(findings).replace(":…@", "").replace("…@", "")
    assert "hush" not in as_text(findings) + json.dumps(as_json(findings))


@pytest.mark.parametrize("error", WHAT_TO_DO)
def test_each_trouble_of_redis_says_what_to_do(error: str) -> None:
    assert WHAT_TO_DO[error] in (RedisFinding("redis://r", "away", None, error).fault or "")
    assert RedisFinding("redis://r", "connected", 1.0, error).fault is None
