"""The Language Server Protocol's own part, also as a client that we did not write sees it."""

import pytest
from e2e_client import Client
from e2e_home import Home, OpenClient, StdioClient, command, provider_env
from lsprotocol import types
from pytest_lsp import LanguageClient
from pytest_lsp.client import make_test_lsp_client

from libria_providers.simulator import Simulator


async def test_initialize_says_who_answers(open_client: OpenClient) -> None:
    client = await open_client(initialize=False)
    result = await client.initialize(clientInfo={"name": "an editor", "version": "1"})
    assert result["serverInfo"]["name"] == "libria"
    assert result["serverInfo"]["version"]
    assert isinstance(result["capabilities"], dict)
    status = await client.request("libria/status", {})
    assert "an editor" in [one["name"] for one in status["clients"]]


async def test_a_script_need_not_initialize(open_client: OpenClient) -> None:
    client = await open_client(initialize=False)
    assert (await client.chat("simulate/fast:3").result())["content"]


async def test_shutdown_then_exit(open_client: OpenClient) -> None:
    client = await open_client()
    assert await client.request("shutdown") is None
    assert (await client.start("libria/status", {}).error()).code == -32600
    client.notify("exit")
    if isinstance(client, StdioClient):
        assert await client.exit_code() == 0
    await client.closed.wait()


@pytest.mark.parametrize("options", [["--isolated"], []], ids=["isolated", "shared"])
async def test_exit_without_shutdown_is_told_by_the_exit_code(home: Home, sim: Simulator, options: list[str]) -> None:
    client = await home.stdio(*options, env=provider_env(sim))
    await client.initialize()
    client.notify("exit")
    assert await client.exit_code() == 1
    await client.close()


@pytest.mark.parametrize("options", [["--isolated"], []], ids=["isolated", "shared"])
async def test_the_end_of_input_ends_the_process(home: Home, sim: Simulator, options: list[str]) -> None:
    client = await home.stdio(*options, env=provider_env(sim))
    await client.initialize()
    await client.close()
    assert client.process.returncode is not None


async def test_shutdown_waits_for_nobody_and_exit_ends_what_is_open(open_client: OpenClient, sim: Simulator) -> None:
    client = await open_client()
    client.chat("openai/silent")
    await sim.wait_for(lambda call: call.state == "open")
    assert await client.request("shutdown") is None
    client.notify("exit")
    await client.closed.wait()
    await sim.wait_for(lambda call: call.state == "hung up")


async def test_notifications_are_never_answered(client: Client) -> None:
    text = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": "import os\n"}
    client.notify("$/setTrace", {"value": "verbose"})
    client.notify("$/whatever", {})
    client.notify("nobody/knows", {})
    client.notify("workspace/didChangeConfiguration", {"settings": {"libria": {}}})
    client.notify("textDocument/didOpen", {"textDocument": text})
    client.notify(
        "textDocument/didChange",
        {"textDocument": {"uri": text["uri"], "version": 2}, "contentChanges": [{"text": "import sys\n"}]},
    )
    client.notify("textDocument/didClose", {"textDocument": {"uri": text["uri"]}})
    client.notify("textDocument/didOpen", {"wrong": True})
    client.notify("libria/chat", {"model": "openai/story"})
    await client.request("libria/status", {})
    assert [one.get("id") for one in client.messages] == [1, 2]


async def test_a_client_that_announces_nothing_is_asked_nothing(client: Client) -> None:
    await client.chat("openai/story+status:503+once+count:5", workDoneToken="work").result()
    await client.request("libria/models", {"provider": "openai"})
    await client.request("shutdown")
    assert [one for one in client.messages if "method" in one and "id" in one] == []


async def foreign(home: Home, sim: Simulator, mode: str) -> LanguageClient:
    client = make_test_lsp_client()
    options = ["--isolated"] if mode == "isolated" else []
    await client.start_io(*command(), "stdio", *options, env=home.env(provider_env(sim)))
    return client


@pytest.mark.parametrize("stdio", ["isolated", "shared"])
async def test_with_pytest_lsp(home: Home, sim: Simulator, stdio: str) -> None:
    client = await foreign(home, sim, stdio)
    result = await client.initialize_session(types.InitializeParams(capabilities=types.ClientCapabilities()))
    assert result.server_info is not None
    assert result.server_info.name == "libria"
    client.progress_reports["work"] = []
    params = {
        "model": "anthropic/fast:6+status:529+retry-after-ms:1+once",
        "messages": [{"role": "user", "content": "Hello"}],
        "workDoneToken": "work",
    }
    answer = await client.protocol.send_request_async("libria/chat", params)  # type: ignore[no-untyped-call]  # pygls
    assert answer.content.startswith("Why we share")
    begin, report, end = client.progress_reports["work"]
    assert isinstance(begin, types.WorkDoneProgressBegin)
    assert isinstance(report, types.WorkDoneProgressReport)
    assert isinstance(end, types.WorkDoneProgressEnd)
    await client.shutdown_session()
    await client.stop()
