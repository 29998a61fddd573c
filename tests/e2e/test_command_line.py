"""The `libria` command as a user types it: what it prints, where, and its exit code."""

import asyncio
import json
import os
import re
import signal
import sys
import tomllib
from collections.abc import Sequence

import pytest
from e2e_client import WITHIN
from e2e_home import Home, command, provider_env

from libria_providers.simulator import Simulator
from libria_providers.simulator.texts import STORY

PIPE = asyncio.subprocess.PIPE
HEAVY = {"pygls", "lsprotocol", "httpx", "httpcore", "pydantic", "msgspec", "redis", "asyncio", "platformdirs"}


async def start(
    home: Home, *arguments: str, env: dict[str, str], program: Sequence[str] = (), stdout: int = PIPE
) -> asyncio.subprocess.Process:
    """Standard input is empty."""
    words = [*(program or command()), *arguments]
    return await asyncio.create_subprocess_exec(
        *words, env=home.env(env), stdin=asyncio.subprocess.DEVNULL, stdout=stdout, stderr=PIPE
    )


async def ended(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    async with asyncio.timeout(WITHIN):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, (out or b"").decode(), (err or b"").decode()


async def test_ask_answers(home: Home) -> None:
    code, out, err = await home.command("ask", "-m", "simulate/story+rate:0", "Why share one daemon?")
    assert (code, out, err) == (0, STORY, "")


async def test_ask_prints_as_it_comes_and_ctrl_c_hangs_up(home: Home, sim: Simulator) -> None:
    process = await start(home, "ask", "-m", "openai/fast:10+stall:0.5", "Hello", env=provider_env(sim))
    assert process.stdout is not None
    async with asyncio.timeout(WITHIN):
        begun = await process.stdout.readexactly(len("Why we share one"))
    assert begun == b"Why we share one"
    assert process.returncode is None
    process.send_signal(signal.SIGINT)
    code, _, err = await ended(process)
    assert code == 130
    assert "Traceback" not in err
    await sim.wait_for(lambda call: call.state == "hung up")


async def test_ctrl_c_before_the_first_word(home: Home, sim: Simulator) -> None:
    process = await start(home, "ask", "-m", "openai/silent", "Hello", env=provider_env(sim))
    await sim.wait_for(lambda call: call.state == "open")
    process.send_signal(signal.SIGINT)
    code, out, err = await ended(process)
    assert (code, out) == (130, "")
    assert "Traceback" not in err
    await sim.wait_for(lambda call: call.state == "hung up")


async def test_ask_on_a_terminal_writes_more_than_once(home: Home, sim: Simulator) -> None:
    """Each read gives what one flush wrote, or several; a single one would be no stream."""
    ours, theirs = os.openpty()
    try:
        model = "openai/story+rate:100+count:30"
        process = await start(home, "ask", "-m", model, "Hello", env=provider_env(sim), stdout=theirs)
        os.close(theirs)
        pieces: list[bytes] = []

        def read() -> None:
            try:
                while piece := os.read(ours, 65536):
                    pieces.append(piece)
            except OSError:
                pass  # Linux says so when the other side is closed

        async with asyncio.timeout(WITHIN):
            await asyncio.to_thread(read)
        assert (await ended(process))[0] == 0
    finally:
        os.close(ours)
    text = b"".join(pieces).decode().replace("\r\n", "\n")
    assert STORY.startswith(text.rstrip("\n"))
    assert len(pieces) > 1


async def test_standard_input_is_added_to_the_prompt(home: Home, sim: Simulator) -> None:
    arguments = ["ask", "-m", "openai/echo", "--system", "Be brief.", "What is this?"]
    code, out, _ = await home.command(*arguments, env=provider_env(sim), input=b"A line from a pipe.\n")
    assert code == 0
    assert out == "What is this?\n\nA line from a pipe.\n"
    assert sim.calls[0].body["messages"][0] == {"role": "system", "content": "Be brief."}
    code, out, _ = await home.command("ask", "-m", "openai/echo", env=provider_env(sim), input=b"Only a pipe.")
    assert (code, out) == (0, "Only a pipe.\n")


async def test_ask_json_is_the_result(home: Home, sim: Simulator) -> None:
    code, out, err = await home.command("ask", "--json", "-m", "groq/fast:5", "Hello", env=provider_env(sim))
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 1
    result = json.loads(out)
    assert (result["model"], result["usage"]["outputTokens"]) == ("groq/fast:5", 5)


@pytest.mark.parametrize("model", ["openai/story+status:403", "openai/stori", "nobody/story", "openai/story+cut"])
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
async def test_ask_that_fails_says_why_and_exits_1(home: Home, sim: Simulator, model: str, form: list[str]) -> None:
    code, _, err = await home.command("ask", *form, "-m", model, "Hello", env=provider_env(sim))
    assert code == 1
    assert err.startswith("libria: ")
    assert "Traceback" not in err


async def test_a_key_that_is_missing_is_named(home: Home) -> None:
    code, out, err = await home.command("ask", "-m", "anthropic/claude", "Hello")
    assert (code, out) == (1, "")
    assert "ANTHROPIC_API_KEY" in err


@pytest.mark.parametrize(
    "arguments",
    [["ask"], ["ask", "--nonsense", "x"], ["nonsense"], ["config"], ["stdio", "--nonsense"], ["--nonsense"]],
)
def test_wrong_usage_exits_2(home: Home, arguments: list[str]) -> None:
    done = home.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["--help"], [], *([name, "--help"] for name in (
        "ask", "models", "status", "config", "doctor", "simulate", "serve", "stop", "socket", "stdio"
    ))],
)  # fmt: skip
def test_help(home: Home, arguments: list[str]) -> None:
    done = home.run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "libria" in done.stdout


