"""`libria task`: JSON in, JSON lines out, an exit code that says how it went."""

import asyncio
import json
import os
import signal
from pathlib import Path
from urllib.parse import quote

import jsonschema
import pytest
from e2e_client import WITHIN, Json
from e2e_home import Home, command, provider_env
from e2e_tasks import says, schema, task

from libria_providers.simulator import Simulator


def lines(out: str) -> list[Json]:
    found = [json.loads(line) for line in out.splitlines()]
    for one in found:
        jsonschema.validate(one, schema(one["message_type"]))
    return found


async def run(home: Home, sim: Simulator, given: Json, *more: str) -> tuple[int, list[Json], str]:
    text = given if isinstance(given, bytes) else json.dumps(given).encode()
    code, out, err = await home.command("task", "-", *more, env=provider_env(sim), input=text)
    return code, lines(out) if out.startswith("{") else [], err


def given(model: str, **more: Json) -> dict[str, Json]:
    made = task(model, **more)
    del made["partialResultToken"]
    return made


async def test_a_task_that_is_met(home: Home, sim: Simulator, tmp_path: Path) -> None:
    file = tmp_path / "task.json"
    file.write_text(json.dumps(given(says("Hello."), acceptance_criteria=[{"type": "contains", "text": "Hello"}])))
    code, out, err = await home.command("task", str(file), env=provider_env(sim))
    found = lines(out)
    assert (code, err) == (0, "")
    assert [one["message_type"] for one in found] == ["TASK_ACKNOWLEDGMENT", "TASK_COMPLETION"]
    assert found[1]["output"]["summary"] == "Hello."
    again = await home.command("task", str(file), env=provider_env(sim))
    assert (again, len(sim.calls)) == ((code, out, err), 1)
    code, out, _ = await home.command("task", "--list")
    assert code == 0
    assert found[1]["task_id"] in out


async def test_a_task_with_a_criterion_that_is_not_met(home: Home, sim: Simulator) -> None:
    criteria = [{"type": "contains", "text": "Hello"}, {"type": "maxLength", "length": 3}]
    asked = given(says("Hello."), acceptance_criteria=criteria)
    code, found, err = await run(home, sim, asked)
    assert code == 1
    assert found[1]["validation"]["acceptance_criteria_met"] == [True, False]
    assert err == "libria: Criterion 2 is not met: it has 6 characters, 3 are allowed.\n"
    sim.script([says("Hel", provider="x")])
    code, found, err = await run(home, sim, asked)
    assert (code, found[1]["output"]["summary"]) == (1, "Hel"), "whoever runs it again wants it done again"


async def test_a_task_that_is_stuck(home: Home, sim: Simulator) -> None:
    code, found, err = await run(home, sim, given("openai/status:401"))
    assert (code, found[1]["blocker_type"]) == (1, "credentialRejected")
    assert found[1]["description"] in err


NO_SCHEMA = (
    b'{"task_id": "t", "instruction": "x", "acceptance_criteria": [{"type": "jsonSchema", "schema": {"type": 1}}]}'
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "Standard input is no JSON"),
        (b"[1]", "holds no task"),
        (b'{"a": \xff}', "no JSON in UTF-8"),
        (b'{"instruction": "x"}', "task_id: Field required"),
        (b'{"task_id": "t", "instruction": "x", "modle": "y"}', "modle: Extra inputs are not permitted"),
        (NO_SCHEMA, "no JSON Schema"),
    ],
)
async def test_a_file_that_is_no_task(home: Home, sim: Simulator, text: bytes, words: str) -> None:
    code, found, err = await run(home, sim, text)
    assert (code, found) == (2, [])
    assert words in err
    assert err.count("\n") == 1


async def test_a_file_that_is_not_there(home: Home) -> None:
    code, out, err = await home.command("task", "/nowhere/task.json")
    assert (code, out, err) == (2, "", "libria: /nowhere/task.json cannot be read (no such file or directory).\n")


TWO = "```a/b.txt\nB\n```\n```c.txt\nC\n```"


async def test_files_are_written_below_the_folder_and_nowhere_else(home: Home, sim: Simulator, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    asked = given(says(TWO), output="files")
    code, _, err = await run(home, sim, asked, "--write", str(folder))
    assert (code, (folder / "a" / "b.txt").read_text(), (folder / "c.txt").read_text()) == (0, "B\n", "C\n")
    assert "Written: " in err
    assert (await run(home, sim, asked, "--write", str(folder)))[0] == 0, "the same again is no loss"
    (folder / "c.txt").write_text("mine")
    (folder / "a" / "b.txt").unlink()
    code, _, err = await run(home, sim, asked, "--write", str(folder))
    assert (code, (folder / "c.txt").read_text(), (folder / "a" / "b.txt").exists()) == (1, "mine", False)
    assert "--force overwrites" in err
    assert (await run(home, sim, asked, "--write", str(folder), "--force"))[0] == 0
    assert (folder / "c.txt").read_text() == "C\n"
    (folder / "a" / "b.txt").unlink()
    (folder / "a").rmdir()
    (folder / "a").symlink_to(tmp_path)
    code, _, err = await run(home, sim, asked, "--write", str(folder), "--force")
    assert (code, (tmp_path / "b.txt").exists()) == (1, False)
    assert "is a link" in err


async def test_a_daemon_that_is_killed_is_not_noticed(own_home: Home, sim: Simulator) -> None:
    asked = given(f"openai/echo+say:{quote('Done.')}+silent+once")
    running = asyncio.create_task(run(own_home, sim, asked))
    await sim.wait_for(lambda call: call.state == "open")
    (pid,) = own_home.processes("serve")
    os.kill(pid, signal.SIGKILL)
    code, found, err = await running
    assert (code, [one["message_type"] for one in found], err) == (0, ["TASK_ACKNOWLEDGMENT", "TASK_COMPLETION"], "")


async def test_ctrl_c_cancels_the_task(home: Home, sim: Simulator, tmp_path: Path) -> None:
    file = tmp_path / "task.json"
    asked = given("openai/silent")
    file.write_text(json.dumps(asked))
    process = await asyncio.create_subprocess_exec(
        *command(), "task", str(file), env=home.env(provider_env(sim)),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(WITHIN):
        acknowledgment = json.loads(await process.stdout.readline())
        assert acknowledgment["task_id"] == asked["task_id"]
        await sim.wait_for(lambda call: call.state == "open")
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert process.returncode == 130
    assert b"was cancelled" in err
    await sim.wait_for(lambda call: call.state == "hung up")


async def test_the_schemas_are_printed_from_what_is_installed(home: Home) -> None:
    code, out, _ = await home.command("task", "--schemas")
    found = json.loads(out)
    assert (code, list(found)) == (0, ["BLOCKER_ESCALATION", "TASK", "TASK_ACKNOWLEDGMENT", "TASK_COMPLETION"])
    assert found["TASK_COMPLETION"] == schema("TASK_COMPLETION")


async def test_a_task_is_cancelled_from_another_shell(home: Home, sim: Simulator) -> None:
    asked = given("openai/silent")
    running = asyncio.create_task(run(home, sim, asked))
    await sim.wait_for(lambda call: call.state == "open")
    assert (await home.command("task", "--cancel", asked["task_id"]))[0] == 0
    code, found, _ = await running
    assert (code, found[1]["blocker_type"]) == (1, "cancelled")
    code, _, err = await home.command("task", "--cancel", asked["task_id"])
    assert (code, "ended before" in err) == (1, True)
    assert (await home.command("task", "--cancel", "nobody-knows"))[0] == 2
