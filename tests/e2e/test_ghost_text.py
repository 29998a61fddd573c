"""What an editor is suggested as its user types, by the Language Server Protocol alone."""

from collections.abc import Iterator

import pytest
from e2e_editor import ABLE, CONFIG, NEW, URI, change, editor, of, open_document, span, suggest
from e2e_home import Home, OpenClient, provider_env

from libria_providers.simulator import Simulator


@pytest.fixture(scope="module")
def module_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("home"))
    home.write_config(CONFIG)
    yield home
    home.end()


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
    refused = await suggest(client, 0, 4).result()
    assert (refused["items"], refused["problem"]["kind"]) == ([], "credentialRejected")
    assert await suggest(client, 0, 4).result() == refused  # not asked: it would be refused again
    assert len(sim.calls) == 1
    assert await suggest(client, 0, 4, trigger=1).result() == refused
    assert len(sim.calls) == 2
    told = of(client, "window/logMessage")
    assert told == [{"type": 3, "message": refused["problem"]["message"]}]
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


async def test_no_model_is_set_and_none_is_found(own_home: Home, sim: Simulator) -> None:
    client = await own_home.stdio("--isolated", env=provider_env(sim))
    await client.initialize(capabilities=ABLE)
    open_document(client, "x = \n")
    for _ in range(2):
        result = await suggest(client, 0, 4).result()
        assert (result["items"], result["problem"]["kind"]) == ([], "noModel")
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