def test_version(home: Home) -> None:
    done = home.run("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"libria \d+\.\d+\.\d+\S*\n", done.stdout)


async def test_models(home: Home, sim: Simulator) -> None:
    code, out, _ = await home.command("models", "openai", env=provider_env(sim))
    assert code == 0
    assert "openai/story" in out
    code, out, _ = await home.command("models", "--json", env=provider_env(sim))
    assert code == 0
    assert "anthropic/story" in {model["id"] for model in json.loads(out)["models"]}
    code, _, err = await home.command("models", "opanai", env=provider_env(sim))
    assert code == 1
    assert "openai" in err


async def test_status_socket_and_stop(own_home: Home) -> None:
    assert json.loads((await own_home.command("status", "--json"))[1]) == {"running": False}
    assert (await own_home.command("stop"))[0] == 0
    assert own_home.processes() == [], "neither starts a daemon"
    code, out, _ = await own_home.command("socket")
    assert (code, out) == (0, f"{own_home.socket_file}\n")
    [pid] = own_home.processes("serve")
    status = json.loads((await own_home.command("status", "--json"))[1])
    assert (status["running"], status["pid"]) == (True, pid)
    assert str(pid) in (await own_home.command("status"))[1]
    code, out, err = await own_home.command("stop")
    assert (code, err) == (0, "")
    assert not own_home.socket_file.exists()


async def test_stop_waits_for_what_is_under_way(own_home: Home, sim: Simulator) -> None:
    model = "openai/story+rate:100+count:40"
    asking = await start(own_home, "ask", "-m", model, "Hello", env=provider_env(sim))
    await sim.wait_for(lambda call: call.events > 1)
    code, _, err = await own_home.command("stop")
    assert (code, err) == (0, "")
    assert sim.calls[0].state == "done", "it said that the daemon had ended while it still streamed"
    code, out, _ = await ended(asking)
    assert code == 0
    assert STORY.startswith(out.rstrip("\n"))
    assert sim.calls[0].state == "done"


def _from_here(home: Home) -> str:
    return os.path.relpath(home.path)


async def test_a_relative_home_is_the_same_for_the_daemon(own_home: Home) -> None:
    """The daemon leaves the folder that it was started in."""
    relative = {"LIBRIA_HOME": _from_here(own_home)}
    code, out, _ = await own_home.command("ask", "-m", "simulate/fast:3", "Hello", env=relative)
    assert (code, bool(out)) == (0, True)
    assert own_home.socket_file.exists()
    assert (await own_home.command("stop"))[1] == "The daemon has ended.\n"


@pytest.mark.parametrize("temperature", ["nan", "inf", "-1", "warm"])
async def test_a_temperature_that_is_none(home: Home, temperature: str) -> None:
    code, _, err = await home.command("ask", "-m", "simulate/fast:3", f"--temperature={temperature}", "Hello")
    assert code == 2
    assert "--temperature" in err


async def test_doctor(home: Home, sim: Simulator) -> None:
    code, out, err = await home.command("doctor", env=provider_env(sim))
    assert (code, err) == (0, "")
    assert sim.url in out
    assert "MISTRAL_API_KEY" in out, "the variable to set is named"
    assert not any(value in out for value in provider_env(sim).values() if value.startswith("fake"))
    code, out, _ = await home.command("doctor", "--json", env=provider_env(sim))
    assert {"openai", "anthropic", "groq"} <= set(json.loads(out)["usable"])
    assert sim.calls == [] or all(call.key is None for call in sim.calls), "it sends no key"


async def test_config(own_home: Home) -> None:
    assert (await own_home.command("config", "path"))[1] == f"{own_home.config}\n"
    assert (await own_home.command("config", "check"))[0] == 0
    own_home.write_config("[timeouts]\nfirst_token = 3\n")
    assert (await own_home.command("config", "check"))[0] == 0
    code, out, _ = await own_home.command("config", "show")
    assert (code, tomllib.loads(out)["timeouts"]["first_token"]) == (0, 3)
    assert json.loads((await own_home.command("config", "schema"))[1])["properties"]["aliases"]
    own_home.write_config("[timeouts]\nfirst_tokn = 3\n")
    code, out, err = await own_home.command("config", "check")
    assert (code, out) == (1, "")
    assert "first_tokn" in err
    assert "2" in err, "the line is named"
    assert own_home.processes() == []


@pytest.mark.parametrize("arguments", [["ask", "-m", "simulate/fast:3", "Hello"], ["stdio"]])
async def test_beside_a_warm_daemon_nothing_heavy_is_imported(home: Home, arguments: list[str]) -> None:
    assert (await home.command("socket"))[0] == 0
    python = [sys.executable, "-X", "importtime", "-m", "libria"]
    code, _, err = await ended(await start(home, *arguments, env={}, program=python))
    assert code == 0
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in err.splitlines()}
    assert "libria" in imported
    assert imported & HEAVY == set()


