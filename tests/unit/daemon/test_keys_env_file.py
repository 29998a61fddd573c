"""A file of variables for tools without the shell's: how it is read, when, and when it is not."""

import os
from pathlib import Path

import pytest

from libria.clock import SystemClock
from libria.config import Config
from libria.keys import Keys, env_file
from libria.keys.env_file import EnvFile, read_env_file
from libria.testing import FakeClock
from libria_providers.errors import CredentialMissing
from libria_providers.registry import ROWS

DOTENV = r"""
# keys
OPENAI_API_KEY=sk-plain
export GROQ_API_KEY='gsk $HOME # not a comment'
MISTRAL_API_KEY="a\"b"   # a comment
 ANTHROPIC_API_KEY = spaced
EMPTY=
NOT_EXPANDED=${OPENAI_API_KEY}
EQUALS=a=b==
"""


def file(tmp_path: Path, text: str, mode: int = 0o600) -> str:
    path = tmp_path / "keys.env"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return str(path)


def test_the_syntax_of_dotenv(tmp_path: Path) -> None:
    said = read_env_file(file(tmp_path, DOTENV))
    assert said.values == {
        "OPENAI_API_KEY": "sk-plain",
        "GROQ_API_KEY": "gsk $HOME # not a comment",
        "MISTRAL_API_KEY": 'a"b',
        "ANTHROPIC_API_KEY": "spaced",
        "EMPTY": "",
        "NOT_EXPANDED": "${OPENAI_API_KEY}",
        "EQUALS": "a=b==",
    }
    assert (said.problem, said.unread) == (None, ())
    assert "sk-plain" not in repr(said)


@pytest.mark.parametrize("start", ["\ufeff", "", "\r\n"])
def test_from_any_editor(tmp_path: Path, start: str) -> None:
    assert read_env_file(file(tmp_path, f"{start}A=1\r\nB=2")).values == {"A": "1", "B": "2"}


def test_lines_that_are_none_are_named_and_the_others_count(tmp_path: Path) -> None:
    said = read_env_file(file(tmp_path, "A=1\njust words\nB='open\nC=3\nD\n"))
    assert said.values["A"] == "1"
    assert 2 in said.unread
    assert said.problem is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_what_others_may_read_is_not_read(tmp_path: Path, mode: int) -> None:
    path = file(tmp_path, "A=1", mode)
    said = read_env_file(path)
    assert said.values == {}
    assert said.problem == f'other users may read the file {path}; run: chmod 600 "{path}"'


def test_a_link_is_followed_to_a_file_that_is_private(tmp_path: Path) -> None:
    target = file(tmp_path, "A=1")
    (tmp_path / "link").symlink_to(target)
    assert read_env_file(str(tmp_path / "link")).values == {"A": "1"}
    Path(target).chmod(0o644)
    assert "chmod 600" in (read_env_file(str(tmp_path / "link")).problem or "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_users_file_is_not_read(tmp_path: Path) -> None:
    path = file(tmp_path, "A=1")
    os.chown(path, 12345, -1)
    assert "belongs to another user" in (read_env_file(path).problem or "")


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)
    assert "is no file" in (read_env_file(str(tmp_path / "fifo")).problem or "")
    assert "is not there" in (read_env_file(str(tmp_path / "none")).problem or "")
    (tmp_path / "folder").mkdir(mode=0o700)
    assert read_env_file(str(tmp_path / "folder")).problem is not None
    assert "too large" in (read_env_file(file(tmp_path, "A=" + "x" * env_file.MAX_BYTES)).problem or "")


