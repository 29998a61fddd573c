"""What any editor gets by the Language Server Protocol alone: suggestions, code actions, commands."""

import os
import signal
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from e2e_client import Client, Pending
from e2e_home import Home, OpenClient, provider_env

from libria_providers.simulator import Simulator

Json = Any

URI = "file:///home/me/project/a.py"
CONFIG = """
[retry]
base_delay = 0.01
[editor]
completion_model = "ollama/code"
completion_debounce = 0.01
edit_model = "openai/code"
"""
NEW = '"""Count the words of a text, the most frequent first."""\n'  # how the simulator's program begins
ABLE = {
    "textDocument": {
        "inlineCompletion": {},
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": [""]}}},
    },
    "workspace": {"executeCommand": {}, "applyEdit": True, "workspaceEdit": {"documentChanges": True}},
    "window": {"workDoneProgress": True},
}


@pytest.fixture(scope="module")
def module_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("home"))
    home.write_config(CONFIG)
    yield home
    home.end()


async def editor(open_client: OpenClient, sim: Simulator, mode: str, **params: Json) -> Client:
    """A client that can all there is, and greets as an editor does."""
    env = {**provider_env(sim), "OLLAMA_HOST": sim.url}
    client = await open_client({"OLLAMA_HOST": sim.url}, initialize=False)
    options = {"libria": {"env": env}} if mode == "socket" else None
    await client.initialize(**{"capabilities": ABLE, "initializationOptions": options, **params})
    return client


def open_document(client: Client, text: str, uri: str = URI, language: str = "python") -> None:
    item = {"uri": uri, "languageId": language, "version": 1, "text": text}
    client.notify("textDocument/didOpen", {"textDocument": item})


def change(client: Client, version: int, text: str, *place: int, uri: str = URI) -> None:
    one: dict[str, Json] = {"text": text}
    if place:
        one["range"] = span(*place)
    client.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [one]})


def span(first: int, before: int, last: int, behind: int) -> Json:
    return {"start": {"line": first, "character": before}, "end": {"line": last, "character": behind}}


def suggest(client: Client, line: int, character: int, trigger: int = 2) -> Pending:
    return client.start(
        "textDocument/inlineCompletion",
        {
            "textDocument": {"uri": URI},
            "position": {"line": line, "character": character},
            "context": {"triggerKind": trigger},
        },
    )


def command(client: Client, name: str, *place: int, **more: Json) -> Pending:
    argument = {"uri": URI, "range": span(*place), **more}
    return client.start("workspace/executeCommand", {"command": f"libria.{name}", "arguments": [argument]})


async def asked(client: Client, method: str, result: Json = None) -> Json:
    """The params of the daemon's own request, which is answered with `result`."""
    message = await client.until(lambda message: message.get("method") == method, method)
    client.send({"jsonrpc": "2.0", "id": message["id"], "result": result})
    return message["params"]


def of(client: Client, method: str) -> list[Json]:
    return [message["params"] for message in client.messages if message.get("method") == method]


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


async def test_a_suggestion_and_typing_it(open_client: OpenClient, sim: Simulator, mode: str) -> None:
    client = await editor(open_client, sim, mode)
    open_document(client, "def help():\n    pass\n", uri="file:///home/me/project/util.py")
    open_document(client, "import os\n\n\nx = 1\n")
    items = (await suggest(client, 2, 0).result())["items"]
    assert items == [{"insertText": NEW.rstrip(), "range": span(2, 0, 2, 0)}]
    assert len(sim.calls) == 1
    body = sim.calls[0].body
    assert body["prompt"] == "# Path: util.py\n# def help():\n#     pass\n# Path: a.py\nimport os\n\n"
    assert body["suffix"] == "\nx = 1\n"
    change(client, 2, '"""Cou', 2, 0, 2, 0)
    items = (await suggest(client, 2, 6).result())["items"]
    assert [item["insertText"] for item in items] == [NEW.rstrip()[6:]]
    change(client, 3, "\n", 2, 6, 2, 6)  # not what was suggested
    await suggest(client, 3, 0).result()
    assert len(sim.calls) == 2
    await suggest(client, 3, 0, trigger=1).result()  # a key was pressed: another one is wanted
    assert len(sim.calls) == 3


async def test_nothing_is_asked_where_nobody_wants_it(open_client: OpenClient, sim: Simulator, mode: str) -> None:
    client = await editor(open_client, sim, mode)
    open_document(client, "name = foo(1, 2)\n")
    for character in (2, 11):
        assert await suggest(client, 0, character).result() == {"items": []}
    assert not sim.calls
    client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert await suggest(client, 0, 16).result() == {"items": []}


