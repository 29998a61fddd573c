"""What foreign words look like in the log: no key, no control character, no more than a line."""

import json

import pytest

from libria.log.clean import clean, keys_in
from libria.log.entry import Entry, lost

SECRETS = [
    "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789",
    "sk-ant-api03-AbCdEfGhIjKlMnOpQrStUvWxYz-0123456789_AA",
    "gsk_abcdefghijklmnopqrstuvwxyz012345",
    "AIzaSyA-abcdefghijklmnopqrstuvwxyz01234",
    "AKIAIOSFODNN7EXAMPLE",
    "xai-abcdefghijklmnopqrstuvwxyz0123456789",
    "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
    "pplx-abcdefghijklmnopqrstuvwxyz0123456789",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "around", ["{}", "the key {} is wrong", '"{}"', "key={};", "https://user:{}@host/v1", "Bearer {}"]
)
def test_what_looks_like_a_key_is_not_repeated(secret: str, around: str) -> None:
    assert secret not in clean(around.format(secret))


def test_a_clients_own_key_is_not_repeated_whatever_it_looks_like() -> None:
    env = {"WORK_API_KEY": "plain words", "LONGER_KEY": "plain words and more", "PATH": "/bin/sh-or-so", "A_KEY": "x"}
    keys = keys_in(env)
    assert keys == ["plain words and more", "plain words"]
    assert (
        clean("not plain words and more, nor plain words; /bin/sh-or-so", keys) == "not [key], nor [key]; /bin/sh-or-so"
    )


@pytest.mark.parametrize(
    "name",
    [
        "req_011CQabcdefghijklmnopqrstuv",
        "chatcmpl-abcdefghijklmnopqrstuvwxyz",
        "7d6b86b2-73ff-34fc-e19d-6b804eff5a3f",
        "accounts/fireworks/models/llama-v3p3-70b-instruct",
        "risk-assessment-model-of-the-bank",
        "claude-sonnet-5-20260101",
        "hf-internal-testing-tiny-random",
        "Neovim",
        "https://api.example/v1/chat?model=x",
    ],
)
def test_names_stay_as_they_are(name: str) -> None:
    assert clean(name) == name


def test_what_is_long_is_cut_and_a_key_across_the_cut_is_gone() -> None:
    key = "k" * 3000
    text = clean("a" * 190 + key + "tail", [key])
    assert text == "a" * 190 + "[key]tail"
    assert len(clean("b" * 10**6)) == 200
    assert clean("b" * 10**6).endswith("b…")


@pytest.mark.parametrize("name", ["a\nb", "a\r\x1b[2Jb", "\x7f", "\u2028\u202e", "\x9b31m", "\ud800", "é漢", '"\\'])
def test_a_line_is_one_line_of_harmless_ascii(name: str) -> None:
    line = Entry(0.0, "info", "call", {"client": name, "none": None, "nan": float("nan")}).line()
    assert line.endswith(b"\n")
    assert all(0x20 <= byte < 0x7F for byte in line[:-1])
    assert json.loads(line) == {
        "ts": "1970-01-01T00:00:00.000Z", "level": "info", "event": "call", "client": name, "nan": None,
    }  # fmt: skip


def test_what_was_lost_is_said() -> None:
    said = json.loads(lost(1.5, 3).line())
    assert (said["ts"], said["level"], said["event"], said["lines"]) == (
        "1970-01-01T00:00:01.500Z",
        "warning",
        "lost",
        3,
    )
