"""Code actions and commands, by the Language Server Protocol alone."""

import os
import signal
from collections.abc import Iterator, Mapping

import pytest
from e2e_editor import ABLE, CONFIG, NEW, URI, Json, asked, change, command, editor, of, open_document, span, suggest
from e2e_home import Home, OpenClient, provider_env

from libria_providers.simulator import Simulator


@pytest.fixture(scope="module")
def module_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("home"))
    home.write_config(CONFIG)
    yield home
    home.end()


@pytest.mark.parametrize(
    ("capabilities", "offered"),
    [
        ({}, set[str]()),
        (ABLE, {"inlineCompletionProvider", "codeActionProvider", "executeCommandProvider"}),
        ({"textDocument": {"codeAction": {}}}, {"codeActionProvider", "executeCommandProvider"}),
        ({"workspace": {"executeCommand": {}}}, {"executeCommandProvider"}),
        ({"textDocument": {"inlineCompletion": {}}}, {"inlineCompletionProvider"}),
    ],
)
async def test_a_client_is_offered_what_it_can_use(open_client: OpenClient, capabilities: Json, offered: Json) -> None:
    client = await open_client(initialize=False)
    said = (await client.initialize(capabilities=capabilities))["capabilities"]
    assert {name for name in said if name.endswith("Provider")} == offered
    assert said["textDocumentSync"] == {"openClose": True, "change": 2}
    if "executeCommandProvider" in offered:
        assert "libria.fix" in said["executeCommandProvider"]["commands"]


async def test_code_actions(open_client: OpenClient, sim: Simulator, mode: str) -> None:
    client = await editor(open_client, sim, mode)
    open_document(client, "def f():\n    return x\n\ny = 1\n")
    problem = {"range": span(1, 11, 1, 12), "message": "x is not defined", "source": "pyright", "severity": 1}

    async def offered(context: Mapping[str, Json], *place: int) -> Json:
        params = {"textDocument": {"uri": URI}, "range": span(*place), "context": context}
        return await client.request("textDocument/codeAction", params)

    actions = await offered({"diagnostics": [problem]}, 1, 11, 1, 12)
    assert [action["title"] for action in actions] == [
        "Fix with Libria", "Explain with Libria", "Improve with Libria", "Document with Libria",
    ]  # fmt: skip
    fix = actions[0]
    assert (fix["kind"], fix["diagnostics"], fix["command"]["command"]) == ("quickfix", [problem], "libria.fix")
    assert fix["command"]["arguments"][0]["range"] == span(1, 0, 2, 0)
    rewrite = (await offered({"diagnostics": [], "only": ["refactor.rewrite"]}, 1, 4, 1, 4))[0]
    assert rewrite["command"]["arguments"][0]["range"] == span(0, 0, 2, 0)  # the block around the cursor
    assert await offered({"diagnostics": [], "only": ["source.organizeImports"]}, 1, 0, 2, 0) == []
    assert await offered({"diagnostics": [], "triggerKind": 2}, 1, 4, 1, 4) == []
    assert not sim.calls


async def test_a_fix_is_one_edit(open_client: OpenClient, sim: Simulator, mode: str) -> None:
    client = await editor(open_client, sim, mode)
    open_document(client, "import os\nold = 1\nend\n")
    problem = {"range": span(1, 0, 1, 3), "message": "old is old", "source": "lint", "code": "L1"}
    pending = command(client, "fix", 1, 0, 2, 0, version=1, diagnostics=[problem])
    token = (await asked(client, "window/workDoneProgress/create"))["token"]
    edit = await asked(client, "workspace/applyEdit", {"applied": True})
    result = await pending.result()
    assert result["applied"] is True
    [changes] = edit["edit"]["documentChanges"]
    assert changes["textDocument"] == {"uri": URI, "version": 1}
    [one] = changes["edits"]
    assert one["range"] == span(1, 0, 2, 0)
    assert one["newText"].startswith(NEW)
    assert one["newText"] == result["newText"]
    kinds = [value["kind"] for value in client.values(token)]
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    question = sim.calls[0].body["messages"][-1]["content"]
    assert "<selection>old = 1\n</selection>" in question
    assert "line 1 of the selection: old is old (lint L1)" in question
    assert "/home/me" not in question


