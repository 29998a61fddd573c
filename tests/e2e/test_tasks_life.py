"""A task outlives its client, its daemon, and what it was told to run."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from functools import partial

import pytest
from e2e_client import Client, Json
from e2e_home import Home, provider_env, wait_gone
from e2e_tasks import finals, last_of, says, task, text_of

from libria_providers.simulator import Simulator

SECRET = "Only the model may read this instruction."


@pytest.fixture(scope="module")
def module_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Its config is there before its daemon, which so begins with it."""
    home = Home(tmp_path_factory.mktemp("home"))
    home.write_config('[retry]\nbase_delay = 0.01\n[tasks]\nallow_commands = true\njudge = "anthropic/echo"\n')
    yield home
    home.end()


async def pid_of(client: Client) -> int:
    pid: int = (await client.request("libria/status", {"parts": []}))["pid"]
    return pid


async def gone(pid: int) -> None:
    await asyncio.to_thread(wait_gone, pid)


async def states(client: Client) -> dict[str, str]:
    listed = (await client.request("libria/task/list", {}))["tasks"]
    return {one["task_id"]: one["state"] for one in listed}


async def joined(home: Home, sim: Simulator) -> Client:
    client = await home.join()
    await client.initialize(initializationOptions={"libria": {"env": provider_env(sim)}})
    return client


async def test_a_killed_daemon_costs_its_client_nothing_but_a_reset(own_home: Home, sim: Simulator) -> None:
    client = await own_home.stdio(env=provider_env(sim))
    given = task("openai/fast:20", SECRET, workDoneToken="work")
    sim.script(["+stall:0.5", "+stall:0.5"])
    await client.request("libria/task", given)
    for life in (1, 2):
        await client.until(partial(_speaks, client, given["task_id"], life), "deltas of this life")
        pid = await pid_of(client)
        os.kill(pid, signal.SIGKILL)
        await gone(pid)
        await sim.wait_for(lambda call: call.state == "hung up", count=life)
    message = (await client.until(last_of(given["task_id"]), "end"))["params"]
    assert message["message_type"] == "TASK_COMPLETION"
    assert await states(client) == {given["task_id"]: "completed"}
    assert len(finals(client.messages, given["task_id"])) == 1
    assert len([one for one in client.messages if "message_type" in (one.get("result") or {})]) == 1
    values = client.values(given["task_id"])
    assert [value["seq"] for value in values] == list(range(len(values)))
    assert [value["reason"] for value in values if value["kind"] == "reset"] == ["disconnected"] * 2
    assert text_of(values) == message["output"]["summary"]
    assert [value["kind"] for value in client.values("work")].count("begin") == 1
    assert [value["kind"] for value in client.values("work")].count("end") == 1
    await client.close()


def _speaks(client: Client, token: str, life: int, _message: Json) -> bool:
    values = client.values(token)
    return [value["kind"] for value in values].count("reset") == life - 1 and values[-1]["kind"] == "delta"


async def test_what_is_on_disk_is_private_and_tells_no_secret(own_home: Home, sim: Simulator) -> None:
    client = await joined(own_home, sim)
    given, ended = task("openai/silent", SECRET), task(says("A result."), SECRET)
    await client.request("libria/task", given)
    await client.request("libria/task", ended)
    await client.until(last_of(ended["task_id"]), "end")
    folder = own_home.path / "state" / "tasks"
    files = list(folder.iterdir())
    assert (len(files), folder.stat().st_mode & 0o777) == (2, 0o700)
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600
        text = file.read_text()
        assert SECRET not in text
        assert not any(key in text for key in provider_env(sim).values())
    await client.request("libria/task/cancel", {"task_id": given["task_id"]})
    await client.close()


