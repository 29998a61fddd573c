"""A program that prints a key: what is taken of it, what is said of its failure, when it is run."""

import asyncio
import os
import select
import shlex
import sys
from pathlib import Path

import pytest

from libria.keys import command
from libria.keys.command import Command
from libria.keys.fetched import Fetched, NoKey
from libria.testing import FakeClock, settle

SECRET = "sk-live-0123456789abcdefghij"


def script(text: str) -> Command:
    return Command((sys.executable, "-c", text))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("print('k')", "k"),
        ("print('  k \\nuser: me')", "k"),
        ("print(); print('k')", "k"),
        ("print('k', end='')", "k"),
        ("import sys; print('k'); sys.stderr.write('warned')", "k"),
        ("import sys; print('k' + sys.stdin.read())", "k"),  # it has no input, and hears so at once
        ("import sys; print('k'); sys.stdout.write('x' * 5_000_000)", "k"),
    ],
)
async def test_its_first_line_is_the_key(text: str, key: str) -> None:
    assert await script(text).fetch() == key


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pass", "it printed nothing"),
        ("raise SystemExit(3)", "exit code 3"),
        ("import sys; sys.exit('openai is not in the store.\\nmore')", "exit code 1: openai is not in the store"),
        ("import sys; sys.exit('a\\x1b[31mb')", "exit code 1: a [31mb"),
        (f"import sys; sys.exit('bad key {SECRET}')", r"exit code 1: bad key \[…\]"),
        ("import sys; print('hunter2'); sys.exit('not hunter2')", r"exit code 1: not \[…\]"),
    ],
)
async def test_a_failure_says_why_and_tells_no_secret(text: str, words: str) -> None:
    with pytest.raises(NoKey, match=f"^{words}$".replace("[31m", r"\[31m")):
        await script(text).fetch()


async def test_no_program() -> None:
    with pytest.raises(NoKey, match=r"^no such file or directory$"):
        await Command(("/no/such/program",)).fetch()


async def test_no_shell_reads_the_words() -> None:
    assert await Command(("echo", "$HOME; echo *")).fetch() == "$HOME; echo *"


async def test_a_tilde_is_the_users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    program = tmp_path / "key"
    program.write_text("#!/bin/sh\necho from-home\n")
    program.chmod(0o700)
    assert await Command(("~/key",)).fetch() == "from-home"


async def test_it_gets_no_other_providers_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", SECRET)
    monkeypatch.setenv("OP_SESSION", "s")
    asked = Command((sys.executable, "-c", "import os; print('GROQ_API_KEY' in os.environ, os.environ['OP_SESSION'])"),
                    hidden=lambda: {"GROQ_API_KEY"})  # fmt: skip
    assert await asked.fetch() == "False s"


async def test_what_hangs_is_killed_with_all_that_it_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(command, "SECONDS", 1.0)
    pids = tmp_path / "pids"
    shell = f"sleep 60 & echo $! > {shlex.quote(str(pids))}; echo $$ >> {shlex.quote(str(pids))}; wait"
    with pytest.raises(NoKey, match="no answer in 1 s"):
        await Command(("sh", "-c", shell)).fetch()
    for pid in map(int, pids.read_text().split()):
        gone(pid)


def gone(pid: int) -> None:
    """Return once it has ended, reaped or not."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([handle], [], [], 10)[0], f"{pid} still runs"
    finally:
        os.close(handle)


class Store:
    """What a key's program knows: the answers of its runs, each held until `let`."""

    def __init__(self, *answers: str | NoKey) -> None:
        self.runs = 0
        self._answers = list(answers)
        self.let = asyncio.Event()
        self.let.set()

    async def fetch(self) -> str:
        self.runs += 1
        answer = self._answers[min(self.runs, len(self._answers)) - 1]
        await self.let.wait()
        if isinstance(answer, NoKey):
            raise answer
        return answer


async def test_however_many_ask_it_runs_once() -> None:
    store = Store("k")
    store.let.clear()
    fetched = Fetched(store.fetch, FakeClock())
    asking = [asyncio.ensure_future(fetched.get()) for _ in range(50)]
    await settle()
    asking[0].cancel()  # who goes away takes it from nobody
    store.let.set()
    assert await asyncio.gather(*asking[1:]) == ["k"] * 49
    assert await fetched.get() == "k"
    assert store.runs == 1


async def test_a_refused_key_is_fetched_anew_at_once_and_then_once_a_minute() -> None:
    store, clock = Store("k1", "k2", "k3"), FakeClock()
    fetched = Fetched(store.fetch, clock)
    assert await fetched.get() == "k1"
    fetched.refused("k1")
    assert await fetched.get() == "k2"
    fetched.refused("k1")  # said late, of a call that had been sent with the old one
    await clock.advance(61)
    assert await fetched.get() == "k2"
    fetched.refused("k2")
    assert await fetched.get() == "k3"
    fetched.refused("k3")
    for _ in range(3):
        assert await fetched.get() == "k3"
    assert store.runs == 3
    await clock.advance(61)
    await fetched.get()
    assert store.runs == 4


async def test_a_failure_is_told_to_the_layers_of_one_call_and_no_longer() -> None:
    store, clock = Store(NoKey("locked"), "k"), FakeClock()
    fetched = Fetched(store.fetch, clock)
    for _ in range(3):
        with pytest.raises(NoKey, match="locked"):
            await fetched.get()
    assert store.runs == 1
    await clock.advance(1)
    assert await fetched.get() == "k"
