"""The scripts in editors/scripts, run as their readers will run them."""

import ast
import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest
from e2e_client import WITHIN
from e2e_home import Home, command, provider_env

from libria_providers.simulator import Simulator
from libria_providers.simulator.texts import STORY

SCRIPTS = Path(__file__).parents[2] / "editors" / "scripts"
WITH = {"stream.py": [sys.executable], "stream.mjs": ["node"]}


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH on which `libria` is found, installed or not."""
    starter = tmp_path / "libria"
    starter.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in command()) + ' "$@"\n')
    starter.chmod(0o755)
    return f"{tmp_path}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(params=list(WITH))
def script(request: pytest.FixtureRequest) -> list[str]:
    runner = WITH[request.param]
    if shutil.which(runner[0]) is None:
        pytest.skip(f"{runner[0]} is not installed")
    return [*runner, str(SCRIPTS / request.param)]


async def run(home: Home, script: list[str], env: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *script, *arguments, env=home.env(env), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(WITHIN):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_it_prints_the_answer(home: Home, script: list[str], path: str) -> None:
    code, out, err = await run(home, script, {"PATH": path}, "simulate/story+rate:0", "Why share one daemon?")
    assert (code, out, err) == (0, STORY + "\n", "")


async def test_it_streams(home: Home, sim: Simulator, script: list[str], path: str) -> None:
    env = home.env({**provider_env(sim), "PATH": path})
    process = await asyncio.create_subprocess_exec(
        *script, "openai/fast:10+stall:0.5", "Hello", env=env, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(WITHIN):
        assert await process.stdout.readexactly(16) == b"Why we share one"
    assert sim.calls[0].state == "open"
    process.terminate()
    await process.communicate()
    await sim.wait_for(lambda call: call.state == "hung up")


async def test_it_pays_with_its_own_key_and_says_what_went_wrong(
    home: Home, sim: Simulator, script: list[str], path: str
) -> None:
    env = {**provider_env(sim), "PATH": path}
    del env["GROQ_API_KEY"]
    assert (await run(home, script, env, "openai/fast:3", "Hello"))[1] == "Why we share\n"
    code, _, err = await run(home, script, env, "groq/fast:3", "Hello")
    assert code == 1
    assert "GROQ_API_KEY" in err


def test_the_python_one_is_short_and_needs_nothing() -> None:
    text = (SCRIPTS / "stream.py").read_text()
    assert len(text.splitlines()) <= 60
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names])
    }
    assert imported <= sys.stdlib_module_names
