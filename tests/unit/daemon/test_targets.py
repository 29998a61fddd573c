"""From names to providers: what the config and the environment make of them."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from libria.clock import SystemClock
from libria.config import Config
from libria.default_model import default_model
from libria.engine import Engine
from libria.targets import Targets
from libria_providers.errors import CredentialMissing, CredentialRejected, ModelNotFound, ProviderError
from libria_providers.http import Pools
from libria_providers.simulator import Simulator
from libria_providers.types import Call, Message, Origin
from libria_providers.websocket.transport import Sockets


def targets(pools: Pools, **sections: Any) -> Targets:
    return Targets(Config.model_validate(sections), pools, Sockets(), lambda: "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("opnai/gpt", "Near: openai"),
        ("zzz/x", "There are: openai, anthropic"),
        ("openai", "openai/MODEL"),
        ("fst", "Near: fast"),
    ],
)
def test_an_unknown_name_lists_what_is_near(name: str, words: str) -> None:
    config = Config.model_validate({"aliases": {"fast": ("openai/gpt-5-mini",)}}, strict=False)
    found = Targets(config, Pools(), Sockets(), lambda: "").unknown(name)
    assert isinstance(found, ModelNotFound)
    assert words in found.message


async def test_a_server_of_the_users_own_gets_nothing_that_is_for_openai() -> None:
    env = {"OPENAI_API_KEY": "k-openai", "OPENAI_ORG_ID": "org", "OPENAI_PROJECT_ID": "proj", "CORP": "k-corp"}
    own = {"corp": {"base_url": "http://127.0.0.1:9/v1", "api_key_env": "CORP", "headers": {"User-Agent": "corp"}}}
    async with Pools() as pools:
        corp = await targets(pools, providers=own).provider("corp", env)
        sent = corp._headers
        assert sent["authorization"] == "Bearer k-corp"
        assert sent["user-agent"] == "corp"
        assert not {"openai-organization", "openai-project", "User-Agent"} & set(sent)
        theirs = (await targets(pools).provider("openai", env))._headers
        assert theirs["openai-organization"] == "org"


async def test_an_address_that_is_no_url_names_its_variable() -> None:
    async with Pools() as pools:
        with pytest.raises(ProviderError, match="OLLAMA_HOST"):
            await targets(pools).provider("ollama", {"OLLAMA_HOST": "h:abc"})


def printing(tmp_path: Path) -> list[str]:
    """A command that prints tok1, tok2, … as it is run."""
    file = tmp_path / "count"
    script = f"p=__import__('pathlib').Path({str(file)!r}); n=len(p.read_text()) if p.exists() else 0; "
    return [sys.executable, "-c", script + "p.write_text('x'*(n+1)); print(f'token-{n+1}')"]


async def test_a_keys_command_runs_once_and_again_when_its_key_is_refused(tmp_path: Path) -> None:
    async with Simulator(key="token-2") as sim:
        own = {"corp": {"base_url": f"{sim.url}/v1", "api_key_command": printing(tmp_path)}}
        engine = Engine(Config.model_validate({"providers": own}, strict=False), SystemClock())

        async def ask() -> str:
            call = Call("corp/fast:3", (Message("user", "x"),), origin=Origin(env={}))
            return (await (await engine.send(call)).read()).text

        with pytest.raises(CredentialRejected):
            await ask()
        assert await ask()
        assert await ask()
        assert (tmp_path / "count").read_text() == "xx"
        await engine.aclose()


async def test_a_keys_command_that_fails_is_a_missing_key() -> None:
    own = {"corp": {"base_url": "http://127.0.0.1:9", "api_key_command": ["/no/such/program"]}}
    async with Pools() as pools:
        with pytest.raises(CredentialMissing, match="/no/such/program"):
            await targets(pools, providers=own).provider("corp", {})


async def test_the_default_model_is_what_the_config_makes_of_the_environment() -> None:
    async def none(name: str) -> list[Any]:
        return []

    async def ask(env: dict[str, str], **sections: Any) -> str:
        config = Config.model_validate(sections, strict=False)
        async with Pools() as pools:
            return await default_model(config, Targets(config, pools, Sockets(), lambda: ""), env, none)

    assert (await ask({"OPENAI_API_KEY": "k"})).startswith("openai/")
    assert (await ask({"ANTHROPIC_API_KEY": "k"})).startswith("anthropic/")
    own = {"openai": {"api_key_env": "MY_KEY"}}
    assert (await ask({"MY_KEY": "k"}, providers=own)).startswith("openai/")
    corp = {"corp": {"base_url": "http://127.0.0.1:9", "api_key_env": "CORP", "models": ["a", "b"]}}
    assert await ask({"CORP": "k"}, providers=corp) == "corp/a"
    assert await ask({"CORP": "k"}, providers=corp, defaults={"model": "groq/x"}) == "groq/x"


async def test_models_that_the_config_lists_need_no_server() -> None:
    own = {"corp": {"base_url": "http://127.0.0.1:9", "models": ["a", "b"]}}
    engine = Engine(Config.model_validate({"providers": own}, strict=False), SystemClock())
    assert [model.id for model in await engine.models("corp", Origin())] == ["corp/a", "corp/b"]
    await engine.aclose()


async def test_each_clients_own_organization_goes_with_its_calls() -> None:
    """The layers of a target were once shared by key alone, and with them the first one's headers."""
    async with Simulator() as sim:
        engine = Engine(Config(), SystemClock())
        for organization in ("org-a", "org-b"):
            env = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"{sim.url}/v1", "OPENAI_ORG_ID": organization}
            call = Call("openai/fast:3", (Message("user", "x"),), temperature=0.0, origin=Origin(env=env))
            reply = await engine.send(call)
            assert reply.age is None
            await reply.read()
        assert [call.headers["openai-organization"] for call in sim.calls] == ["org-a", "org-b"]
        await engine.aclose()


