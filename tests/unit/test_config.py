"""The configuration: what is accepted, what is refused and in which words."""

import json
import os
import tomllib
from pathlib import Path

import pytest

from libria.config import Config, ConfigError, changed, json_schema, load, show, stamp, warnings

WHOLE = """
[defaults]
model = "fast"
max_tokens = 500
cache = "use"
timeouts = { total = 30 }

[aliases]
fast = ["groq/llama-3.3-70b-versatile", "openai/gpt-5-mini"]
one = "anthropic/claude-sonnet-5"

[providers.openai]
base_url = "https://proxy.example/v1/"

[providers.work]
kind = "anthropic"
api_key_env = "WORK_KEY"

[providers.rack]
base_url = "http://rack:8000/v1"
api_key_command = "pass show 'my rack'"
headers = { X-Team = "blue" }
models = ["big", "small"]
http2 = true

[limits."groq/llama-3.3-70b-versatile"]
rpm = 30

[retry]
attempts = 5
base_delay = 1

[redis]
url = "redis://:hush@cache:6379/0"

[daemon]
idle_exit = 60
"""


def read(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return load(file)


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    return str(caught.value).replace(str(tmp_path / "config.toml"), "FILE")


def test_no_file_is_all_defaults(tmp_path: Path) -> None:
    config = load(tmp_path / "none.toml")
    assert config == Config()
    timeouts = config.call_timeouts()
    assert (timeouts.connect, timeouts.first_token, timeouts.idle, timeouts.total) == (5, 15, 20, 600)
    retry = config.retry
    assert (retry.attempts, retry.base_delay, retry.max_delay, retry.max_retry_after) == (3, 0.5, 8, 60)
    assert (config.cache_mode(), config.cache.ttl, config.cache.max_bytes) == ("auto", 86400, 268435456)
    daemon = config.daemon
    assert (daemon.idle_exit, daemon.log_level, daemon.on_disconnect) == (1800, "info", "cancel")


def test_every_section_is_read(tmp_path: Path) -> None:
    config = read(tmp_path, WHOLE)
    assert config.defaults.model == "fast"
    assert config.call_timeouts().total == 30
    assert config.call_timeouts().idle == 20
    assert config.cache_mode() == "use"
    assert config.aliases == {
        "fast": ("groq/llama-3.3-70b-versatile", "openai/gpt-5-mini"),
        "one": ("anthropic/claude-sonnet-5",),
    }
    assert config.providers["openai"].base_url == "https://proxy.example/v1"
    assert config.providers["rack"].api_key_command == ("pass", "show", "my rack")
    assert config.providers["rack"].models == ("big", "small")
    assert config.limits["groq/llama-3.3-70b-versatile"].rpm == 30


def test_a_file_from_another_editor_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xef\xbb\xbf[retry]\r\nattempts = 2\r\n")
    assert load(tmp_path / "config.toml").retry.attempts == 2


REFUSED = {
    "unknown setting": (
        "[retry]\nattempt = 3\n",
        "FILE:2: retry.attempt: there is no such setting; did you mean attempts? "
        "Allowed here: attempts, base_delay, max_delay, max_retry_after.",
    ),
    "unknown section": (
        "[retries]\n",
        "FILE:1: retries: there is no such setting; did you mean retry? Allowed here: defaults, aliases, "
        "providers, limits, timeouts, retry, fallback, hedge_after, cache, redis, daemon, editor, tasks, log, "
        "ledger, budgets, otel.",
    ),
    "nothing near": (
        "[daemon]\nzzz = 1\n",
        "FILE:2: daemon.zzz: there is no such setting; allowed here: idle_exit, log_level, transport, "
        "on_disconnect, resume_bytes.",
    ),
    "unknown in a nested table": (
        "[defaults.timeouts]\nfirst = 1\n",
        "FILE:2: defaults.timeouts.first: there is no such setting; did you mean first_token? "
        "Allowed here: connect, first_token, idle, total.",
    ),
    "unknown in a limit": (
        '[limits."groq/x"]\nrpn = 1\n',
        'FILE:2: limits."groq/x".rpn: there is no such setting; did you mean rpm? Allowed here: rpm, tpm, concurrency.',
    ),
    "literal key": (
        '[providers.openai]\napi_key = "sk-secret"\n',
        "FILE:2: providers.openai.api_key: a key never stands in the config; name the variable that holds it "
        "with api_key_env, or a program that prints it with api_key_command.",
    ),
    "key in place of a variable": (
        '[providers.openai]\napi_key_env = "sk-secret"\n',
        "FILE:2: providers.openai.api_key_env: must be the name of an environment variable: a key never stands "
        "in the config; name the variable that holds it with api_key_env, or a program that prints it with "
        "api_key_command.",
    ),
    "key in a header": (
        '[providers.openai]\nheaders = { Authorization = "Bearer sk-secret" }\n',
        "FILE:2: providers.openai.headers: must not set Authorization: a key never stands in the config; name the "
        "variable that holds it with api_key_env, or a program that prints it with api_key_command.",
    ),
    "password in an address": (
        '[providers.openai]\nbase_url = "https://me:sk-secret@host/v1"\n',
        "FILE:2: providers.openai.base_url: must not hold a user name or a password: a key never stands in the "
        "config; name the variable that holds it with api_key_env, or a program that prints it with "
        "api_key_command.",
    ),
    "not an address": (
        '[providers.openai]\nbase_url = "host/v1"\n',
        'FILE:2: providers.openai.base_url: must be an address such as "https://host/v1".',
    ),
    "wrong type": ('[retry]\nattempts = "3"\n', "FILE:2: retry.attempts: must be a whole number."),
    "a bool is no number": ("[timeouts]\nidle = true\n", "FILE:2: timeouts.idle: must be a number."),
    "no infinity": ("[timeouts]\nidle = inf\n", "FILE:2: timeouts.idle: must be a finite number."),
    "out of range": ("[retry]\nattempts = 0\n", "FILE:2: retry.attempts: must be at least 1."),
    "not positive": ("[timeouts]\nidle = 0\n", "FILE:2: timeouts.idle: must be greater than 0."),
    "not in the set": (
        '[cache]\nmode = "on"\n',
        "FILE:2: cache.mode: must be 'auto', 'use', 'refresh', 'off' or 'only'.",
    ),
    "a value for a table": ("retry = 3\n", "FILE:1: retry: must be a table."),
    "a table for providers": ("providers = 3\n", "FILE:1: providers: must be a table."),
    "alias without provider": (
        '[aliases]\nfast = ["gpt"]\n',
        'FILE:2: aliases.fast.0: must be "provider/model", such as "openai/gpt-5-mini".',
    ),
    "empty alias": ("[aliases]\nfast = []\n", "FILE:2: aliases.fast: must not be empty."),
    "alias that looks like a model": (
        '[aliases]\n"a/b" = "groq/x"\n',
        'FILE:2: aliases."a/b": is no name for an alias: use no spaces and no slash.',
    ),
    "provider with a slash": (
        '[providers."a/b"]\nbase_url = "http://h/v1"\n',
        'FILE:1: providers."a/b": is no name for a provider: use letters, digits, dots, dashes and underscores.',
    ),
    "default that is no alias": (
        '[defaults]\nmodel = "fsat"\n[aliases]\nfast = "groq/x"\n',
        'FILE:2: defaults.model: must be "provider/model", or an alias from [aliases] (near: fast).',
    ),
    "editor's model that is no alias": (
        '[editor]\ncompletion_model = "fsat"\n[aliases]\nfast = "groq/x"\n',
        'FILE:2: editor.completion_model: must be "provider/model", or an alias from [aliases] (near: fast).',
    ),
    "compatible without an address": (
        "[providers.rack]\nhttp2 = true\n",
        "FILE:1: providers.rack.base_url: must be set: there is no built-in provider of this name to take it from.",
    ),
    "two sources of a key": (
        '[providers.openai]\napi_key_env = "A"\napi_key_command = "b"\n',
        "FILE:3: providers.openai.api_key_command: stands beside api_key_env; keep one of the two.",
    ),
    "broken TOML": (
        "[retry]\nattempts 3\n",
        "FILE:2: this is not TOML: expected '=' after a key in a key/value pair (column 10).",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), REFUSED.values(), ids=REFUSED)
def test_refused_with_place_and_reason(tmp_path: Path, text: str, sentence: str) -> None:
    assert refusal(tmp_path, text) == sentence
    assert "sk-secret" not in sentence


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    lines = refusal(tmp_path, '[retry]\nattempts = "x"\nbase = 1\n[cache]\nttl = -1\n').splitlines()
    assert [line.split(": ")[0] for line in lines] == ["FILE:2", "FILE:3", "FILE:5"]


def test_unknown_kind_lists_what_is_near(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, '[providers.x]\nkind = "antropic"\n')
    assert sentence.startswith("FILE:2: providers.x.kind: is not known (near: anthropic); allowed: openai-compatible, ")


def test_unreadable_files_are_said_to_be(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.mkdir()
    with pytest.raises(ConfigError, match=r"cannot be read \(is a directory\)"):
        load(file)
    file.rmdir()
    file.write_bytes(b"# fine\n# \xff\n")
    with pytest.raises(ConfigError, match=r"config.toml:2: this is not UTF-8"):
        load(file)


def test_warnings_name_what_has_no_effect_and_who_is_unknown(tmp_path: Path) -> None:
    text = WHOLE + "[limits.groqq]\nrpm = 1\n"
    assert warnings(read(tmp_path, text)) == [
        'limits."groqq" names the provider groqq, which is neither built in nor in [providers]; did you mean groq?',
    ]
    assert warnings(Config()) == []


def test_shown_text_is_toml_and_says_where_from(tmp_path: Path) -> None:
    config = read(tmp_path, WHOLE)
    text = show(config, WHOLE, tmp_path / "config.toml")
    shown = tomllib.loads(text)
    assert shown["retry"] == {"attempts": 5, "base_delay": 1.0, "max_delay": 8.0, "max_retry_after": 60.0}
    assert "attempts = 5  # config.toml:30" in text
    assert "max_delay = 8.0  # default" in text
    assert "# api_key_env is not set" in text
    assert "hush" not in text
    assert "blue" not in text


def test_shown_defaults_are_read_back_as_defaults(tmp_path: Path) -> None:
    assert read(tmp_path, show(Config(), "", tmp_path / "config.toml")) == Config()


def test_schema_is_json_and_closed() -> None:
    schema = json_schema()
    json.dumps(schema)
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(Config.model_fields)
    assert schema["$defs"]["Retry"]["properties"]["attempts"]["default"] == 3


def test_config_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Config().retry.attempts = 9  # type: ignore[misc]


def test_a_change_is_seen_once(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    seen = stamp(file)
    assert changed(file, seen) is None
    file.write_text("[retry]\n")
    second = changed(file, seen)
    assert second is not None
    assert changed(file, second) is None


def test_a_save_by_renaming_is_seen_though_time_and_size_stay(tmp_path: Path) -> None:
    file, other = tmp_path / "config.toml", tmp_path / "new"
    for path, text in ((file, "aaa"), (other, "bbb")):
        path.write_text(text)
        os.utime(path, ns=(10**18, 10**18))
    seen = stamp(file)
    other.rename(file)
    assert changed(file, seen) is not None


def test_a_removed_file_is_a_change(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.touch()
    seen = stamp(file)
    file.unlink()
    assert changed(file, seen) == (0, 0, 0)


@pytest.mark.parametrize("text", ["[cache]\nmax_bytes=" + "9" * 5000, "a=" + "[" * 5000])
def test_what_chokes_the_reader_is_a_config_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match="too large"):
        load(file)
