"""Coalescing: who shares an upstream, what each hears, and when it ends."""

import asyncio

import pytest
from coalesce_kit import DONE, A, B, C, Rig

from libria.clock import cancel
from libria.layers.cache import Cache
from libria.stores.memory import MemoryStore
from libria.testing import settle
from libria_providers.errors import Disconnected, ModelNotFound
from libria_providers.reply import Reply
from libria_providers.types import (
    CacheOptions,
    Call,
    Embed,
    Origin,
    Reset,
    Timeouts,
)  # fmt: skip


async def test_equal_calls_in_flight_are_one_and_who_comes_late_hears_all() -> None:
    rig = Rig()
    first = await rig.ask()
    second = await rig.ask()  # before anything was said
    await rig.say(A, B)
    third = await rig.ask()
    assert third.events == [A, B]
    await rig.say(C)
    assert first.events == second.events == third.events == [A, B, C]
    await rig.say(DONE)
    assert [await one.task for one in (first, second, third)] == [[A, B, C, DONE]] * 3
    assert len(rig.pipe.calls) == rig.pipe.closed == 1
    assert rig.figures.joined == 2
    assert {one.reply.request_id for one in (first, second, third) if one.reply} == {"r1"}


@pytest.mark.parametrize(
    ("changed", "upstreams"),
    [
        ({"temperature": None}, 5),  # five sampled calls of a script stay five
        ({"temperature": 0.7}, 5),
        ({"temperature": 0.7, "cache": CacheOptions("use")}, 1),
        ({"cache": CacheOptions("auto")}, 1),
        ({"cache": CacheOptions("refresh")}, 5),
        ({"cache": CacheOptions("off")}, 5),
        ({"temperature": None, "ask": Embed(("a",))}, 1),
        ({"temperature": None, "on_disconnect": "finish"}, 5),
    ],
)
async def test_what_is_shared(changed: dict[str, object], upstreams: int) -> None:
    rig = Rig()
    for _ in range(5):
        await rig.ask(rig.call(**changed))
    assert len(rig.pipe.calls) == upstreams
    for number in range(upstreams):
        await rig.say(A, DONE, to=number)


@pytest.mark.parametrize(
    ("first", "second", "upstreams"),
    [
        ({}, {"seed": 1}, 2),
        ({}, {"timeouts": Timeouts(total=5.0)}, 1),
        ({}, {"timeouts": Timeouts(first_token=1.0)}, 2),  # whose impatience is not the other's
        ({}, {"fallbacks": ("q/m",)}, 2),  # who would still have been answered
        ({"fallbacks": ("q/m",)}, {"fallbacks": ("q/m",)}, 1),
        ({"fallbacks": ("q/m",)}, {"fallbacks": ("q/m",), "origin": Origin(env={"Q_API_KEY": "other"})}, 2),
        ({}, {"origin": Origin(env={"Q_API_KEY": "other"})}, 1),  # which nobody would use
        ({"model": "fast"}, {"model": "fast", "origin": Origin(env={"Q_API_KEY": "other"})}, 2),
    ],
)
async def test_who_shares(first: dict[str, object], second: dict[str, object], upstreams: int) -> None:
    rig = Rig()
    await rig.ask(rig.call(**first))
    await rig.ask(rig.call(**second))
    assert len(rig.pipe.calls) == upstreams
    for number in range(upstreams):
        await rig.say(A, DONE, to=number)


async def test_two_keys_never_share() -> None:
    rig = Rig()
    await rig.ask()
    rig.partition = "key-2"
    await rig.ask()
    assert len(rig.pipe.calls) == 2
    await rig.say(DONE, to=0)
    await rig.say(DONE, to=1)


async def test_all_hear_the_same_reset() -> None:
    rig = Rig()
    first = await rig.ask()
    await rig.say(A, Reset("interrupted", "q/m"))
    rig.pipe.reply.target = "q/m"
    late = await rig.ask()
    await rig.say(B, DONE)
    assert await first.task == await late.task == [A, Reset("interrupted", "q/m"), B, DONE]
    assert first.reply is not None
    assert late.reply is not None
    assert first.reply.target == late.reply.target == "q/m"


