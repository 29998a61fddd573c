"""Whose key counts: each tool's own, from wherever it is, and never another's."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest
from e2e_client import Client, Json, RpcFailed
from e2e_home import LOCAL, NOWHERE, Home

from libria_providers.simulator import Simulator

ONE, TWO, SHELL = "fake-key-of-tool-one", "fake-key-of-tool-two", "fake-key-of-a-shell"
NOBODY = dict.fromkeys(LOCAL, NOWHERE)


def asked_with(sim: Simulator) -> list[str | None]:
    """The keys that came, by the names that the tests give them; the simulator keeps hashes alone."""
    hashes = {f"sha256:{sha256(key.encode()).hexdigest()[:12]}": key for key in (ONE, TWO, SHELL)}
    return [hashes.get(call.key or "") for call in sim.calls]


async def tool(home: Home, sim: Simulator, key: str | None = None, /, **env: str) -> Client:
    given = {**NOBODY, "OPENAI_BASE_URL": f"{sim.url}/v1", **env}
    client = await home.stdio(env={**given, "OPENAI_API_KEY": key} if key is not None else given)
    await client.initialize()
    return client


def keys_file(home: Home, values: Mapping[str, str], mode: int = 0o600) -> Path:
    path = home.path / "keys.env"
    new = path.with_suffix(".new")
    new.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    new.chmod(mode)
    new.replace(path)
    return path


async def until_asked_with(client: Client, sim: Simulator, key: str | None) -> Json:
    """A changed file counts within a second; the client asks until it has the `key`, or fails for want of one."""
    async with asyncio.timeout(10):
        while True:
            before = len(sim.calls)
            response = await client.chat("openai/fast:3").response()
            if asked_with(sim)[before:] == ([key] if key else []):
                return response
            await asyncio.sleep(0.05)


async def test_two_tools_use_their_own_and_share_the_connections(own_home: Home, sim: Simulator) -> None:
    async with await tool(own_home, sim, ONE) as one, await tool(own_home, sim, TWO) as two:
        for _ in range(3):
            await one.chat("openai/fast:3").result()
            await two.chat("openai/fast:3").result()
        assert asked_with(sim) == [ONE, TWO] * 3
        status = await one.request("libria/status", {})
        pools = [pool for pool in status["pools"] if pool["provider"] == "openai"]
        assert [pool["opened"] for pool in pools] == [1], "one pool, one connection for both"
        told = json.dumps([status, *(m for c in (one, two) for m in c.messages)])
        assert ONE not in told
        assert TWO not in told


async def test_different_proxies_share_nothing(own_home: Home, sim: Simulator) -> None:
    """What a proxy of one tool sees is not another's; the addresses are beyond this machine, and never reached."""
    address = {"OPENAI_BASE_URL": "http://provider.invalid/v1"}
    own_home.write_config("[retry]\nattempts = 1\n")
    async with (
        await tool(own_home, sim, ONE, HTTP_PROXY=sim.url, **address) as one,
        await tool(own_home, sim, ONE, HTTP_PROXY="http://127.0.0.1:1", **address) as two,
        await tool(own_home, sim, TWO, HTTP_PROXY=sim.url, **address) as three,
    ):
        for client in (one, two, three):
            await client.chat("openai/fast:3").response()
        pools = (await one.request("libria/status", {}))["pools"]
        assert len(pools) == 2, "one for each proxy, whatever the key"