async def test_a_change_is_seen_within_a_second(tmp_path: Path) -> None:
    clock = FakeClock()
    path = file(tmp_path, "A=1")
    known = EnvFile(path, clock)
    assert (await known.read()).values == {"A": "1"}
    file(tmp_path, "A=2")  # in the same moment, of the same length
    assert (await known.read()).values == {"A": "1"}, "it is not read with every call"
    await clock.advance(1)
    assert (await known.read()).values == {"A": "2"}
    os.chmod(path, 0o644)
    await clock.advance(1)
    assert (await known.read()).values == {}
    os.chmod(path, 0o600)  # which changes neither its time nor its size
    await clock.advance(1)
    assert (await known.read()).values == {"A": "2"}
    os.unlink(path)
    await clock.advance(1)
    assert "is not there" in ((await known.read()).problem or "")


async def test_a_file_system_that_hangs_holds_up_one_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    clock, released = FakeClock(), threading.Event()
    looks: list[int] = []

    def hanging(*_: object) -> tuple[bytes, env_file.Contents]:
        looks.append(1)
        released.wait(10)
        return b"A=2", env_file.Contents({"A": "2"})

    known = EnvFile(file(tmp_path, "A=1"), clock)
    await known.read()
    monkeypatch.setattr(env_file, "_look", hanging)
    monkeypatch.setattr(env_file, "PATIENCE_SECONDS", 0.05)
    for _ in range(3):
        await clock.advance(1)
        assert (await known.read()).values == {"A": "1"}
    assert len(looks) == 1
    released.set()


async def test_what_a_client_has_itself_is_never_overridden(tmp_path: Path) -> None:
    path = file(tmp_path, "OPENAI_API_KEY=of-file\nOPENAI_BASE_URL=http://file/v1\nGOOGLE_API_KEY=of-file\n")
    keys = Keys(Config.model_validate({"defaults": {"api_key_env_file": path}}), SystemClock())
    openai, gemini = ROWS["openai"], ROWS["gemini"]

    async def found(row: object, env: dict[str, str]) -> tuple[str, str] | None:
        return await keys.find(row, await keys.surroundings("openai", env))  # type: ignore[arg-type]

    assert await found(openai, {}) == ("OPENAI_API_KEY", "of-file")
    assert await found(openai, {"OPENAI_API_KEY": "mine"}) == ("OPENAI_API_KEY", "mine")
    assert await found(openai, {"OPENAI_API_KEY": ""}) is None, "empty is said too, as python-dotenv has it"
    assert await found(gemini, {"GEMINI_API_KEY": "mine"}) == ("GEMINI_API_KEY", "mine"), "by whichever name"
    around = await keys.surroundings("openai", {"OPENAI_BASE_URL": "http://mine/v1"})
    assert around.env["OPENAI_BASE_URL"] == "http://mine/v1"
    assert "of-file" not in repr(around)


async def test_a_providers_own_file_goes_before_everybodys(tmp_path: Path) -> None:
    mine = tmp_path / "mine.env"
    mine.write_text("OPENAI_API_KEY=of-mine\n")
    mine.chmod(0o600)
    config = {
        "defaults": {"api_key_env_file": file(tmp_path, "OPENAI_API_KEY=of-all\nGROQ_API_KEY=g\n")},
        "providers": {"openai": {"api_key_env_file": str(mine)}},
    }
    keys = Keys(Config.model_validate(config), SystemClock())
    assert (await keys.surroundings("openai", {})).file == {"OPENAI_API_KEY": "of-mine"}
    assert (await keys.surroundings("groq", {})).file["GROQ_API_KEY"] == "g"


async def test_a_missing_key_says_what_is_wrong_with_the_file(tmp_path: Path) -> None:
    path = file(tmp_path, "OPENAI_API_KEY=k", 0o644)
    keys = Keys(Config.model_validate({"defaults": {"api_key_env_file": path}}), SystemClock())
    with pytest.raises(CredentialMissing, match=r"no key for OpenAI: other users may read .*chmod 600"):
        await keys.find(ROWS["openai"], await keys.surroundings("openai", {}))
    assert await keys.find(ROWS["openai"], await keys.surroundings("openai", {"OPENAI_API_KEY": "k"}))
    assert await keys.find(ROWS["ollama"], await keys.surroundings("ollama", {})) is None
