"""Tasks: acknowledged at once, done, checked, told of once."""

import asyncio

import pytest
from e2e_client import Client, Json, RpcFailed
from e2e_home import OpenClient
from e2e_tasks import finals, last_of, says, task, text_of

from libria_providers.simulator import Simulator


async def done(client: Client, given: dict[str, Json]) -> dict[str, Json]:
    """Its last message, which came once, behind the acknowledgment and all progress."""
    pending = client.start("libria/task", given)
    acknowledged = await pending.response()
    assert acknowledged["result"]["task_id"] == given["task_id"]
    last = await client.until(last_of(given["task_id"]), "last message")
    await client.request("libria/status", {"parts": []})
    assert len(finals(client.messages, given["task_id"])) == 1
    values = client.values(given["task_id"])
    assert [value["seq"] for value in values] == list(range(len(values)))
    assert client.index(acknowledged) < client.index(last)
    shown = [i for i, one in enumerate(client.messages) if _token(one) == given["task_id"]]
    assert shown[-1] < client.index(last), "progress came after the end"
    params: dict[str, Json] = last["params"]
    return params


def _token(message: dict[str, Json]) -> Json:
    return message["params"]["token"] if message.get("method") == "$/progress" else None


async def test_a_task_from_its_acknowledgment_to_its_end(client: Client) -> None:
    given = task(
        says("Hello, world."),
        acceptance_criteria=[
            {"type": "contains", "text": "world"},
            {"type": "regex", "pattern": "^(?i)hello"},
            {"type": "maxLength", "length": 13},
        ],
    )
    message = await done(client, given)
    assert message["message_type"] == "TASK_COMPLETION"
    assert message["output"] == {"files": [], "code": "", "summary": "Hello, world."}
    assert message["validation"] == {"acceptance_criteria_met": [True, True, True], "all_passed": True, "issues": []}
    assert message["model"] == given["model"]
    assert text_of(client.values(given["task_id"])) == "Hello, world."


@pytest.mark.parametrize("mode", ["socket"])
async def test_what_is_not_met_is_said_of_each_criterion(client: Client) -> None:
    criteria = [
        {"type": "contains", "text": "moon"},
        {"type": "regex", "pattern": "[0-9]"},
        {"type": "regex", "pattern": r"(l+)+\1Z"},
        {"type": "maxLength", "length": 5},
        {"type": "jsonSchema", "schema": {"type": "object"}},
        "It is polite.",
    ]
    message = await done(client, task(says("Hello, world."), acceptance_criteria=criteria))
    validation = message["validation"]
    assert (validation["acceptance_criteria_met"], validation["all_passed"]) == ([False] * 6, False)
    assert [issue.split(" ")[1] for issue in validation["issues"]] == ["1", "2", "3", "4", "5", "6"]
    assert "“moon”" in validation["issues"][0]
    assert "13 characters" in validation["issues"][3]
    assert "set judge in [tasks]" in validation["issues"][5]


PYTHON = "Adds.\n\n```python\ndef add(a, b):\n    return a + b\n```\n"
TWO = "Two files.\n\n```src/a.py\nA = 1\n```\n\n### `docs/b.md`\n````md\n```sh\nls\n```\n````\n"
JSON = '{"summary": "One.", "files": [{"path": "./a.txt", "content": "a\\n"}]}'
BROKEN = 'Here: {"summary": "One.", "files": [{"path": "a.txt", "content": "a\n"},],} That is all.'


@pytest.mark.parametrize("mode", ["socket"])
@pytest.mark.parametrize(
    ("wanted", "said", "output"),
    [
        ("code", PYTHON, {"code": "def add(a, b):\n    return a + b\n", "summary": "Adds."}),
        ("code", "```\nx", {"code": "x", "summary": ""}),
        ("files", JSON, {"files": [{"path": "a.txt", "content": "a\n"}], "summary": "One."}),
        ("files", BROKEN, {"files": [{"path": "a.txt", "content": "a\n"}], "summary": "One."}),
        (
            "files",
            TWO,
            {
                "files": [
                    {"path": "src/a.py", "content": "A = 1\n"},
                    {"path": "docs/b.md", "content": "```sh\nls\n```\n"},
                ],
                "summary": "Two files.\n\n\n### `docs/b.md`",
            },
        ),
    ],
)
async def test_answers_are_read_as_the_task_wants_them(
    client: Client, wanted: str, said: str, output: dict[str, Json]
) -> None:
    message = await done(client, task(says(said), output=wanted))
    assert message["output"] == {"files": [], "code": "", "summary": "", **output}
    assert message["validation"]["all_passed"] is True