async def test_a_new_session_counts_with_what_it_has_now(own_home: Home, sim: Simulator) -> None:
    async with await tool(own_home, sim, ONE) as stays:
        await stays.chat("openai/fast:3").result()
        async with await tool(own_home, sim, TWO) as changed:
            await changed.chat("openai/fast:3").result()
        async with await tool(own_home, sim, None) as removed:
            error = await removed.chat("openai/fast:3").error()
            assert error.data["kind"] == "credentialMissing"
            assert "OPENAI_API_KEY" in error.message
        await stays.chat("openai/fast:3").result()
    assert asked_with(sim) == [ONE, TWO, ONE]


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "TEAM_TOKEN"])
async def test_limits_are_the_keys_by_whichever_name(own_home: Home, sim: Simulator, variable: str) -> None:
    """One 429 pauses every call of the key, and none of another's."""
    own_home.write_config(
        f'[providers.openai]\napi_key_env = "{variable}"\n[retry]\nattempts = 1\nmax_retry_after = 30\n'
        "[limits.openai]\nrpm = 2\n"
    )
    timeouts = {"total": 1.5}
    async with (
        await tool(own_home, sim, **{variable: ONE}) as one,
        await tool(own_home, sim, **{variable: ONE}) as same,
        await tool(own_home, sim, **{variable: TWO}) as two,
    ):
        for client in (one, same):
            await client.chat("openai/fast:3", timeouts=timeouts).result()
        error = await one.chat("openai/fast:3", timeouts=timeouts).error()
        assert error.data["kind"] in ("rateLimited", "timedOut")
        await two.chat("openai/fast:3", timeouts=timeouts).result()
    assert asked_with(sim) == [ONE, ONE, TWO]


@pytest.mark.parametrize("shared", [False, True])
async def test_answers_are_shared_between_keys_only_when_the_config_says_so(
    own_home: Home, sim: Simulator, shared: bool
) -> None:
    own_home.write_config(f"[cache]\nshare_between_keys = {'true' if shared else 'false'}\n")
    async with (
        await tool(own_home, sim, ONE, OPENAI_ORG_ID="org-one") as one,
        await tool(own_home, sim, TWO) as two,
        await tool(own_home, sim, None) as keyless,
    ):
        first = await one.chat("openai/fast:3", temperature=0).result()
        second = await two.chat("openai/fast:3", temperature=0).result()
        assert (first["cache"]["hit"], second["cache"]["hit"]) == (False, shared)
        assert first["content"] == second["content"]
        assert asked_with(sim) == ([ONE] if shared else [ONE, TWO])
        with pytest.raises(RpcFailed, match="OPENAI_API_KEY"):
            await keyless.chat("openai/fast:3", temperature=0).result()
        # Limits stay apart; the tool without a key has a target too, with nothing sent for it.
        targets = (await one.request("libria/status", {}))["targets"]
        assert len({target["key"] for target in targets}) == (2 if shared else 3)


async def test_a_file_is_for_tools_without_the_shells_variables(own_home: Home, sim: Simulator) -> None:
    file = keys_file(own_home, {"OPENAI_API_KEY": ONE, "OPENAI_BASE_URL": f"{sim.url}/v1"})
    own_home.write_config(f'[defaults]\napi_key_env_file = "{file}"\n')
    async with (
        await own_home.stdio(env=NOBODY) as icon,
        await tool(own_home, sim, SHELL) as shell,
    ):
        await icon.initialize()
        await icon.chat("openai/fast:3").result()
        await shell.chat("openai/fast:3").result()
        assert asked_with(sim) == [ONE, SHELL]
        keys_file(own_home, {"OPENAI_API_KEY": TWO, "OPENAI_BASE_URL": f"{sim.url}/v1"})
        await until_asked_with(icon, sim, TWO)
        file.chmod(0o644)
        answer = await until_asked_with(icon, sim, None)
        assert f'chmod 600 "{file}"' in answer["error"]["message"]
        code, out, _ = await own_home.command("doctor", "--offline", env=NOBODY)
        assert code == 1
        assert "chmod 600" in out.partition("Must be mended")[2]


def counting(home: Home, then: str) -> list[str]:
    script = f"open({str(home.path / 'runs')!r}, 'a').write('x'); {then}"
    return [sys.executable, "-c", script]


async def test_a_program_is_run_once_for_all(own_home: Home, sim: Simulator) -> None:
    words = counting(own_home, f"import time; time.sleep(0.3); print({ONE!r})")
    own_home.write_config(f'[providers.mine]\nbase_url = "{sim.url}/v1"\napi_key_command = {json.dumps(words)}\n')
    async with await own_home.stdio(env=NOBODY) as one, await own_home.stdio(env=NOBODY) as two:
        await asyncio.gather(one.initialize(), two.initialize())
        chats = [client.chat("mine/fast:3") for client in (one, two) for _ in range(10)]
        await asyncio.gather(*(chat.result() for chat in chats))
        assert set(asked_with(sim)) == {ONE}
        assert (own_home.path / "runs").read_text() == "x"
    for file in own_home.path.rglob("*"):
        if file.is_file() and file != own_home.config:  # which holds it here, as the program's own words
            assert ONE.encode() not in file.read_bytes(), file


