"""The thin forwarder: what it says of its environment, and to whom."""

import json
import os
import socket
from pathlib import Path

import msgspec
import pytest

from libria.connect import daemon
from libria.connect.hello import carried, hello
from libria_providers.registry import ROWS


def test_only_what_is_on_the_list_travels() -> None:
    env = {
        "OPENAI_API_KEY": "k",
        "MY_AUTH_TOKEN": "t",
        "GROQ_BASE_URL": "u",
        "HTTPS_PROXY": "p",
        "no_proxy": "n",
        "SSL_CERT_FILE": "c",
        "OLLAMA_HOST": "o",
        "NAMED_IN_CONFIG": "x",
        "AWS_SECRET_ACCESS_KEY": "never",
        "PATH": "never",
        "HOME": "never",
        "API_KEY_HINT": "never",
    }
    assert set(env) - set(carried(env, ("NAMED_IN_CONFIG",))) == {
        "AWS_SECRET_ACCESS_KEY",
        "PATH",
        "HOME",
        "API_KEY_HINT",
    }


def test_whatever_a_provider_is_set_up_with_travels() -> None:
    """The forwarder cannot import the rows, so its list is checked against them here."""
    names = {name for row in ROWS.values() for name in row.env()}
    assert names - set(carried(dict.fromkeys(names, "x"))) == set()


def test_the_greeting_is_one_frame_of_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        "[providers.team]\napi_key_env = 'TEAM_SECRET'\n[providers.b]\napi_key_env=\"B\"\n"
        '[providers.c]\n"api_key_env" = "QUOTED"\n'
    )
    for name in list(os.environ):
        monkeypatch.delenv(name)
    value = 'quote " backslash \\ newline \n umlaut ü emoji 😀'
    monkeypatch.setenv("X_API_KEY", value)
    monkeypatch.setenv("TEAM_SECRET", "s")
    monkeypatch.setenv("QUOTED", "q")
    header, _, body = hello(config, "a “tool”").partition(b"\r\n\r\n")
    assert header == b"Content-Length: %d" % len(body)
    message = json.loads(body)
    assert message["method"] == "libria/hello"
    assert message["params"]["client"] == "a “tool”"
    assert message["params"]["env"] == {"X_API_KEY": value, "TEAM_SECRET": "s", "QUOTED": "q"}


def test_a_config_that_is_a_pipe_holds_no_greeting_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.toml")
    assert hello(tmp_path / "config.toml", "").startswith(b"Content-Length: ")


def test_a_variable_that_is_no_text_spoils_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_API_KEY", os.fsdecode(b"\xff\xfe"))
    monkeypatch.setenv("Y_API_KEY", "ü")
    _, _, body = hello(Path("/nowhere"), "").partition(b"\r\n\r\n")
    env = msgspec.json.decode(body)["params"]["env"]
    assert "X_API_KEY" not in env
    assert env["Y_API_KEY"] == "ü"


def test_a_socket_of_another_user_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert daemon.same_user(ours)
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
        assert not daemon.same_user(ours)


def test_a_socket_of_another_user_is_refused_before_anything_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(run / "libria.sock"))
        listener.listen()
        monkeypatch.setattr(daemon, "same_user", lambda connection: False)
        with pytest.raises(daemon.NoDaemon, match="another user"):
            daemon.running_socket()
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.recv(1) == b""