async def test_simulate_is_a_server_for_others(home: Home) -> None:
    process = await start(home, "simulate", "--port", "0", env={})
    assert process.stdout is not None
    async with asyncio.timeout(WITHIN):
        said = ""
        while "127.0.0.1" not in said:
            line = (await process.stdout.readline()).decode()
            assert line, said
            said += line
        url = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert url is not None
        env = {"OPENAI_BASE_URL": f"{url[0]}/v1", "OPENAI_API_KEY": "fake"}
        code, out, _ = await home.command("ask", "-m", "openai/fast:4", "Hello", env=env)
        assert (code, out) == (0, "Why we share one\n")
    process.send_signal(signal.SIGINT)
    code, _, err = await ended(process)
    assert code in (0, 130)
    assert "Traceback" not in err


async def test_output_that_nobody_reads_is_no_fault(home: Home) -> None:
    """As in `libria ask … | head -1`."""
    process = await start(home, "ask", "-m", "simulate/fast:100000", "Hello", env={})
    assert process.stdout is not None
    await process.stdout.readexactly(10)
    process.stdout._transport.close()  # type: ignore[attr-defined]  # asyncio has no other way to close a pipe it reads
    async with asyncio.timeout(WITHIN):
        assert await process.wait() == 0
        assert process.stderr is not None
        assert await process.stderr.read() == b""