@pytest.mark.parametrize("mode", ["socket"])
async def test_files_come_as_structured_output_where_the_provider_has_it(client: Client, sim: Simulator) -> None:
    message = await done(client, task("openai/json", output="files"))
    assert [set(file) for file in message["output"]["files"]] == [{"path", "content"}]
    assert sim.calls[-1].body["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize("mode", ["socket"])
async def test_a_provider_that_refuses_the_schema_is_asked_in_words(client: Client, sim: Simulator) -> None:
    sim.script(["status:400", says(TWO, provider="x")])
    message = await done(client, task("openai/echo", output="files"))
    assert [file["path"] for file in message["output"]["files"]] == ["src/a.py", "docs/b.md"]
    assert [("json_schema" in str(call.body)) for call in sim.calls] == [True, False]


@pytest.mark.parametrize("mode", ["socket"])
async def test_a_criterion_that_is_a_schema_is_asked_for_as_json(client: Client, sim: Simulator) -> None:
    shape = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    criteria = [{"type": "jsonSchema", "schema": shape}]
    message = await done(client, task("openai/json", acceptance_criteria=criteria))
    assert message["validation"]["all_passed"] is True
    assert sim.calls[-1].body["response_format"]["json_schema"]["schema"]["required"] == ["n"]
    message = await done(client, task(says('```json\n{"n": "x"}\n```'), acceptance_criteria=criteria))
    assert message["validation"]["issues"] == ['Criterion 1 is not met: n: "x" is not of type "integer".']


@pytest.mark.parametrize("mode", ["socket"])
async def test_what_cannot_be_read_is_asked_for_once_more(client: Client, sim: Simulator) -> None:
    given = task(output="code")
    sim.script([says("I would rather not.", provider="x"), says(PYTHON, provider="x")])
    message = await done(client, given)
    assert message["output"]["summary"] == "Adds."
    resets = [value["reason"] for value in client.values(given["task_id"]) if value["kind"] == "reset"]
    assert (resets, len(sim.calls)) == (["unreadable"], 2)
    assert text_of(client.values(given["task_id"])) == PYTHON
    assert "no fenced block" in str(sim.calls[-1].body)


@pytest.mark.parametrize("mode", ["socket"])
@pytest.mark.parametrize(
    "said",
    ["no", "```../../etc/passwd\nx\n```", '{"files": [{"path": "/etc/passwd", "content": ""}]}', '{"files": [{"pa'],
)
async def test_what_cannot_be_read_twice_is_escalated_whole(client: Client, sim: Simulator, said: str) -> None:
    message = await done(client, task(says(said), output="files"))
    assert (message["message_type"], message["blocker_type"]) == ("BLOCKER_ESCALATION", "invalidResponse")
    assert message["partial_text"] == said
    assert message["escalate_to"] == "human"
    assert len(sim.calls) == 2


@pytest.mark.parametrize("mode", ["socket"])
async def test_failures_are_fed_back_once_where_the_task_asks_for_it(client: Client, sim: Simulator) -> None:
    criteria = [{"type": "contains", "text": "moon"}, {"type": "maxLength", "length": 30}]
    given = task(acceptance_criteria=criteria, retry_on_failure=True)
    sim.script([says("Hello.", provider="x"), says("Hello, moon.", provider="x")])
    message = await done(client, given)
    assert (message["output"]["summary"], message["validation"]["all_passed"]) == ("Hello, moon.", True)
    assert "does not contain “moon”" in str(sim.calls[-1].body)
    assert [value["reason"] for value in client.values(given["task_id"]) if value["kind"] == "reset"] == ["criteria"]

    given = task(acceptance_criteria=criteria, retry_on_failure=True)
    sim.script([says("Hello.", provider="x"), says("x" * 40, provider="x")])
    message = await done(client, given)
    assert message["output"]["summary"] == "Hello.", "the better of the two"
    assert len(sim.calls) == 4
    assert "second try met fewer" in message["validation"]["issues"][-1]

    sim.script([says("Hello.", provider="x"), "status:500", "status:500", "status:500"])
    message = await done(client, task(acceptance_criteria=criteria, retry_on_failure=True))
    assert message["output"]["summary"] == "Hello."
    assert "A second try failed" in message["validation"]["issues"][-1]


@pytest.mark.parametrize("mode", ["socket"])
@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("openai/echo+status:401", "credentialRejected"),
        ("openai/quota", "quotaExhausted"),
        ("openai/context-length", "contextTooLong"),
        ("openai/status:429+retry-after:1000", "rateLimited"),
        ("openai/status:503+retry-after:1000", "overloaded"),
        ("openai/nonesuch", "modelNotFound"),
        ("openai/fast:20+cut:0.5", "interrupted"),
        ("openai/fast:20+length", "invalidResponse"),
        ("openai/fast:20+filter", "contentFiltered"),
        ("openai/silent", "timedOut"),
        ("mistral/any", "credentialMissing"),
        ("nobody/any", "modelNotFound"),
    ],
)
async def test_every_way_of_being_stuck_is_escalated(client: Client, model: str, kind: str) -> None:
    timeouts = {"first_token": 0.2} if kind == "timedOut" else None
    message = await done(client, task(model, timeouts=timeouts))
    assert (message["message_type"], message["blocker_type"]) == ("BLOCKER_ESCALATION", kind)
    assert message["description"].endswith(".")
    assert ("partial_text" in message) == (kind in ("interrupted", "invalidResponse", "contentFiltered"))


