"""`libria completion` in the shells themselves: what the Tab key offers."""

import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from e2e_client import WITHIN
from e2e_home import Home, command

LIBRIA_TEST_REQUIRE = os.environ.get("LIBRIA_TEST_REQUIRE") == "all"


@pytest.fixture
def shell_home(own_home: Home) -> Home:
    """Models that are known, a template, and no daemon."""
    (own_home.path / "state").mkdir(mode=0o700)
    (own_home.path / "state" / "models.json").write_text('["simulate/story", "simulate/code", "ollama/a:8b", "fast"]')
    (own_home.path / "config" / "templates").mkdir(parents=True, mode=0o700)
    (own_home.path / "config" / "templates" / "review.md").write_text("x")
    (own_home.path / "red.png").write_text("x")
    return own_home


def needs(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        if LIBRIA_TEST_REQUIRE:
            pytest.fail(f"{shell} is wanted")
        pytest.skip(f"there is no {shell} here")
    return found


def script(home: Home, shell: str) -> Path:
    done = home.run("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    file = home.path / f"libria.{shell}"
    file.write_text(done.stdout)
    return file


def run(home: Home, *arguments: str) -> str:
    """With `libria` on the path as the tests have it."""
    folder = home.path / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / "libria"
    program.write_text(f'#!/bin/sh\nexec {" ".join(command())} "$@"\n')
    program.chmod(0o700)
    env = home.env({"PATH": f"{folder}:{os.environ['PATH']}"})
    done = subprocess.run(  # a shell that is installed here, and our own script
        arguments, env=env, cwd=home.path, capture_output=True, text=True, timeout=WITHIN, check=True
    )
    assert done.stderr == ""
    return done.stdout


OFFERED = {
    "libria te": {"template"},
    "libria ask -m simulate/": {"simulate/story", "simulate/code"},
    "libria chat --model fa": {"fast"},
    "libria ask -t ": {"review"},
    "libria template show ": {"review"},
    "libria template ": {"list", "show", "edit", "path"},
    "libria ask --cache ": {"auto", "use", "refresh", "off", "only"},
    "libria ask --reasoning-e": {"--reasoning-effort"},
    "libria config s": {"show", "schema"},
    "libria completion ": {"bash", "zsh", "fish"},
}


def test_bash(shell_home: Home) -> None:
    lines = [*OFFERED, "libria ask -m ollama/a:", "libria ask -a re"]
    tries = "\n".join(
        f"COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; _libria; echo \"${{COMPREPLY[@]}}\"; echo '--'"
        for line in lines
    )
    said = run(
        shell_home, needs("bash"), "--norc", "-c",
        f"source {script(shell_home, 'bash')}; COMP_WORDBREAKS=$' \\t\\n\"\\'><=;|&(:'\n{tries}",
    )  # fmt: skip
    parts = [set(part.split()) for part in said.removesuffix("--\n").split("--\n")]
    assert dict(zip(lines, parts, strict=True)) == {
        **OFFERED,
        "libria ask -m ollama/a:": {"8b"},  # the shell has the rest
        "libria ask -a re": set(),  # and it completes files by itself
    }
    assert not shell_home.processes("serve"), "a Tab starts no daemon"


def test_fish(shell_home: Home) -> None:
    fish = needs("fish")
    file = script(shell_home, "fish")
    for line, wanted in {**OFFERED, "libria ask -a re": {"red.png"}}.items():
        said = run(shell_home, fish, "--no-config", "-c", f"source {file}; complete -C '{line}'")
        assert {one.split("\t")[0] for one in said.splitlines()} == wanted, line


def test_zsh(shell_home: Home) -> None:
    """In a terminal, since only there it completes."""
    zsh = needs("zsh")
    file = script(shell_home, "zsh")
    run(shell_home, zsh, "-f", "-n", str(file))
    child, master = pty.fork()
    if child == 0:
        path = f"{shell_home.path}/bin:{os.environ['PATH']}"
        os.execve(zsh, [zsh, "-f", "-i"], shell_home.env({"PATH": path, "TERM": "dumb", "PS1": ""}))
    try:
        begin = f"autoload -U compinit; compinit -u -D; source {file}; unsetopt list_beep; echo read''y\n"
        os.write(master, begin.encode())
        until(master, "ready\r\n")
        for typed, wanted in (
            ("libria te", "libria template"),
            ("libria ask -m simulate/s", "simulate/story"),
            ("libria ask -t ", "-t review"),
            ("libria template sh", "template show"),
        ):
            os.write(master, f"{typed}\t".encode())
            until(master, wanted)
            os.write(master, b"\x15")
    finally:
        os.close(master)
        os.waitpid(child, 0)


def until(master: int, words: str) -> None:
    seen = ""
    end = time.monotonic() + WITHIN
    while words not in seen:
        assert select.select([master], [], [], max(0.0, end - time.monotonic()))[0], f"no {words!r} in {seen!r}"
        seen += os.read(master, 4096).decode(errors="replace")