async def test_a_client_that_can_less(open_client: OpenClient, sim: Simulator, mode: str) -> None:
    """Without progress of the daemon's own, with plain edits; and one that takes no edits gets the text."""
    able = {"workspace": {"applyEdit": True}, "textDocument": {"codeAction": {}}}
    client = await editor(open_client, sim, mode, capabilities=able)
    open_document(client, "old = 1\n")
    params = {"textDocument": {"uri": URI}, "range": span(0, 0, 0, 0), "context": {"diagnostics": []}}
    actions = await client.request("textDocument/codeAction", params)
    assert [action["command"] for action in actions] == [
        "libria.explain", "libria.rewrite", "libria.document", "libria.fix",
    ]  # fmt: skip
    pending = client.start("workspace/executeCommand", {**actions[1], "workDoneToken": "work"})
    edit = await asked(client, "workspace/applyEdit", {"applied": True})
    assert list(edit["edit"]["changes"]) == [URI]
    assert (await pending.result())["applied"] is True
    assert not of(client, "window/workDoneProgress/create")
    assert [value["kind"] for value in client.values("work")][-1] == "end"

    client = await editor(open_client, sim, mode, capabilities={})
    open_document(client, "old = 1\n")
    result = await command(client, "rewrite", 0, 0, 1, 0).result()
    assert (result["applied"], result["range"]) == (False, span(0, 0, 1, 0))
    assert result["newText"].startswith(NEW)
    assert [message for message in client.messages if "method" in message and "id" in message] == []


async def test_an_instruction_for_a_plugin_that_shows_its_own_diff(
    open_client: OpenClient, sim: Simulator, mode: str
) -> None:
    client = await editor(open_client, sim, mode, capabilities={"workspace": {"applyEdit": True}})
    open_document(client, "old = 1\n")
    pending = command(client, "edit", 0, 0, 1, 0, instruction="Make it new.", model="anthropic/code", apply=False)
    result = await pending.result()
    assert (result["applied"], result["model"]) == (False, "anthropic/code")
    assert result["newText"].startswith(NEW)
    assert "Make it new." in str(sim.calls[0].body["messages"])
    assert not of(client, "workspace/applyEdit")


async def test_an_edit_is_followed_as_it_comes(open_client: OpenClient, sim: Simulator, mode: str) -> None:
    client = await editor(open_client, sim, mode)
    open_document(client, "old = 1\n")
    argument = {"uri": URI, "range": span(0, 0, 1, 0), "apply": False}
    params = {"command": "libria.rewrite", "arguments": [argument], "partialResultToken": "edit"}
    result = await client.start("workspace/executeCommand", params).result()
    said = "".join(value["text"] for value in client.values("edit") if value["kind"] == "delta")
    assert said.strip() == result["newText"].strip()
    assert not of(client, "window/workDoneProgress/create")  # who follows it shows it


async def test_an_explanation_is_shown(open_client: OpenClient, sim: Simulator, mode: str) -> None:
    client = await editor(open_client, sim, mode, capabilities={"window": {"showDocument": {"support": True}}})
    open_document(client, "old = 1\n")
    sim.script(["fast:5", "story"])
    result = await command(client, "explain", 0, 0, 1, 0).result()
    assert [one["message"] for one in of(client, "window/showMessage")] == [result["text"]]
    pending = command(client, "explain", 0, 0, 1, 0)
    shown = await asked(client, "window/showDocument", {"success": True})
    assert shown["uri"].startswith("file:///")
    assert (await pending.result())["text"].startswith("Why we share")
    assert len(of(client, "window/showMessage")) == 1