@pytest.mark.parametrize("first", ["nope/x", "broken/x"])
async def test_an_unusable_first_target_does_not_keep_the_cache_from_the_fallback(first: str) -> None:
    async with Simulator() as sim:
        own = {"broken": {"base_url": sim.url, "api_key_command": ["/no/such/program"]}}
        engine = Engine(Config.model_validate({"providers": own}, strict=False), SystemClock())
        env = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"{sim.url}/v1"}
        messages = (Message("user", "x"),)
        call = Call(first, messages, ("openai/fast:3",), temperature=0.0, origin=Origin(env=env))
        assert (await (await engine.send(call)).read()).text
        await engine.aclose()


async def test_an_unknown_model_names_what_is_near() -> None:
    async with Simulator() as sim:
        engine = Engine(Config(), SystemClock())
        env = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"{sim.url}/v1"}
        with pytest.raises(ModelNotFound, match="Near: openai/story"):
            await engine.send(Call("openai/stori", (Message("user", "x"),), origin=Origin(env=env)))
        await engine.aclose()


async def test_a_list_of_models_that_does_not_come_holds_no_error_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error once waited for it 8 s, beyond the call's own deadline."""
    monkeypatch.setattr("libria.engine.NEAR_SECONDS", 0.05)
    asked: list[bytes] = []
    served: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split(b" ")[0])
        if head.startswith(b"POST"):
            writer.write(b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 38\r\n\r\n")
            writer.write(b'{"error":{"code": "model_not_found"} }')
        await reader.read()
        writer.close()
        await writer.wait_closed()

    def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.ensure_future(serve(reader, writer)))

    server = await asyncio.start_server(start, "127.0.0.1", 0)
    engine = Engine(Config(), SystemClock())
    env = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}
    with pytest.raises(ModelNotFound) as caught:
        await engine.send(Call("openai/nope", (Message("user", "x"),), origin=Origin(env=env)))
    assert "Near" not in caught.value.message
    assert asked == [b"POST", b"GET"]
    await engine.aclose()
    server.close()
    await asyncio.gather(*served, return_exceptions=True)  # each ends as its client hangs up
