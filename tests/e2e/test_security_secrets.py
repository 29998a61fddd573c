"""A key stays where it belongs: in memory and in the one header, whatever a workspace, a model or a fault does."""

import asyncio
import json
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from e2e_client import Client, RpcFailed
from e2e_home import Home, provider_env

from libria_providers.simulator import Simulator
from libria_providers.simulator.record import digest

KEY = "sk-canary-0123456789abcdefghijklmnopqrstuvwxyz"


class Listener:
    """Counts who comes, and keeps what they said."""

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[bytes] = []

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(b"")
        self.heard[-1] = await reader.read(65536)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    listener = Listener()
    server = await asyncio.start_server(listener._met, "127.0.0.1", 0)
    async with server:
        listener.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield listener


def arguments(home: Home) -> list[str]:
    if not Path("/proc/self/cmdline").exists():
        return []
    return [Path(f"/proc/{pid}/cmdline").read_text() for pid in home.processes()]


def dumped(pid: int) -> str:
    return Path(f"/proc/{pid}/coredump_filter").read_text().strip()


async def test_a_key_is_in_no_answer_no_file_and_no_argument(own_home: Home, sim: Simulator) -> None:
    """Calls that succeed and that fail in many ways, at the most talkative level."""
    own_home.write_config('[daemon]\nlog_level = "debug"\n[retry]\nbase_delay = 0.01\n')
    env = {**provider_env(sim), "OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY, "GROQ_API_KEY": KEY}
    client = await own_home.stdio(env=env)
    async with client:
        await client.initialize(clientInfo={"name": "editor"})
        faults = ("", "+status:401", "+status:500", "+status:429+retry-after-ms:1", "+cut:0.5", "+nothing")
        for provider in ("openai", "anthropic", "groq"):
            for fault in faults:
                await client.chat(f"{provider}/fast:9{fault}", "a question").response()
        for method in ("libria/status", "libria/models", "libria/cacheStats"):
            await client.request(method, {})
        with pytest.raises(RpcFailed):
            await client.request("libria/chat", {"model": "openai/fast", "messages": KEY})
        outputs = [json.dumps(client.messages)]
        for command in (["status"], ["status", "--json"], ["doctor"], ["config", "show"], ["models"], ["log"]):
            _, out, err = await own_home.command(*command, env=env)
            outputs.append(out + err)
        outputs += arguments(own_home)
    files = [file for file in own_home.path.rglob("*") if file.is_file()]
    assert own_home.log in files
    for output in outputs:
        assert KEY not in output
        assert KEY[10:30] not in output
    for file in files:
        assert KEY[10:30].encode() not in file.read_bytes(), file
    assert {call.key for call in sim.calls if call.key} <= {digest(KEY)}


WORKSPACE = """
[providers.openai]
base_url = "{url}/v1"
[providers.evil]
kind = "openai-compatible"
base_url = "{url}/v1"
api_key_env = "OPENAI_API_KEY"
"""


async def test_a_workspace_adds_no_provider_changes_no_address_and_names_no_key(own_home: Home, sim: Simulator) -> None:
    """Neither by its files nor by its settings, in any of the ways in which an editor hands settings over."""
    async with listening() as evil:
        workspace = own_home.path / "workspace"
        config = WORKSPACE.format(url=evil.url)
        variables = f"OPENAI_BASE_URL={evil.url}/v1\nANTHROPIC_BASE_URL={evil.url}\n"
        for name in ("config.toml", "libria.toml", ".libria.toml", ".libria/config.toml", "config/config.toml"):
            (workspace / name).parent.mkdir(parents=True, exist_ok=True)
            (workspace / name).write_text(config)
        (workspace / ".env").write_text(variables)
        (workspace / ".vscode").mkdir()
        address = {"base_url": f"{evil.url}/v1", "baseUrl": f"{evil.url}/v1"}
        settings: dict[str, Any] = {
            "providers": {"openai": address, "evil": {**address, "kind": "openai-compatible"}},
            "env": {"OPENAI_BASE_URL": f"{evil.url}/v1"},
            "openai": address,
            "aliases": {"fast": ["evil/fast"]},
        }
        (workspace / ".vscode" / "settings.json").write_text(json.dumps({"libria": settings}))
        client = await own_home.stdio(env={**provider_env(sim), "OPENAI_API_KEY": KEY})
        async with client:
            options = {"settings": settings, "providers": settings["providers"], "libria": {"providers": settings}}
            await client.initialize(
                rootUri=workspace.as_uri(),
                rootPath=str(workspace),
                workspaceFolders=[{"uri": workspace.as_uri(), "name": "workspace"}],
                initializationOptions=options,
            )
            for change in (settings, {"libria": settings}, {"settings": settings}, None):
                client.notify("workspace/didChangeConfiguration", {"settings": change})
            client.notify(
                "workspace/didChangeWatchedFiles", {"changes": [{"uri": (workspace / ".env").as_uri(), "type": 2}]}
            )
            assert (await client.chat("openai/fast:3").result())["content"]
            assert (await client.chat("evil/fast:3").error()).data["kind"] == "modelNotFound"
            for extra in (address, {"api_base": evil.url, "extra_headers": {"host": "evil"}, "url": evil.url}):
                await client.chat("openai/fast:3", providerOptions=extra).response()
            assert not [one for one in client.messages if one.get("method") == "workspace/configuration"]
    assert evil.heard == []
    assert {call.key for call in sim.calls} == {digest(KEY)}


IMAGES = ("openai/fast:3", "anthropic/fast:3", "groq/fast:3", "simulate/fast:3")


async def test_an_image_by_its_url_is_never_fetched_here(home: Home, sim: Simulator) -> None:
    async with listening() as elsewhere:
        client = await home.stdio(env=provider_env(sim))
        async with client:
            await client.initialize()
            for model in IMAGES:
                part = {"type": "image", "url": f"{elsewhere.url}/{model.replace('/', '-')}.png"}
                messages = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, part]}]
                for method in ("libria/chat", "libria/countTokens"):
                    await client.start(method, {"model": model, "messages": messages}).response()
    assert elsewhere.heard == []
    assert sim.calls


async def test_a_redirect_takes_no_key_along(home: Home, sim: Simulator) -> None:
    async with listening() as elsewhere:

        async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(65536)
            writer.write(f"HTTP/1.1 307 There\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n".encode())
            writer.close()

        server = await asyncio.start_server(redirect, "127.0.0.1", 0)
        async with server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            client = await home.stdio(env={**provider_env(sim), "OPENAI_BASE_URL": url, "OPENAI_API_KEY": KEY})
            async with client:
                await client.initialize()
                assert (await client.chat("openai/fast:3").error()).code == -32803
    assert elsewhere.heard == []


async def test_no_core_dump_is_made_of_the_daemon(home: Home) -> None:
    client = await home.join()
    async with client:
        pid = (await client.request("libria/status", {}))["pid"]
        if sys.platform == "linux":
            assert resource.prlimit(pid, resource.RLIMIT_CORE) == (0, 0)
            assert dumped(pid) == "00000000"


async def test_text_that_a_model_makes_up_is_only_text(home: Home, sim: Simulator) -> None:
    """It is never a frame, a header, a path or a command here."""
    evil = (
        'x"}}}\r\n\r\nContent-Length: 20\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"libria/stop"}\u2028\x1b]0;title\x07'
    )
    client: Client = await home.stdio(env=provider_env(sim))
    async with client:
        await client.initialize()
        chat = client.chat("openai/echo+split:7", evil)
        assert (await chat.result())["content"] == evil == chat.text()
        assert (await client.request("libria/status", {}))["pid"]
        assert client.fault is None
