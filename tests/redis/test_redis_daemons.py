"""Two real daemons, each as on a machine of its own, and one real Redis between them."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))  # the clients and homes of those tests

from e2e_client import Client, Json  # found through the line above
from e2e_home import Home
from real_redis import RealRedis

from libria.stores.redis_store import PREFIX
from libria_providers.simulator import Simulator

KEY = {"OPENAI_API_KEY": "fake-openai-key-of-the-fleet", "GROQ_API_KEY": "fake-groq-key"}
SECRET = "What only the one who asks may read."


@pytest.fixture
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Home]]:
    both = [Home(tmp_path_factory.mktemp(f"machine{number}")) for number in (1, 2)]
    yield both
    for home in both:
        home.end()


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(pace=0) as simulator:
        yield simulator


async def joined(home: Home, server: RealRedis, sim: Simulator, config: str = "", **env: str) -> Client:
    """A client of the daemon of `home`, once that has reached Redis."""
    home.write_config(config + f'[redis]\nurl = "{server.url}"\n' + ("share_responses = true\n" if env else ""))
    addresses = {"OPENAI_BASE_URL": f"{sim.url}/v1", "GROQ_BASE_URL": sim.url}
    client = await home.stdio(env={**KEY, **addresses, **env})
    await client.initialize()
    async with asyncio.timeout(10):
        while (await redis_of(client))["status"] != "connected":  # noqa: ASYNC110  # another process' state
            await asyncio.sleep(0.02)
    return client


def dump(server: RealRedis) -> bytes:
    """All that the server holds."""
    return b"".join(key + (server.ask("DUMP", key) or b"") for key in server.ask("KEYS", "*"))


async def only(client: Client) -> Json:
    """What the cache has of it."""
    return await client.chat("openai/echo", SECRET, temperature=0, cache={"mode": "only"}).response()


async def redis_of(client: Client) -> Json:
    return (await client.request("libria/status", {}))["redis"]


async def test_an_answer_is_paid_for_once_and_unreadable_on_the_way(
    homes: list[Home], server: RealRedis, sim: Simulator
) -> None:
    sealed = {"LIBRIA_CACHE_KEY": "fake-word-of-the-fleet"}
    async with (
        await joined(homes[0], server, sim, **sealed) as one,
        await joined(homes[1], server, sim, **sealed) as two,
    ):
        async with asyncio.timeout(10):
            while not any(key.startswith(PREFIX.encode()) for key in server.ask("KEYS", "*")):
                first = await one.chat("openai/echo", SECRET, temperature=0, cache={"mode": "refresh"}).result()
                assert first["content"] == SECRET
        asked = len(sim.calls)
        async with asyncio.timeout(10):
            while "error" in (again := await only(two)):  # until it, too, can open what is sealed
                assert again["error"]["data"]["kind"] == "cacheMiss"
        assert (again["result"]["content"], again["result"]["cache"]["hit"]) == (SECRET, True)
        assert len(sim.calls) == asked
    everything = dump(server)
    assert SECRET.encode() not in everything
    assert b"fake-openai-key" not in everything


async def test_answers_stay_at_home_unless_the_user_says_otherwise(
    homes: list[Home], server: RealRedis, sim: Simulator
) -> None:
    async with await joined(homes[0], server, sim) as one, await joined(homes[1], server, sim) as two:
        for client in (one, two):
            result = await client.chat("openai/echo", SECRET, temperature=0).result()
            assert not result["cache"]["hit"]
        assert len(sim.calls) == 2
    assert SECRET.encode() not in dump(server)


async def test_a_limit_is_one_limit(homes: list[Home], server: RealRedis, sim: Simulator) -> None:
    """Six a minute for both together; what is over goes to the fallback."""
    limits = '[limits."openai"]\nrpm = 6\n'
    async with await joined(homes[0], server, sim, limits) as one, await joined(homes[1], server, sim, limits) as two:
        chats = [
            client.chat(f"openai/fast:{3 + n}", fallbacks=["groq/fast:2"]) for n in range(5) for client in (one, two)
        ]
        results = await asyncio.gather(*(chat.result() for chat in chats))
        served = [result["model"].partition("/")[0] for result in results]
        assert (served.count("openai"), served.count("groq")) == (6, 4)
        assert sum(call.path == "/v1/chat/completions" for call in sim.calls) == 6


async def test_one_429_pauses_both(homes: list[Home], server: RealRedis, sim: Simulator) -> None:
    async with await joined(homes[0], server, sim) as one, await joined(homes[1], server, sim) as two:
        data = (await one.chat("openai/fast:3+status:429+retry-after:30", timeouts={"total": 2}).error()).data
        assert data["kind"] == "rateLimited"
        result = await two.chat("openai/fast:4", fallbacks=["groq/fast:2"]).result()
        assert result["model"] == "groq/fast:2"
        assert sum(call.path == "/v1/chat/completions" for call in sim.calls) == 1


async def test_a_429_for_which_nobody_waits_sends_all_elsewhere(
    homes: list[Home], server: RealRedis, sim: Simulator
) -> None:
    """Also those whose daemon was not told by the provider itself; and its status says so."""
    async with await joined(homes[0], server, sim) as one, await joined(homes[1], server, sim) as two:
        refused = await one.chat("openai/fast:3+status:429+retry-after:300", timeouts={"total": 5}).error()
        assert refused.data["kind"] == "rateLimited"
        result = await two.chat("openai/fast:4", fallbacks=["groq/fast:2"]).result()
        assert result["model"] == "groq/fast:2"
        assert sum(call.path == "/v1/chat/completions" for call in sim.calls) == 1
        assert (await two.chat("openai/fast:4").result())["model"] == "openai/fast:4"  # who has nobody else looks
        async with asyncio.timeout(10):  # the first one hears of it
            while (await one.chat("openai/fast:4", fallbacks=["groq/fast:2"]).result())["model"] == "groq/fast:2":
                pass


async def test_without_redis_calls_go_on(homes: list[Home], server: RealRedis, sim: Simulator) -> None:
    async with await joined(homes[0], server, sim) as client:
        server.kill()
        for count in range(3, 8):
            result = await client.chat(f"openai/fast:{count}").result()
            assert result["usage"]["outputTokens"] == count
        assert (await redis_of(client))["status"] == "away"
        server.start()
        async with asyncio.timeout(20):
            while (await redis_of(client))["status"] != "connected":  # noqa: ASYNC110  # another process' state
                await asyncio.sleep(0.05)
