"""What the config may say of keys, and in which words it is refused."""

from pathlib import Path

import pytest

from libria.config import Config, ConfigError, load


def read(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return load(file)


def test_sources_of_keys(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        '[defaults]\napi_key_env_file = "~/.config/keys.env"\n'
        '[providers.openai]\napi_key_keyring = "https://x/y/me@z"\n'
        '[providers.groq]\napi_key_env = "G"\napi_key_env_file = "/run/keys"\n'
        "[cache]\nshare_between_keys = true\n",
    )
    assert config.defaults.api_key_env_file == "~/.config/keys.env"
    assert config.providers["openai"].api_key_keyring == "https://x/y/me@z"
    assert config.providers["groq"].api_key_env_file == "/run/keys"
    assert config.cache.share_between_keys
    assert not Config().cache.share_between_keys


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[defaults]\napi_key_env_file = "keys.env"\n', 'api_key_env_file: must be a whole path such as "~/'),
        ('[defaults]\napi_key_env_file = "/etc/"\n', "must be a whole path"),
        ('[defaults]\napi_key_env_file = "/a\\u0000b"\n', "must be a whole path"),
        ('[providers.openai]\napi_key_keyring = "sk-secret"\n', 'must be "SERVICE/USER", .* a key never stands'),
        ('[providers.openai]\napi_key_keyring = "/me"\n', 'must be "SERVICE/USER"'),
        ('[providers.openai]\napi_key_keyring = "x/"\n', 'must be "SERVICE/USER"'),
        (
            '[providers.openai]\napi_key_command = "x"\napi_key_keyring = "a/b"\n',
            "FILE:3: providers.openai.api_key_keyring: stands beside api_key_command; keep one of the two",
        ),
        (
            '[providers.openai]\napi_key_command = "x"\napi_key_env_file = "/a"\n',
            "FILE:3: providers.openai.api_key_env_file: stands beside api_key_command",
        ),
    ],
)
def test_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(str(caught.value).replace(str(tmp_path / "config.toml"), "FILE"))
    assert "sk-secret" not in str(caught.value)