async def refused(client: Client, given: dict[str, Json]) -> str:
    with pytest.raises(RpcFailed) as failed:
        await client.request("libria/task", given)
    assert (failed.value.code, failed.value.data["kind"]) == (-32602, "invalidParams")
    return failed.value.message


WRONG: list[tuple[dict[str, Json], str]] = [
    ({"task_id": None}, "task_id: Field required"),
    ({"task_id": ""}, "task_id: "),
    ({"instruction": None}, "instruction: Field required"),
    ({"modle": "x"}, "modle: Extra inputs are not permitted"),
    ({"output": "video"}, "output: "),
    ({"acceptance_criteria": [{"type": "jsonSchema", "schema": {"type": 3}}]}, "[0].schema is no JSON Schema"),
    ({"acceptance_criteria": [{"type": "jsonSchema", "schema": []}]}, "[0].jsonSchema.schema: "),
    ({"acceptance_criteria": ["ok", {"type": "regex", "pattern": "("}]}, "[1].pattern is no regular expression"),
    ({"acceptance_criteria": [{"type": "contains", "txt": "x"}]}, "[0].contains.txt: Extra inputs"),
    ({"acceptance_criteria": [{"type": "magic"}]}, "[0]: Input should be a sentence, or have a type of"),
    ({"acceptance_criteria": [{"type": "command", "command": ["true"]}]}, "set allow_commands = true in [tasks]"),
    ({"acceptance_criteria": [{"type": "contains", "text": "x", "path": "a"}]}, 'with output "files"'),
]


@pytest.mark.parametrize("mode", ["socket"])
@pytest.mark.parametrize(("more", "words"), WRONG)
async def test_a_wrong_task_is_refused_with_a_sentence(client: Client, more: dict[str, Json], words: str) -> None:
    assert words in await refused(client, {**task(), **more})
    assert finals(client.messages, "") == []


@pytest.mark.parametrize("mode", ["socket"])
async def test_the_same_task_is_done_once_and_told_to_all(open_client: OpenClient, sim: Simulator) -> None:
    first, second = await open_client(), await open_client()
    given = task(says("Once.", "first:300"))
    acknowledged = await asyncio.gather(*(client.request("libria/task", given) for client in (first, second, first)))
    assert acknowledged[0] == acknowledged[1] == acknowledged[2]
    told = [await client.until(last_of(given["task_id"]), "end") for client in (first, second)]
    assert told[0] == told[1]
    assert await first.request("libria/task", given) == acknowledged[0]
    assert await first.until(last_of(given["task_id"], 2), "end again") == told[0]
    assert len(sim.calls) == 1
    assert len(finals(first.messages, given["task_id"])) == 2
    assert "another content" in await refused(second, {**given, "instruction": "Something else."})