async def test_a_newer_request_of_a_document_ends_the_one_before(
    open_client: OpenClient, sim: Simulator, mode: str
) -> None:
    client = await editor(open_client, sim, mode)
    open_document(client, "x = \ny = \n")
    sim.script(["code+first:60000"])
    first = suggest(client, 0, 4)
    await sim.wait_for(lambda call: call.state == "open")
    second = suggest(client, 1, 4)
    assert (await first.error()).code == -32800
    await sim.wait_for(lambda call: call.state == "hung up")
    assert (await second.result())["items"]


async def test_a_cancelled_suggestion_closes_its_upstream(open_client: OpenClient, sim: Simulator, mode: str) -> None:
    client = await editor(open_client, sim, mode)
    open_document(client, "x = \n")
    sim.script(["silent"])
    pending = suggest(client, 0, 4)
    await sim.wait_for(lambda call: call.state == "open")
    pending.cancel()
    assert (await pending.error()).code == -32800
    await sim.wait_for(lambda call: call.state == "hung up")


async def test_a_failure_is_no_suggestion_and_told_once(open_client: OpenClient, sim: Simulator, mode: str) -> None:
    client = await editor(open_client, sim, mode)
    open_document(client, "x = \n")
    sim.script(["status:401", "status:401"])
    assert await suggest(client, 0, 4).result() == {"items": []}
    assert await suggest(client, 0, 4).result() == {"items": []}  # not asked: it would be refused again
    assert len(sim.calls) == 1
    assert await suggest(client, 0, 4, trigger=1).result() == {"items": []}
    assert len(sim.calls) == 2
    told = of(client, "window/logMessage")
    assert [one["type"] for one in told] == [3]
    assert not of(client, "window/showMessage")


async def test_the_answer_is_left_when_the_block_is_over(open_client: OpenClient, sim: Simulator, mode: str) -> None:
    client = await editor(open_client, sim, mode)
    open_document(client, "x = \n")
    sim.script(["code+rate:400"])
    items = (await suggest(client, 0, 4).result())["items"]
    assert [item["insertText"] for item in items] == [NEW.rstrip()]
    call = await sim.wait_for(lambda call: call.state == "hung up")
    assert call.events < 60


async def test_positions_are_counted_as_was_agreed(open_client: OpenClient, sim: Simulator, mode: str) -> None:
    for encoding, character in (("utf-16", 9), ("utf-8", 12)):
        able = {**ABLE, "general": {"positionEncodings": [encoding]}}
        client = await editor(open_client, sim, mode, capabilities=able)
        open_document(client, 'a = "😀ä"\n')
        change(client, 2, "; b = ", 0, character, 0, character)
        await suggest(client, 0, character + 6).result()
        assert sim.calls[-1].body["prompt"] == 'a = "😀ä"; b = '


async def test_the_chosen_entry_of_a_menu_is_gone_on_with(open_client: OpenClient, sim: Simulator, mode: str) -> None:
    client = await editor(open_client, sim, mode)
    open_document(client, "import os\nos.pa\n")
    chosen = {"range": span(1, 3, 1, 5), "text": "path"}
    params = {
        "textDocument": {"uri": URI},
        "position": {"line": 1, "character": 5},
        "context": {"triggerKind": 2, "selectedCompletionInfo": chosen},
    }
    [item] = (await client.request("textDocument/inlineCompletion", params))["items"]
    assert (item["range"], item["insertText"]) == (chosen["range"], "path" + NEW.rstrip())
    assert sim.calls[0].body["prompt"] == "import os\nos.path"


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


async def test_no_model_is_set_and_none_is_found(own_home: Home, sim: Simulator) -> None:
    client = await own_home.stdio("--isolated", env=provider_env(sim))
    await client.initialize(capabilities=ABLE)
    open_document(client, "x = \n")
    for _ in range(2):
        assert await suggest(client, 0, 4).result() == {"items": []}
    assert ["completion_model" in one["message"] for one in of(client, "window/logMessage")] == [True]
    assert not sim.calls
    await client.close()


async def test_a_model_made_for_it_is_found_by_its_key(own_home: Home) -> None:
    async with Simulator(pace=0, aliases={"codestral-latest": "code"}) as sim:
        env = {**provider_env(sim), "MISTRAL_API_KEY": "fake-mistral-key", "MISTRAL_BASE_URL": sim.url}
        client = await own_home.stdio("--isolated", env=env)
        await client.initialize(capabilities=ABLE)
        open_document(client, "x = \n")
        assert (await suggest(client, 0, 4).result())["items"]
        assert sim.calls[0].path.endswith("/fim/completions")
        await client.close()
