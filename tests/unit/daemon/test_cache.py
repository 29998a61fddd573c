"""The cache: what is kept, under which key, for how long."""

import pickle
from copy import copy
from dataclasses import replace
from types import SimpleNamespace

import pytest

from libria.layers.cache import Cache, CacheFigures, Identity
from libria.layers.cache_answers import Answers, Saved
from libria.stores.memory import MemoryStore
from libria.testing import FakeClock, FakeService
from libria_providers.errors import CacheMiss, Disconnected
from libria_providers.reply import Answer
from libria_providers.types import (
    CacheOptions,
    Call,
    Delta,
    Event,
    Finish,
    Message,
    Reasoning,
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
        self.service = FakeService(*map(_fresh, scripts))  # type: ignore[arg-type]
        self.partition = "key-1"
        self.store = MemoryStore(10**6, self.clock)
        self.figures = CacheFigures()
        self.cache = Cache(self.service, self.store, self._identify, 3600.0, self.clock, self.figures)

    async def _identify(self, call: Call) -> Identity:
        return Identity(call.model, "d/1", self.partition)

    async def ask(self, call: Call) -> tuple[list[Event], float | None]:
        reply = await self.cache.send(call)
        try:
            events = [event async for batch in reply for event in batch]
        finally:
            await reply.aclose()
        return events, reply.age


def _fresh(script: list[list[Event] | Exception]) -> list[list[Event] | Exception]:
    """Each reply has a Finish of its own."""
    return [
        [copy(event) if isinstance(event, Finish) else event for event in step] if isinstance(step, list) else step
        for step in script
    ]


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


async def test_what_is_not_ours_is_a_miss_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    foreign = [b"", b"\x80garbage", pickle.dumps({"text": "hello"})]
    rig = Rig(*[[ANSWER] for _ in range(4)])
    await rig.ask(CALL)
    (key,) = rig.store._entries
    for stored in foreign:
        rig.store.put(key, stored, 60.0, {})
        assert await rig.ask(CALL) == (ANSWER, None)
    assert rig.figures.foreign == 3
    assert len(caplog.records) == 1
    assert "hello" not in caplog.text
    assert (await rig.ask(CALL))[1] is not None


async def test_an_answer_under_another_key_is_none() -> None:
    """A store that is damaged may mix up its keys; the answer to another question is worse than none."""
    rig = Rig([ANSWER], [ANSWER], [ANSWER])
    await rig.ask(CALL)
    (first,) = rig.store._entries
    other = replace(CALL, seed=1)
    await rig.ask(other)
    second = next(key for key in rig.store._entries if key != first)
    rig.store.put(second, rig.store.find(first) or b"", 60.0, {})
    assert (await rig.ask(other))[1] is None


async def test_what_another_machine_will_have_stored_is_not_believed() -> None:
    rig = Rig([ANSWER], [ANSWER])
    rig.clock._now += 1000
    await rig.ask(CALL)
    rig.clock._now -= 800
    assert (await rig.ask(CALL))[1] is None
    rig.clock._now -= 200
    assert (await rig.ask(CALL))[1] == 0.0  # but that our clocks differ a little is


async def test_an_age_of_zero_is_never_young_enough() -> None:
    rig = Rig([ANSWER], [ANSWER])
    await rig.ask(CALL)
    assert (await rig.ask(replace(CALL, cache=CacheOptions("use", max_age=0))))[1] is None


async def test_what_cannot_be_said_in_bytes_goes_through_and_is_not_kept() -> None:
    huge: list[Event] = [Delta("x"), Finish("stop", opaque={"n": 2**70})]
    half: list[Event] = [Delta("\ud83d"), Finish("stop")]
    rig = Rig([huge], [half], [ANSWER])
    assert (await rig.ask(CALL))[0] == huge
    assert (await rig.ask(CALL))[0] == half
    assert (await rig.ask(replace(CALL, system="\ud83d")))[0] == ANSWER
    assert not len(rig.store)


async def test_what_was_found_for_who_waited_is_not_stored_again() -> None:
    """Coalesce may bring an answer that another machine has just put into the shared store."""
    rig = Rig([ANSWER])
    send = rig.service.send

    async def aged(call: Call) -> object:
        reply = await send(call)
        reply.age = 3.0
        return reply

    rig.cache._inner = SimpleNamespace(send=aged)  # type: ignore[assignment]
    assert (await rig.ask(CALL))[1] == 3.0
    assert not len(rig.store)


async def test_an_answer_that_many_hear_is_stored_once() -> None:
    rig = Rig()
    finish = ANSWER[-1]
    assert isinstance(finish, Finish)
    answer = Answer()
    for event in ANSWER:
        answer.add(event)
    answers = Answers(rig.store, 60.0, rig.clock, rig.figures)
    for _ in range(3):
        answers.keep(b"k", answer, finish, "p/m")
    assert rig.figures.stored == 1


async def test_figures() -> None:
    rig = Rig([ANSWER])
    for _ in range(3):
        await rig.ask(CALL)
    assert (rig.figures.hits, rig.figures.misses, rig.figures.stored) == (2, 1, 1)
    assert rig.figures.saved["p/m"] == Saved(2, 6, 8)
