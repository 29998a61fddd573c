"""Whose answers: the same for the same key, on one machine or on all."""

import logging
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from libria.partition import FILE, Partitions, own_secret

KEY = {"authorization": "Bearer sk-one"}
A, B = Partitions(b"a" * 32), Partitions(b"b" * 32)


@pytest.mark.parametrize(
    "other",
    [
        {}, {"authorization": "Bearer sk-two"}, {**KEY, "openai-organization": "o"}, {"x-api-key": "Bearer sk-one"},
        {"authorization": "Bearer", "sk-one": ""},
    ],
)  # fmt: skip
def test_two_credentials_are_two_partitions(other: dict[str, str]) -> None:
    assert A.of(KEY) != A.of(other)


def test_order_and_case_of_names_do_not_count() -> None:
    assert A.of({"a": "1", "b": "2"}) == A.of({"B": "2", "A": "1"})


def test_what_is_not_shared_is_of_this_machine() -> None:
    assert A.of(KEY) != B.of(KEY)
    shared = [Partitions(one.own, shared=True) for one in (A, B)]
    assert shared[0].of(KEY) == shared[1].of(KEY) != A.of(KEY)
    assert shared[0].of({}, keyless=True) == A.of({}) != shared[1].of({}, keyless=True)


def test_no_secret_shows() -> None:
    assert "sk-one" not in A.of(KEY)
    assert "aaaa" not in repr(A)


def test_made_once_and_for_this_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    secret = own_secret(folder)
    assert len(secret) == 32
    assert own_secret(folder) == secret
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert [file.name for file in folder.iterdir()] == [FILE]
    assert own_secret(tmp_path / "other") != secret


def test_two_daemons_that_make_it_at_once_have_the_same(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from libria.partition import own_secret; sys.stdin.read(); "
        "print(own_secret(pathlib.Path(sys.argv[1])).hex())"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.close()
        racer.stdin = None
    assert len({racer.communicate(timeout=30)[0] for racer in racers}) == 1


@pytest.mark.parametrize("spoil", ["short", "long", "readable", "link"])
def test_what_is_not_ours_alone_is_made_anew(tmp_path: Path, spoil: str) -> None:
    file = tmp_path / FILE
    old = b"o" * 32
    if spoil == "link":
        (tmp_path / "elsewhere").write_bytes(old)
        (tmp_path / "elsewhere").chmod(0o600)
        file.symlink_to(tmp_path / "elsewhere")
    else:
        file.write_bytes({"short": b"o" * 31, "long": b"o" * 33}.get(spoil, old))
        file.chmod(0o644 if spoil == "readable" else 0o600)
    secret = own_secret(tmp_path)
    assert secret != old
    assert own_secret(tmp_path) == secret
    assert not file.is_symlink()


def test_without_a_folder_it_is_for_this_process(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "state").write_text("a file")
    with caplog.at_level(logging.WARNING):
        assert len(own_secret(tmp_path / "state")) == 32
    assert "will not outlive" in caplog.text
    assert os.listdir(tmp_path) == ["state"]
