"""The forms of names and addresses in the config, each with the sentence for what is not of it."""

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

PROVIDER = r"[A-Za-z0-9][A-Za-z0-9._-]*"
MODEL = rf"{PROVIDER}/[^\s/][^\s]*"

SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"})

NO_KEYS_HERE = (
    "a key never stands in the config; name the variable that holds it with api_key_env, "
    "or a program that prints it with api_key_command"
)


def _form(pattern: str, sentence: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(sentence)
        return value

    return check


def _url(schemes: tuple[str, ...], example: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        try:
            parts = urlsplit(value)
            there = parts.hostname or (parts.scheme == "unix" and parts.path)
            sound = parts.scheme in schemes and bool(there) and (parts.port or 1) > 0
        except ValueError:
            sound = False
        if not sound or value != value.strip():
            raise ValueError(f'must be an address such as "{example}"')
        return value

    return check


def _no_secret_in_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.username or parts.password:
        raise ValueError(f"must not hold a user name or a password: {NO_KEYS_HERE}")
    if parts.query or parts.fragment:
        raise ValueError("must end with its path: no ? and no #")
    return value.rstrip("/")


def check_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if name.lower() in SECRET_HEADERS:
            raise ValueError(f"must not set {name}: {NO_KEYS_HERE}")
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
            raise ValueError(f"holds {name!r}, which is no name of a header")
        if not value.isprintable() or not value.isascii():
            raise ValueError(f"must give {name} a value of printable ASCII characters")
    return headers


def _not_empty(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("must not be empty")
    return value


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _words(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return tuple(shlex.split(value))
    except ValueError:
        raise ValueError("must be a command as a shell would read it, or a list of its words") from None


_MODEL_FORM = 'must be "provider/model", such as "openai/gpt-5-mini"'

ProviderName = Annotated[
    str, AfterValidator(_form(PROVIDER, "is no name for a provider: use letters, digits, dots, dashes and underscores"))
]
AliasName = Annotated[str, AfterValidator(_form(r"[^\s/]+", "is no name for an alias: use no spaces and no slash"))]
ModelName = Annotated[str, AfterValidator(_form(MODEL, _MODEL_FORM))]
ModelOrAlias = Annotated[str, AfterValidator(_form(rf"{MODEL}|[^\s/]+", f"{_MODEL_FORM}, or the name of an alias"))]
LimitName = Annotated[
    str, AfterValidator(_form(rf"{PROVIDER}|{MODEL}", 'must be named "PROVIDER" or "PROVIDER/MODEL"'))
]
BudgetName = Annotated[
    str, AfterValidator(_form(PROVIDER, "is no name for a budget: use letters, digits, dots, dashes and underscores"))
]
EnvName = Annotated[
    str,
    AfterValidator(_form(r"[A-Za-z_][A-Za-z0-9_]*", f"must be the name of an environment variable: {NO_KEYS_HERE}")),
]
Url = Annotated[str, AfterValidator(_url(("http", "https"), "https://host/v1")), AfterValidator(_no_secret_in_url)]
RedisUrl = Annotated[
    str,
    AfterValidator(
        _form(
            r"(rediss?(\+(sentinel|cluster))?://[^\s/]\S*|unix:///\S+)",
            'must be an address such as "redis://localhost:6379/0"',
        )
    ),
]

FilePath = Annotated[
    str, AfterValidator(_form(r"(~[^/\s\0]*/|/)[^\0]*[^/\0]", 'must be a whole path such as "~/.config/keys.env"'))
]
KeyringName = Annotated[
    str,
    AfterValidator(
        _form(r"[^/\s](.*\S)?/[^/\s]([^/]*[^/\s])?", f'must be "SERVICE/USER", such as "openai/me": {NO_KEYS_HERE}')
    ),
]

# TOML gives lists; strict pydantic takes only tuples for tuples.
Strings = Annotated[tuple[str, ...], Field(strict=False)]
ModelNames = Annotated[
    tuple[ModelName, ...],
    Field(strict=False),
    AfterValidator(_not_empty),
    BeforeValidator(_one_or_more, json_schema_input_type=str | list[str]),
]
Command = Annotated[
    tuple[str, ...],
    Field(strict=False),
    AfterValidator(_not_empty),
    BeforeValidator(_words, json_schema_input_type=str | list[str]),
]
