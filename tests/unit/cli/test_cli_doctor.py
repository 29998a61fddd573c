"""`libria doctor`: keys by name, addresses that answer, and a verdict."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from libria.cli import main
from libria.cli.doctor import findings as module
from libria.cli.doctor.findings import Findings, examine
from libria.cli.doctor.network import certificates, proxies
from libria.cli.doctor.reach import Reach, reach_all
from libria.cli.doctor.report import as_json, as_text

SECRET = "sk-hush"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    monkeypatch.delenv("LIBRIA_CONFIG", raising=False)


def write_config(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text(text)


def offline(env: Mapping[str, str]) -> Findings:
    return examine(env, ask_network=False)


def setup(findings: Findings, name: str) -> Any:
    return next(setup for setup in findings.providers if setup.name == name)


def with_reach(monkeypatch: pytest.MonkeyPatch, *answering: str) -> None:
    """Every address is silent but those of `answering`."""

    def fake(addresses: Mapping[str, str], env: Mapping[str, str]) -> dict[str, Reach]:
        return {
            name: Reach(True, milliseconds=12.0) if name in answering else Reach(False, "It cannot be reached.")
            for name in addresses
        }

    monkeypatch.setattr(module, "reach_all", fake)


def test_a_key_is_named_and_never_shown() -> None:
    findings = offline({"GROQ_API_KEY": SECRET})
    assert (setup(findings, "groq").key, setup(findings, "groq").key_source) == ("found", "GROQ_API_KEY")
    assert (setup(findings, "openai").key, setup(findings, "openai").key_source) == ("missing", "OPENAI_API_KEY")
    assert setup(findings, "ollama").key == "notNeeded"
    assert findings.usable == ("groq",)
    assert SECRET not in as_text(findings) + json.dumps(as_json(findings))


def test_nothing_usable_exits_1(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with_reach(monkeypatch)
    monkeypatch.setattr("os.environ", {"LIBRIA_HOME": "/nowhere"})
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "openai OPENAI_API_KEY" in said
    assert "Not running on this machine: ollama, " in said
    assert max(map(len, said.partition("Network")[0].splitlines())) < 120
    assert "Nothing can be used: set the key of one provider" in said


def test_a_local_server_that_runs_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    with_reach(monkeypatch, "ollama")
    findings = examine({})
    assert findings.usable == ("ollama",)
    assert not findings.offline
    assert "Ready to use: ollama." in as_text(findings)


def test_no_network_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with_reach(monkeypatch)
    findings = examine({"GROQ_API_KEY": SECRET})
    assert findings.offline
    assert findings.usable == ()
    assert "No address beyond this machine answers" in as_text(findings)
    assert "groq: It cannot be reached." in as_text(findings)


def test_only_addresses_that_could_be_used_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fake(addresses: Mapping[str, str], env: Mapping[str, str]) -> dict[str, Reach]:
        asked.extend(addresses)
        return {}

    monkeypatch.setattr(module, "reach_all", fake)
    examine({"GROQ_API_KEY": SECRET})
    assert asked == ["groq", "ollama", "llamacpp", "lmstudio", "vllm", "gpustack"]


def test_an_address_says_where_it_is_from(tmp_path: Path) -> None:
    write_config(tmp_path, '[providers.groq]\nbase_url = "http://own/v1"\n')
    findings = offline({"OPENAI_BASE_URL": f"https://me:{SECRET}@proxy/v1", "OPENAI_API_KEY": "x"})
    assert setup(findings, "groq").address_source == "config"
    assert setup(findings, "openai").address_source == "OPENAI_BASE_URL"
    assert setup(findings, "mistral").address_source == "built in"
    text = as_text(findings)
    assert "https://…@proxy/v1 (OPENAI_BASE_URL)" in text
    assert SECRET not in text + json.dumps(as_json(findings))


@pytest.mark.parametrize("value", ["nonsense://", "http://[", "http://host:port/v1"])
def test_an_address_that_is_none_is_said_to_be(value: str) -> None:
    env = {"OPENAI_API_KEY": SECRET, "OPENAI_BASE_URL": value}
    findings = offline(env)
    assert findings.usable == ()
    assert "what OPENAI_BASE_URL holds is no address" in as_text(findings)


def test_the_configs_own_providers(tmp_path: Path) -> None:
    write_config(
        tmp_path,
        '[providers.rack]\nbase_url = "http://rack/v1"\n'
        '[providers.work]\nkind = "anthropic"\napi_key_env = "WORK_KEY"\n'
        '[providers.vault]\nkind = "groq"\napi_key_command = "no-such-program-here show"\n',
    )
    findings = offline({})
    assert (setup(findings, "rack").key, setup(findings, "rack").local) == ("notNeeded", False)
    assert (setup(findings, "work").key, setup(findings, "work").key_source) == ("missing", "WORK_KEY")
    assert setup(findings, "vault").key == "noProgram"
    assert findings.usable == ("rack",)
    assert "no program no-such-program-here" in as_text(findings)


def test_a_broken_config_does_not_stop_it(tmp_path: Path) -> None:
    write_config(tmp_path, "[retry]\nx = 1\n")
    findings = offline({})
    assert "cannot be used; the defaults are in force" in as_text(findings)
    assert "retry.x" in findings.config.faults[0]


def test_the_daemon_is_looked_at_and_not_started(tmp_path: Path) -> None:
    findings = offline({})
    assert not findings.daemon.running
    assert "not running" in as_text(findings)
    assert not (tmp_path / "run").exists()


def test_a_daemon_of_another_version(daemon: Any) -> None:
    daemon.answers("libria/status", {"version": "0.0.1", "pid": 7})
    text = as_text(offline({}))
    assert "Daemon: running, version 0.0.1, pid 7" in text
    assert "libria stop" in text


def test_a_daemon_that_fails_is_quoted(daemon: Any) -> None:
    daemon.fails("libria/status", -32603, "It is broken.")
    assert "Daemon: It is broken." in as_text(offline({}))


def test_json_is_one_object(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", SECRET)
    assert main(["doctor", "--json", "--offline"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "groq" in found["usable"]
    assert {"providers", "network", "config", "daemon", "versions"} <= set(found)


def test_proxies_and_certificates(tmp_path: Path) -> None:
    env = {"https_proxy": f"http://me:{SECRET}@proxy:3128", "HTTP_PROXY": f"me:{SECRET}@proxy", "NO_PROXY": "a,b"}
    assert proxies(env) == {"HTTPS_PROXY": "http://…@proxy:3128", "HTTP_PROXY": "…@proxy", "NO_PROXY": "a,b"}
    missing = str(tmp_path / "ca.pem")
    assert certificates({"SSL_CERT_FILE": missing}) == {"SSL_CERT_FILE": f"{missing} (missing!)"}
    assert certificates({"SSL_CERT_DIR": str(tmp_path)}) == {"SSL_CERT_DIR": str(tmp_path)}


class Refusing(BaseHTTPRequestHandler):
    """A vendor without a key: every path is 401."""

    headers_seen: list[str] = []  # noqa: RUF012  # a handler is made for each request

    def do_GET(self) -> None:
        self.headers_seen.extend(name.lower() for name in self.headers)
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def vendor() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def test_any_status_is_an_answer_and_no_key_goes_out(vendor: str) -> None:
    found = reach_all({"groq": vendor}, {"GROQ_API_KEY": SECRET})
    assert found["groq"].answers
    assert found["groq"].milliseconds > 0
    assert "authorization" not in Refusing.headers_seen


def test_silence_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libria.cli.doctor.reach.LIMIT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as taken:
        taken_port = taken.getsockname()[1]
        taken.close()
        found = reach_all(
            {"silent": f"http://127.0.0.1:{silent.getsockname()[1]}", "closed": f"http://127.0.0.1:{taken_port}"}, {}
        )
    assert not found["silent"].answers
    assert not found["closed"].answers
    assert "cannot be reached" in found["closed"].detail