async def test_a_cancel_of_the_progress_ends_it(open_client: OpenClient, sim: Simulator, mode: str) -> None:
    client = await editor(open_client, sim, mode)
    open_document(client, "old = 1\n")
    sim.script(["code+first:60000"])
    pending = command(client, "rewrite", 0, 0, 1, 0)
    token = (await asked(client, "window/workDoneProgress/create"))["token"]
    await sim.wait_for(lambda call: call.state == "open")
    client.notify("window/workDoneProgress/cancel", {"token": token})
    assert (await pending.error()).code == -32800
    await sim.wait_for(lambda call: call.state == "hung up")
    assert [value["kind"] for value in client.values(token)] == ["begin", "end"]


@pytest.mark.parametrize("touched", [False, True], ids=["around", "within"])
async def test_the_user_goes_on_typing_meanwhile(
    open_client: OpenClient, sim: Simulator, mode: str, touched: bool
) -> None:
    able = {"workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}}}
    client = await editor(open_client, sim, mode, capabilities=able)
    open_document(client, "import os\nold = 1\n")
    sim.script(["code+headers:100"])
    pending = command(client, "rewrite", 1, 0, 2, 0, version=1)
    await sim.wait_for(lambda call: call.state == "open")
    change(client, 2, "xy\n", *((1, 0, 1, 3) if touched else (0, 0, 0, 0)))
    if touched:
        assert "changed meanwhile" in (await pending.error()).message
        assert not of(client, "workspace/applyEdit")
        return
    edit = await asked(client, "workspace/applyEdit", {"applied": True})
    [changes] = edit["edit"]["documentChanges"]
    assert changes["textDocument"]["version"] == 2
    assert changes["edits"][0]["range"] == span(2, 0, 3, 0)
    assert (await pending.result())["applied"] is True


async def test_an_edit_that_the_editor_does_not_take(open_client: OpenClient, sim: Simulator, mode: str) -> None:
    client = await editor(open_client, sim, mode, capabilities={"workspace": {"applyEdit": True}})
    open_document(client, "old = 1\n")
    pending = command(client, "rewrite", 0, 0, 1, 0)
    await asked(client, "workspace/applyEdit", {"applied": False, "failureReason": "read only"})
    assert "read only" in (await pending.error()).message


async def test_commands_that_make_no_sense(open_client: OpenClient, sim: Simulator, mode: str) -> None:
    client = await editor(open_client, sim, mode, capabilities={})
    open_document(client, "old = 1\n")
    change(client, 2, "new")
    for pending, says in (
        (client.start("workspace/executeCommand", {"command": "libria.sing"}), "libria.fix"),
        (client.start("workspace/executeCommand", {"command": "libria.fix"}), "uri and range"),
        (command(client, "fix", 0, 0, 1, 0, modle="x"), "modle"),
        (command(client, "edit", 0, 0, 1, 0), "instruction"),
        (command(client, "fix", 0, 0, 1, 0, uri="file:///other.py"), "not open"),
        (command(client, "fix", 0, 0, -1, 0), "range"),
    ):
        error = await pending.error()
        assert error.code == -32602
        assert says in error.message
    assert "changed" in (await command(client, "fix", 0, 0, 1, 0, version=1).error()).message
    sim.script(["code+length"])
    assert "cut off" in (await command(client, "fix", 0, 0, 1, 0).error()).message


async def test_a_daemon_is_killed(own_home: Home, sim: Simulator) -> None:
    """The next one knows the documents and answers; what may have changed something is not done twice."""
    own_home.write_config(CONFIG)
    client = await own_home.stdio(env={**provider_env(sim), "OLLAMA_HOST": sim.url})
    await client.initialize(capabilities=ABLE)
    open_document(client, "import os\nx = \n")
    change(client, 2, "import re", 0, 0, 0, 9)
    sim.script(["code+first:60000", "code+first:60000"])
    suggestion = suggest(client, 1, 4)
    edit = command(client, "rewrite", 0, 0, 1, 0)
    await asked(client, "window/workDoneProgress/create")
    await sim.wait_for(lambda call: call.state == "open", count=2)
    for pid in own_home.processes("serve"):
        os.kill(pid, signal.SIGKILL)
    assert (await edit.error()).code == -32802
    assert (await suggestion.result())["items"]
    assert sim.calls[-1].body["prompt"] == "import re\nx = "
    await client.close()