async def test_a_task_whose_daemon_was_killed_goes_on_when_it_is_given_again(own_home: Home, sim: Simulator) -> None:
    first = await joined(own_home, sim)
    given, cancelled, ended = task("openai/echo+silent+once"), task("openai/silent"), task(says("Known."))
    acknowledged = await first.request("libria/task", given)
    await first.request("libria/task", cancelled)
    await first.request("libria/task", ended)
    told = await first.until(last_of(ended["task_id"]), "end")
    await sim.wait_for(lambda call: call.state == "open", count=2)
    pid = await pid_of(first)
    os.kill(pid, signal.SIGKILL)
    await gone(pid)
    await first.close()

    second = await joined(own_home, sim)
    assert await states(second) == {
        given["task_id"]: "waiting",
        cancelled["task_id"]: "waiting",
        ended["task_id"]: "completed",
    }
    assert await second.request("libria/task", given) == acknowledged
    assert (await second.until(last_of(given["task_id"]), "end"))["params"]["output"]["summary"] == "Do it."
    await second.request("libria/task", ended)
    assert await second.until(last_of(ended["task_id"]), "end again") == told
    assert await second.request("libria/task/cancel", {"task_id": cancelled["task_id"]}) == {
        "task_id": cancelled["task_id"],
        "cancelled": True,
    }
    await second.request("libria/task", cancelled)
    assert (await second.until(last_of(cancelled["task_id"]), "end"))["params"]["blocker_type"] == "cancelled"
    await second.close()


async def test_a_task_goes_on_without_its_client(own_home: Home, sim: Simulator) -> None:
    """As long as it takes: the daemon does not end before it, told to or not."""
    own_home.write_config("[daemon]\nidle_exit = 1.0\n")
    first = await joined(own_home, sim)
    given = task(says("Done.", "first:2000"))
    await first.request("libria/task", given)
    await sim.wait_for(lambda call: call.state == "open")
    pid = await pid_of(first)
    await first.close()
    await gone(pid)  # by itself, once the task has ended
    assert [call.state for call in sim.calls] == ["done"]
    second = await joined(own_home, sim)
    await second.request("libria/task", given)
    assert (await second.until(last_of(given["task_id"]), "end"))["params"]["output"]["summary"] == "Done."
    assert len(sim.calls) == 1
    await second.close()


async def test_a_daemon_that_is_stopped_finishes_its_tasks(own_home: Home, sim: Simulator) -> None:
    client = await joined(own_home, sim)
    given = task(says("Done.", "first:500"))
    await client.request("libria/task", given)
    await sim.wait_for(lambda call: call.state == "open")
    os.kill(await pid_of(client), signal.SIGTERM)
    assert (await client.until(last_of(given["task_id"]), "end"))["params"]["output"]["summary"] == "Done."
    async with asyncio.timeout(20):
        await client.closed.wait()
    await client.close()


async def test_a_cancel_while_the_daemon_is_lost_counts(own_home: Home, sim: Simulator) -> None:
    client = await own_home.stdio(env=provider_env(sim))
    given = task("openai/silent")
    await client.request("libria/task", given)
    await sim.wait_for(lambda call: call.state == "open")
    pid = await pid_of(client)
    os.kill(pid, signal.SIGKILL)
    client.notify("window/workDoneProgress/cancel", {"token": given["partialResultToken"]})
    message = (await client.until(last_of(given["task_id"]), "end"))["params"]
    assert message["blocker_type"] == "cancelled"
    assert await states(client) == {given["task_id"]: "escalated"}
    await client.close()


COMMAND = """
import os, sys
print(sorted(name for name in os.environ if "KEY" in name), sorted(os.listdir(".")), file=sys.stderr)
sys.exit(0 if open("src/a.txt").read() == "right\\n" and not any("KEY" in name for name in os.environ) else 3)
"""


