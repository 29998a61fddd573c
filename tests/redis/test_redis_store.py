"""Answers shared through a real server: only when it is wanted, and sealed where there is a word."""

import pytest
from real_redis import RealRedis
from redis_waits import Join, comes

from libria.clock import SystemClock
from libria.stores.redis_link import Link
from libria.stores.redis_store import RedisStore

KEY = b"\x07" * 24
ANSWER = b"the answer to a prompt" * 10
TAGS = {"model": "openai/gpt-5-mini"}


async def store(link: Link, word: str | None = None, *, share: bool = True, max_value: int = 10_000) -> RedisStore:
    store = RedisStore(link, SystemClock(), share=share, word=word, max_value=max_value)
    await store.ready()
    return store


@pytest.mark.parametrize("word", [None, "a word"])
async def test_what_one_machine_puts_another_gets(word: str | None, server: RealRedis, join: Join) -> None:
    a, b = await store(await join(server.url), word), await store(await join(server.url), word)
    assert await b.get(KEY) is None
    a.put(KEY, ANSWER, 60, TAGS)
    await a.get(KEY)
    assert await b.get(KEY) == ANSWER
    [name] = server.ask("KEYS", "libria:1:c:*")
    assert 59_000 < server.ask("PTTL", name) <= 60_000
    assert (ANSWER in server.ask("GET", name)) == (word is None)
    assert (KEY.hex().encode() in name) == (word is None)
    assert b"gpt" not in server.ask("GET", name)


async def test_nothing_is_shared_unless_it_is_wanted(server: RealRedis, link: Link) -> None:
    silent = await store(link, share=False)
    silent.put(KEY, ANSWER, 60, TAGS)
    assert await silent.get(KEY) is None
    (await store(link)).put(KEY, ANSWER, 60, TAGS)
    assert await silent.get(KEY) is None
    assert (await silent.stats()).problem is not None


async def test_another_word_is_a_miss(server: RealRedis, link: Link) -> None:
    (await store(link, "a word")).put(KEY, ANSWER, 60, TAGS)
    for other in (None, "another word"):
        assert await (await store(link, other)).get(KEY) is None
    assert await (await store(link, "a word")).get(KEY) == ANSWER


@pytest.mark.parametrize("change", ["flip", "cut", "swap", "empty", "foreign"])
async def test_what_was_changed_is_a_miss(change: str, server: RealRedis, link: Link) -> None:
    sealed = await store(link, "a word")
    sealed.put(KEY, ANSWER, 60, TAGS)
    sealed.put(KEY[::-1] + b"2", b"of another question", 60, TAGS)
    await sealed.get(KEY)
    names = server.ask("KEYS", "libria:1:c:*")
    values = {name: server.ask("GET", name) for name in names}
    for name, other in zip(names, reversed(names), strict=True):
        kept = values[name]
        changed = {
            "flip": kept[:-1] + bytes([kept[-1] ^ 1]),
            "cut": kept[:30],
            "swap": values[other],
            "empty": b"",
            "foreign": b"something else",
        }
        server.ask("SET", name, changed[change])
    assert await sealed.get(KEY) is None


async def test_too_large_is_not_shared(server: RealRedis, link: Link) -> None:
    small = await store(link, max_value=100)
    small.put(KEY, b"x" * 101, 60, TAGS)
    assert await small.get(KEY) is None
    assert small.dropped == 1


async def test_too_many_at_once_are_not_shared(server: RealRedis, link: Link) -> None:
    much = await store(link, max_value=2**20)
    for i in range(10):
        much.put(KEY + bytes([i]), b"x" * 2**20, 60, TAGS)
    assert much.dropped == 6
    await comes(lambda: server.ask("DBSIZE") >= 4)
    much.put(KEY, ANSWER, 60, TAGS)  # there is room again
    assert much.dropped == 6


async def test_another_type_under_our_name_is_a_miss(server: RealRedis, link: Link) -> None:
    shared = await store(link)
    server.ask("LPUSH", f"libria:1:c:{KEY.hex()}", "x")
    assert await shared.get(KEY) is None
    assert link.connected


@pytest.mark.parametrize("word", [None, "a word"])
@pytest.mark.parametrize(
    ("model", "older", "left"),
    [
        (None, None, 0),
        ("openai", None, 1),
        ("openai/m", None, 3),
        ("openai/m1", None, 2),
        (None, 3600, 3),
        ("x", None, 3),
    ],
)
async def test_clear(
    word: str | None, model: str | None, older: float | None, left: int, server: RealRedis, link: Link
) -> None:
    shared = await store(link, word)
    for i, name in enumerate(("openai/m1", "openai/m2", "groq/m1")):
        shared.put(KEY + bytes([i]), ANSWER, 60, {"model": name})
    server.ask("SET", "somebody's", "else")
    assert await shared.clear(model, older) == 3 - left
    assert len(server.ask("KEYS", "libria:1:c:*")) == left
    assert server.ask("GET", "somebody's") == b"else"


async def test_without_redis_all_is_a_miss(server: RealRedis, link: Link) -> None:
    shared = await store(link)
    server.kill()
    shared.put(KEY, ANSWER, 60, TAGS)
    assert await shared.get(KEY) is None
    assert await shared.clear() == 0
    assert (await shared.stats()).problem == "Redis is away."
