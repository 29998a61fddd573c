"""The cache: what is kept, under which key, for how long."""

from dataclasses import replace

import pytest

from libria.layers.cache import Cache, Identity
from libria.stores.memory import MemoryStore
from libria.testing import FakeClock, FakeService
from libria_providers.errors import CacheMiss, Disconnected
from libria_providers.types import (
    CacheOptions,
    Call,
    Delta,
    Event,
    Finish,
    Message,
    Reasoning,
    Tool,
    ToolCallDelta,
    Usage,
)

USE = CacheOptions("use")
ANSWER: list[Event] = [
    Reasoning("hm"),
    Delta("Hel"),
    Delta("lo"),
    ToolCallDelta(0, '{"a"', "t1", "add"),
    ToolCallDelta(0, ":1}"),
    Finish("toolUse", Usage(3, 4, 1, 2), "m-1", {"dialect": "d", "signature": "s"}),
]
CALL = Call("p/m", (Message("user", "hello"),), cache=USE)


class Rig:
    def __init__(self, *scripts: list[list[Event] | Exception]) -> None:
        self.clock = FakeClock()
        self.service = FakeService(*scripts)  # type: ignore[arg-type]
        self.partition = "key-1"
        self.cache = Cache(self.service, MemoryStore(10**6), self._identify, 3600.0, self.clock)

    async def _identify(self, call: Call) -> Identity:
        return Identity(call.model, "d/1", self.partition)

    async def ask(self, call: Call) -> tuple[list[Event], float | None]:
        reply = await self.cache.send(call)
        try:
            events = [event async for batch in reply for event in batch]
        finally:
            await reply.aclose()
        return events, reply.age


async def test_a_hit_is_the_whole_answer_with_its_age() -> None:
    rig = Rig([ANSWER])
    assert await rig.ask(CALL) == (ANSWER, None)
    await rig.clock.advance(10)
    events, age = await rig.ask(CALL)
    assert events == [
        Reasoning("hm"),
        Delta("Hello"),
        ToolCallDelta(0, '{"a":1}', "t1", "add"),
        ANSWER[-1],
    ]
    assert age == pytest.approx(10)
    assert len(rig.service.calls) == 1


@pytest.mark.parametrize(
    ("first", "second", "upstream"),
    [
        (CALL, replace(CALL, stream=False), 1),
        (CALL, replace(CALL, fallbacks=("q/m",), priority="batch"), 1),
        (
            replace(CALL, provider_options={"a": 1, "b": {"c": 1, "d": 2}}),
            replace(CALL, provider_options={"b": {"d": 2, "c": 1}, "a": 1}),
            1,
        ),
        (CALL, replace(CALL, messages=(Message("user", "hello "),)), 2),
        (CALL, replace(CALL, system="be brief"), 2),
        (CALL, replace(CALL, temperature=0.5), 2),
        (CALL, replace(CALL, tools=(Tool("t", {}),)), 2),
        (CALL, replace(CALL, model="p/n"), 2),
        (CALL, replace(CALL, seed=1), 2),
    ],
)
async def test_what_makes_a_question_the_same(first: Call, second: Call, upstream: int) -> None:
    rig = Rig([ANSWER], [ANSWER])
    await rig.ask(first)
    await rig.ask(second)
    assert len(rig.service.calls) == upstream


async def test_two_keys_never_share() -> None:
    rig = Rig([ANSWER], [ANSWER])
    await rig.ask(CALL)
    rig.partition = "key-2"
    await rig.ask(CALL)
    assert len(rig.service.calls) == 2


@pytest.mark.parametrize(
    ("options", "temperature", "upstream"),
    [
        (CacheOptions("auto"), None, 2),
        (CacheOptions("auto"), 0.7, 2),
        (CacheOptions("auto"), 0.0, 1),
        (CacheOptions("off"), 0.0, 2),
        (CacheOptions("use"), 0.7, 1),
        (CacheOptions("use", max_age=5), 0.7, 2),
        (CacheOptions("refresh"), 0.7, 2),
    ],
)
async def test_modes(options: CacheOptions, temperature: float | None, upstream: int) -> None:
    rig = Rig([ANSWER], [ANSWER])
    call = replace(CALL, cache=options, temperature=temperature)
    await rig.ask(call)
    await rig.clock.advance(10)
    await rig.ask(call)
    assert len(rig.service.calls) == upstream


async def test_refresh_stores_and_only_never_asks() -> None:
    rig = Rig([ANSWER])
    only = replace(CALL, cache=CacheOptions("only"))
    with pytest.raises(CacheMiss):
        await rig.ask(only)
    await rig.ask(replace(CALL, cache=CacheOptions("refresh")))
    _, age = await rig.ask(only)
    assert age is not None
    await rig.clock.advance(3601)
    with pytest.raises(CacheMiss):
        await rig.ask(only)


async def test_what_is_not_whole_is_not_kept() -> None:
    rig = Rig([[Delta("half")], Disconnected("cut")], [[Delta("x")], [Finish("contentFilter")]], [ANSWER], [ANSWER])
    with pytest.raises(Disconnected):
        await rig.ask(CALL)
    await rig.ask(CALL)  # filtered
    reply = await rig.cache.send(CALL)  # cancelled before the end
    await reply.aclose()
    assert await rig.ask(CALL) == (ANSWER, None)
    assert len(rig.service.calls) == 4


async def test_a_tool_call_that_cannot_be_read_is_not_kept() -> None:
    """The error says to ask again, which must then help."""
    broken: list[Event] = [ToolCallDelta(0, "{bad", "t1", "add"), Finish("toolUse")]
    rig = Rig([broken], [ANSWER])
    await rig.ask(CALL)
    assert (await rig.ask(CALL))[0] == ANSWER


async def test_what_a_fallback_answered_is_not_kept() -> None:
    rig = Rig([ANSWER], [ANSWER])

    class Elsewhere:
        async def send(self, call: Call) -> object:
            reply = await rig.service.send(call)
            reply.target = "q/m"
            return reply

    rig.cache._inner = Elsewhere()  # type: ignore[assignment]
    await rig.ask(CALL)
    await rig.ask(CALL)
    assert len(rig.service.calls) == 2


def test_memory_is_bounded_and_forgets_the_least_used() -> None:
    store = MemoryStore(10_000)
    for i in range(30):
        store.put(b"%d" % i, b"x" * 500)
        store.get(b"0")
    assert store.size <= 10_000
    assert store.get(b"0") is not None
    assert store.get(b"1") is None
    store.put(b"huge", b"x" * 5000)
    assert store.get(b"huge") is None


def test_a_foreign_entry_is_a_miss() -> None:
    rig = Rig()
    rig.cache._store.get = lambda key: b"\x80garbage"  # type: ignore[method-assign]
    assert rig.cache._find(b"k", CALL) is None