@pytest.mark.parametrize(
    ("content", "command", "words"),
    [
        ("right", [sys.executable, "-c", COMMAND], ""),
        ("wrong", [sys.executable, "-c", COMMAND], "ended with 3: [] ['src']"),
        ("right", ["/nowhere/to/be/found"], "found did not start: no such file"),
        ("right", [sys.executable, "-c", "while True: pass"], "did not end within 0.5 s"),
        ("right", [sys.executable, "-c", "print('x' * 10**6 + 'end'); exit(1)"], "xend."),
        ("right; touch pwned", ["sh", "-c", "cat src/a.txt | grep right && ! ls pwned"], ""),
    ],
)
async def test_commands_run_on_the_files_where_the_config_allows_it(
    home: Home, sim: Simulator, content: str, command: list[str], words: str
) -> None:
    async with await joined(home, sim) as client:
        criterion: dict[str, Json] = {
            "type": "command",
            "command": command,
            "timeout": 0.5 if "while" in str(command) else 30,
        }
        given = task(says(f"```src/a.txt\n{content}\n```"), output="files", acceptance_criteria=[criterion])
        await client.request("libria/task", given)
        validation = (await client.until(last_of(given["task_id"]), "end"))["params"]["validation"]
        assert validation["all_passed"] is not bool(words)
        assert words in "".join(validation["issues"])
        assert len("".join(validation["issues"])) <= 1100


def verdicts(*found: tuple[int, bool, str]) -> str:
    told = ", ".join(f'{{"criterion": {n}, "met": {str(met).lower()}, "reason": "{why}"}}' for n, met, why in found)
    return f'{{"verdicts": [{told}]}}'


async def judged(home: Home, sim: Simulator, *answers: str, **more: Json) -> dict[str, Json]:
    async with await joined(home, sim) as client:
        sim.script([*answers])
        given = task("openai/echo", acceptance_criteria=["It is polite.", "It is short."], **more)
        await client.request("libria/task", given)
        message: dict[str, Json] = (await client.until(last_of(given["task_id"]), "end"))["params"]
        return message


async def test_a_judge_says_whether_words_are_met_and_why(home: Home, sim: Simulator) -> None:
    said = verdicts((1, True, "It says please."), (2, False, "It goes on."))
    message = await judged(home, sim, says("Please.", provider="x"), says(said, provider="x"))
    validation = message["validation"]
    assert validation["acceptance_criteria_met"] == [True, False]
    assert validation["issues"] == [
        "Criterion 1 is met, judges anthropic/echo: It says please.",
        "Criterion 2 is not met, judges anthropic/echo: It goes on.",
    ]
    asked = sim.calls[-1]
    assert asked.body["messages"][0]["content"] != sim.calls[0].body
    assert '"summary":"Please."' in str(asked.body)


@pytest.mark.parametrize(
    ("answers", "met", "words"),
    [
        ([verdicts((1, True, "a")), verdicts((2, True, "b"))], [True, True], "judges"),
        ([verdicts((1, True, "a")), "nothing of the kind"], [True, False], "gave no verdict that can be read"),
        (["status:401"], [False, False], "was not judged: "),
    ],
)
async def test_a_judge_that_is_silent_or_fails_lets_nothing_pass(
    home: Home, sim: Simulator, answers: list[str], met: list[bool], words: str
) -> None:
    scripted = [one if one.startswith("status") else says(one, provider="x") for one in answers]
    message = await judged(home, sim, says("Please.", provider="x"), *scripted)
    assert message["validation"]["acceptance_criteria_met"] == met
    assert words in message["validation"]["issues"][-1]


async def test_what_the_judge_says_is_fed_back(home: Home, sim: Simulator) -> None:
    answers = [
        says("Long.", provider="x"),
        says(verdicts((1, True, "a"), (2, False, "It is of five letters.")), provider="x"),
        says("Hi.", provider="x"),
        says(verdicts((1, True, "a"), (2, True, "b")), provider="x"),
    ]
    message = await judged(home, sim, *answers, retry_on_failure=True)
    assert (message["output"]["summary"], message["validation"]["all_passed"]) == ("Hi.", True)
    assert "It is of five letters." in str(sim.calls[2].body)