async def test_a_program_that_hangs_or_fails_says_so_and_holds_up_nobody(own_home: Home, sim: Simulator) -> None:
    refusing = counting(own_home, f"import sys; sys.exit('locked, no {TWO}-0123456789')")
    own_home.write_config(
        f'[providers.hangs]\nbase_url = "{sim.url}/v1"\napi_key_command = ["sleep", "60"]\n'
        f'[providers.fails]\nbase_url = "{sim.url}/v1"\napi_key_command = {json.dumps(refusing)}\n'
    )
    async with await tool(own_home, sim, ONE) as client:
        hanging = client.chat("hangs/fast:3")
        error = await client.chat("fails/fast:3").error()
        assert error.data["kind"] == "credentialMissing"
        assert "exit code 1: locked, no […]" in error.message
        assert (own_home.path / "runs").read_text() == "x", "once a call, however many layers ask"
        await client.chat("openai/fast:3").result()
        hanging.cancel()
        assert (await hanging.error()).code == -32800


BACKEND = """
import keyring.backend, os
class Wallet(keyring.backend.KeyringBackend):
    priority = 1
    def get_password(self, service, username):
        with open(os.path.join(os.environ["LIBRIA_HOME"], f"{service}.{username}")) as file:
            return file.read()
    def set_password(self, service, username, password):
        raise NotImplementedError
"""


async def test_the_keyring(own_home: Home, sim: Simulator) -> None:
    (own_home.path / "wallet_of_the_tests.py").write_text(BACKEND)
    (own_home.path / "libria.me").write_text(ONE)
    path = os.pathsep.join(filter(None, [str(own_home.path), os.environ.get("PYTHONPATH", "")]))
    env = {**NOBODY, "PYTHON_KEYRING_BACKEND": "wallet_of_the_tests.Wallet", "PYTHONPATH": path}
    own_home.write_config(f'[providers.mine]\nbase_url = "{sim.url}/v1"\napi_key_keyring = "libria/me"\n')
    async with await own_home.stdio(env=env) as client:
        await client.initialize()
        await client.chat("mine/fast:3").result()
        await client.chat("mine/fast:3").result()
        assert asked_with(sim) == [ONE, ONE]
        code, out, _ = await own_home.command("doctor", "--offline", "--json", env=NOBODY)
        (mine,) = [one for one in json.loads(out)["providers"] if one["name"] == "mine"]
        assert (code, mine["key"]) == (0, {"state": "found", "source": "libria/me", "from": "keyring"})


async def test_the_doctor_names_who_lacks_the_shells_keys(own_home: Home, sim: Simulator) -> None:
    shell = {**NOBODY, "OPENAI_API_KEY": ONE, "GROQ_API_KEY": ONE, "OPENAI_BASE_URL": f"{sim.url}/v1"}

    async def doctor() -> Json:
        code, out, err = await own_home.command("doctor", "--offline", "--json", env=shell)
        assert (code, err) == (0, "")
        assert ONE not in out
        return json.loads(out)

    async with (
        await own_home.stdio(env={**NOBODY, "GROQ_API_KEY": TWO}) as icon,
        await own_home.stdio(env=shell) as whole,
    ):
        await icon.initialize(clientInfo={"name": "Some Editor"})
        await whole.initialize(clientInfo={"name": "Other Editor"})
        found = await doctor()
        assert [(one["name"], one["lacks"]) for one in found["clients"]] == [("Some Editor", ["OPENAI_API_KEY"])]
        _, text, _ = await own_home.command("doctor", "--offline", env=shell)
        assert "Some Editor has no OPENAI_API_KEY, which this shell has." in text
        assert "api_key_env_file" in text
        file = keys_file(own_home, {"OPENAI_API_KEY": ONE})
        own_home.write_config(f'[defaults]\napi_key_env_file = "{file}"\n')
        assert (await doctor())["clients"] == [], "the file has it for those that have not"