async def test_a_slow_follower_stalls_nobody() -> None:
    rig = Rig()
    slow, quick = await rig.ask(), await rig.ask()
    slow.paused.clear()
    await rig.say(A, B, C, DONE)
    assert await quick.task == [A, B, C, DONE]
    assert slow.events == [A]
    slow.paused.set()
    assert await slow.task == [A, B, C, DONE]


async def test_only_the_last_to_leave_ends_it() -> None:
    rig = Rig()
    first, second = await rig.ask(), await rig.ask()
    await rig.say(A)
    cancel(first.task)
    await settle()
    assert first.task.cancelled()
    assert rig.pipe.closed == 0
    third = await rig.ask()
    await rig.say(B)
    assert second.events == third.events == [A, B]
    cancel(second.task)
    cancel(third.task)
    await settle()
    assert rig.pipe.closed == 1
    fourth = await rig.ask()  # is not told what nobody waited for
    assert len(rig.pipe.calls) == 2
    await rig.say(DONE)
    assert await fourth.task == [DONE]


@pytest.mark.parametrize("turns", [0, 1, 20])
async def test_left_before_a_word_was_said(turns: int) -> None:
    """`turns` of the loop after it was asked; with none, the upstream has not even begun."""
    rig = Rig()
    asking = asyncio.ensure_future(rig.coalesce.send(rig.call()))
    for _ in range(turns):
        await asyncio.sleep(0)
    cancel(asking)
    await settle()
    assert asking.cancelled()
    assert not rig.coalesce._upstreams
    heard = await rig.ask()
    await rig.say(A, DONE)
    assert await heard.task == [A, DONE]


async def test_an_error_goes_to_all_each_its_own() -> None:
    rig = Rig()
    first, second = await rig.ask(), await rig.ask()
    await rig.say(ModelNotFound("No such model.", provider="p"))
    errors = [one.task.exception() for one in (first, second)]
    assert all(isinstance(error, ModelNotFound) and error.provider == "p" for error in errors)
    assert errors[0] is not errors[1]  # those above write into it
    again = await rig.ask()  # an error is not kept
    await rig.say(A, Disconnected("cut"))
    late = await rig.ask()
    assert isinstance(again.task.exception(), Disconnected)
    assert again.events == [A]
    await rig.say(DONE)
    assert await late.task == [DONE]


async def test_a_fault_of_ours_hangs_nobody() -> None:
    rig = Rig()

    async def broken(call: Call) -> Reply:
        raise ZeroDivisionError

    rig.pipe.send = broken  # type: ignore[method-assign]
    first, second = await rig.ask(), await rig.ask()
    assert isinstance(first.task.exception(), ZeroDivisionError)
    assert isinstance(second.task.exception(), ZeroDivisionError)


async def test_who_looked_before_it_was_kept_still_hears_it() -> None:
    """Between the look into the cache and here, the answer may have ended: it was in flight all the same."""
    rig = Rig()
    looked = rig.call()
    first = await rig.ask()
    await rig.say(A, DONE)
    await first.task
    assert await (await rig.ask(looked)).task == [A, DONE]
    await rig.clock.advance(0.1)
    later = await rig.ask()  # began after its end: the cache's business
    assert len(rig.pipe.calls) == 2
    await rig.say(B, DONE)
    assert await later.task == [B, DONE]
    await rig.clock.advance(2)
    assert not rig.coalesce._upstreams


async def test_two_hundred_through_the_cache_are_one_and_stored_once() -> None:
    rig = Rig()
    store = MemoryStore(10**6, rig.clock)
    cache = Cache(rig.coalesce, store, rig.identify, 60.0, rig.clock, rig.figures)
    many = [await rig.ask(service=cache) for _ in range(200)]
    await rig.say(A, B, DONE)
    assert all([await one.task == [A, B, DONE] for one in many])
    assert len(rig.pipe.calls) == rig.figures.stored == len(store) == 1
    hit = await rig.ask(service=cache)
    await hit.task
    assert hit.reply is not None
    assert hit.reply.age == 0.0
