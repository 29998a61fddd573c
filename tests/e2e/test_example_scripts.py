"""The scripts in editors/scripts, run as their readers will run them."""

import ast
import asyncio
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from e2e_client import WITHIN
from e2e_home import Home, command, provider_env

from libria_providers.simulator import Simulator
from libria_providers.simulator.texts import STORY

SCRIPTS = Path(__file__).parents[2] / "editors" / "scripts"
WITH = {"stream.py": [sys.executable], "stream.mjs": ["node"], "stream.pl": ["perl"]}


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


async def test_the_node_module(home: Home, sim: Simulator, path: str) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    client = str(Path(__file__).with_name("client_node.mjs"))
    code, out, err = await run(home, ["node", client], {**provider_env(sim), "PATH": path})
    assert (code, err) == (0, "")
    chat, stream, many, embed, cancelled, missing, wrong = map(json.loads, out.splitlines())
    assert chat == {"content": "Why we share", "message": {"role": "assistant", "content": "Why we share"}}
    assert {"start", "delta", "reset"} <= set(stream["kinds"])
    assert stream["same"]
    assert many == {"many": [f"Hi {n}" for n in range(20)]}
    assert embed == {"vectors": [3, 3]}
    assert cancelled == {"cancelled": "cancelled"}
    assert missing["missing"][0] == "credentialMissing"
    assert "MISTRAL_API_KEY" in missing["missing"][1]
    assert wrong == {"wrong": "invalidParams"}
    await sim.wait_for(lambda call: call.state == "hung up" and call.model == "fast:10+stall:0.5")
    await sim.wait_for(lambda call: call.state == "hung up" and call.model == "fast:11+stall:0.5")


async def test_the_shell_one(home: Home, sim: Simulator, path: str, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("Once upon a time")
    env = {**provider_env(sim), "PATH": path}
    script = ["sh", str(SCRIPTS / "ask.sh")]
    assert await run(home, script, env, "openai/fast:3", str(text)) == (
        0, "Why we share\ntokens: 3\njudged: Why we share\n", "",
    )  # fmt: skip
    assert "Once upon a time" in str(sim.calls[0].body)
    code, _, err = await run(home, script, env, "openai/status:401", str(text))
    assert code == 1
    assert "rejected the API key" in err
    assert "stays as it is" in err
    assert (await run(home, script, env))[0] == 2


async def test_the_agent(home: Home, sim: Simulator, path: str) -> None:
    script = [sys.executable, str(SCRIPTS / "agent.py")]
    env = {**provider_env(sim), "PATH": path}
    code, out, err = await run(home, script, env, "openai/parallel-tools", "Which day was it?")
    assert code == 0, err
    assert out.startswith("The tool says: ")
    assert "weekday → " in out
    code, _, err = await run(home, script, env, "openai/status:401", "Which day was it?")
    assert code == 1
    assert "(credentialRejected)" in err


async def test_wrong_usage_is_told_from_a_call_that_failed(home: Home, script: list[str], path: str) -> None:
    code, out, err = await run(home, script, {"PATH": path}, "simulate/echo")
    assert (code, out, "MODEL PROMPT" in err) == (2, "", True)


def test_every_example_is_named_in_the_readme() -> None:
    files = {file.name for file in SCRIPTS.iterdir() if file.is_file()} - {"README.md"}
    assert {name for name in files if name in README} == files


def test_the_perl_one_is_as_short() -> None:
    assert len((SCRIPTS / "stream.pl").read_text().splitlines()) <= 60


README = (SCRIPTS / "README.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
NODE = re.findall(r"```js\n(.*?)```", README, re.DOTALL)
SHELL = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


async def test_the_readmes_python(home: Home, path: str) -> None:
    first, second = PYTHON
    code, out, err = await run(home, [sys.executable, "-c", first], {"PATH": path})
    assert (code, err) == (0, "")
    assert STORY in out
    assert "The tool says: 2" in out
    assert out.splitlines()[-1].startswith("rateLimited ")
    code, out, err = await run(home, [sys.executable, "-c", second], {"PATH": path})
    assert (code, out, err) == (0, f"{['Why we share one daemon'] * 3}\n", "")


async def test_the_readmes_javascript(home: Home, path: str, tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    [text] = NODE
    script = tmp_path / "readme.mjs"
    script.write_text(text.replace("./libria.mjs", (SCRIPTS / "libria.mjs").as_uri()))
    assert await run(home, ["node", str(script)], {"PATH": path}) == (0, STORY, "")


@pytest.mark.parametrize("line", SHELL)
async def test_the_readmes_commands(home: Home, path: str, line: str) -> None:
    if shutil.which(line.split()[0]) is None:
        pytest.skip(f"{line.split()[0]} is not installed")
    code, out, err = await run(home, ["sh", "-c", f"cd {SCRIPTS.parents[1]} && {line}"], {"PATH": path})
    assert (code, err.replace("[connecting]\n", "")) == (0, "")
    assert out.strip()