@pytest.mark.parametrize("mode", ["socket"])
async def test_one_that_did_not_end_well_is_begun_anew_with_restart(client: Client, sim: Simulator) -> None:
    sim.script(["status:401", says("Well.", provider="x")])
    given = task()
    assert (await done(client, given))["blocker_type"] == "credentialRejected"
    await client.request("libria/task", given)
    assert (await client.until(last_of(given["task_id"], 2), "end"))["params"]["blocker_type"] == "credentialRejected"
    await client.request("libria/task", {**given, "restart": True})
    assert (await client.until(last_of(given["task_id"], 3), "end"))["params"]["output"]["summary"] == "Well."
    await client.request("libria/task", {**given, "restart": True})
    await client.until(last_of(given["task_id"], 4), "end")
    assert len(sim.calls) == 2, "what ended well is not done again"


CANCELS = ["task", "partialResultToken", "workDoneToken"]


@pytest.mark.parametrize("by", CANCELS)
@pytest.mark.parametrize("at", ["silent", "stall"])
async def test_a_cancelled_task_ends_so_and_hangs_up(client: Client, sim: Simulator, by: str, at: str) -> None:
    given = task(f"openai/fast:20+{at}", workDoneToken=f"work-{by}-{at}")
    await client.request("libria/task", given)
    await sim.wait_for(lambda call: call.state == "open")
    if by == "task":
        assert await client.request("libria/task/cancel", {"task_id": given["task_id"]}) == {
            "task_id": given["task_id"],
            "cancelled": True,
        }
    else:
        client.notify("window/workDoneProgress/cancel", {"token": given[by]})
    message = (await client.until(last_of(given["task_id"]), "end"))["params"]
    assert (message["message_type"], message["blocker_type"]) == ("BLOCKER_ESCALATION", "cancelled")
    await sim.wait_for(lambda call: call.state == "hung up")
    kinds = [value["kind"] for value in client.values(given["workDoneToken"])]
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    assert (await client.request("libria/task/cancel", {"task_id": given["task_id"]}))["cancelled"] is False


async def state_of(client: Client, task_id: str) -> str | None:
    listed = (await client.request("libria/task/list", {}))["tasks"]
    return next((one["state"] for one in listed if one["task_id"] == task_id), None)


@pytest.mark.parametrize("mode", ["socket"])
async def test_a_cancel_right_behind_the_task_counts(client: Client) -> None:
    given = task("openai/silent")
    client.start("libria/task", given)
    client.notify("window/workDoneProgress/cancel", {"token": given["partialResultToken"]})
    async with asyncio.timeout(20):
        while await state_of(client, given["task_id"]) not in (None, "escalated"):  # else it would run for ever
            pass
    given = task("openai/silent")
    client.start("libria/task", given)
    await client.request("libria/task/cancel", {"task_id": given["task_id"]})
    message = (await client.until(last_of(given["task_id"]), "end"))["params"]
    assert message["blocker_type"] == "cancelled"


@pytest.mark.parametrize("mode", ["socket"])
async def test_tasks_are_listed_with_how_far_they_are(client: Client, sim: Simulator) -> None:
    given, ended = task("openai/fast:20+stall"), task(says("x"), acceptance_criteria=["Nobody judges this."])
    await done(client, ended)
    await client.request("libria/task", given)
    await sim.wait_for(lambda call: call.state == "open")
    await client.until(lambda message: _token(message) == given["task_id"] and _kind(message) == "delta", "delta")
    listed = {one["task_id"]: one for one in (await client.request("libria/task/list", {}))["tasks"]}
    running = listed[given["task_id"]]
    assert (running["state"], running["phase"], running["model"]) == ("running", "asking", given["model"])
    assert running["output_tokens"] > 0
    assert (listed[ended["task_id"]]["state"], listed[ended["task_id"]]["all_passed"]) == ("completed", False)
    calls = (await client.request("libria/status", {"parts": ["calls"]}))["calls"]
    assert running["call_id"] in [call["callId"] for call in calls]
    await client.request("libria/task/cancel", {"task_id": given["task_id"]})


def _kind(message: dict[str, Json]) -> Json:
    return message["params"]["value"]["kind"]


async def test_an_unknown_task_cannot_be_cancelled(client: Client) -> None:
    with pytest.raises(RpcFailed) as failed:
        await client.request("libria/task/cancel", {"task_id": "nobody knows"})
    assert failed.value.code == -32602
