"""Coalescing: who shares an upstream, what each hears, and when it ends."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from libria.clock import cancel
from libria.layers.attempt import OneAttempt
from libria.layers.cache import Cache, CacheFigures, Identity
from libria.layers.coalesce import Coalesce
from libria.stores.memory import MemoryStore
from libria.testing import FakeClock, settle
from libria_providers.errors import Disconnected, ModelNotFound, Overloaded, ProviderError, TimedOut
from libria_providers.reply import Reply
from libria_providers.types import (
    Attempt,
    CacheOptions,
    Call,
    Delta,
    Embed,
    Event,
    Finish,
    Message,
    Origin,
    Reset,
    Status,
    Timeouts,
    Trace,
)  # fmt: skip


class Pipe:
    """A provider whose every word the test says: `ask` is what it was asked, `say` goes to the last."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.closed = 0
        self._queues: list[asyncio.Queue[list[Event] | ProviderError]] = []

    async def send(self, call: Call) -> Reply:
        self.calls.append(call)
        queue: asyncio.Queue[list[Event] | ProviderError] = asyncio.Queue()
        self._queues.append(queue)
        first = await queue.get()
        if isinstance(first, ProviderError):
            raise first
        reply = Reply(self._play(first, queue), target=call.model, close=self._close, request_id=f"r{len(self.calls)}")
        reply.on_end(lambda finish, error: call.trace.attempts.append(Attempt(call.model, "ok", 0.0, 5.0)))
        self.reply = reply
        return reply

    def say(self, *events: Event | ProviderError, to: int = -1) -> None:
        for event in events:
            self._queues[to].put_nowait(event if isinstance(event, ProviderError) else [event])

    async def _play(self, first: list[Event], queue: "asyncio.Queue[list[Event] | ProviderError]") -> AsyncIterator:  # type: ignore[type-arg]
        step: list[Event] | ProviderError = first
        while not isinstance(step, ProviderError):
            yield step
            if type(step[-1]) is Finish:
                return
            step = await queue.get()
        raise step

    async def _close(self) -> None:
        self.closed += 1


@dataclass
class Heard:
    """What one caller has heard so far; `task` ends with all of it. While `paused` it reads nothing."""

    call: Call
    events: list[Event] = field(default_factory=list)
    reply: Reply | None = None
    paused: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Task[list[Event]]" = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.paused.set()


class Rig:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.pipe = Pipe()
        self.figures = CacheFigures()
        self.coalesce = Coalesce(self.pipe, self.identify, self.clock, self.figures)  # type: ignore[arg-type]
        self.partition = "key-1"

    async def identify(self, call: Call) -> Identity:
        return Identity("p/m", "d/1", self.partition)

    def call(self, **changed: object) -> Call:
        now = self.clock.now()
        call = Call("p/m", (Message("user", "hi"),), temperature=0.0, started=now, deadline=now + 600, trace=Trace())
        return replace(call, **changed)  # type: ignore[arg-type]

    async def ask(self, call: Call | None = None, service: object = None) -> Heard:
        heard = Heard(call or self.call())
        heard.task = asyncio.ensure_future(self._hear(heard, service or self.coalesce))
        await settle()
        return heard

    async def _hear(self, heard: Heard, service: object) -> list[Event]:
        reply = heard.reply = await service.send(heard.call)  # type: ignore[attr-defined]
        try:
            async for batch in reply:
                heard.events += batch
                await heard.paused.wait()
        finally:
            await reply.aclose()
        return heard.events

    async def say(self, *events: Event | ProviderError, to: int = -1) -> None:
        self.pipe.say(*events, to=to)
        await settle()


A, B, C, DONE = Delta("a"), Delta("b"), Delta("c"), Finish("stop")


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


async def test_each_has_its_own_deadline_and_the_upstream_the_latest() -> None:
    rig = Rig()
    short = await rig.ask(rig.call(timeouts=Timeouts(total=2.0), deadline=rig.clock.now() + 2))
    asked = rig.pipe.calls[0]
    assert asked.deadline == short.call.deadline
    long = await rig.ask(rig.call(timeouts=Timeouts(total=50.0), deadline=rig.clock.now() + 50))
    assert asked.deadline == replace(asked, model="x").deadline == long.call.deadline
    await rig.clock.advance(1)
    await rig.say(A)
    await rig.clock.advance(1)
    error = short.task.exception()
    assert isinstance(error, TimedOut)
    assert error.phase == "total"
    assert "2 s" in error.message
    await rig.say(B, DONE)
    assert await long.task == [A, B, DONE]


@pytest.mark.parametrize("spoken", [False, True])
async def test_an_attempt_waits_for_who_came_with_more_time(spoken: bool) -> None:
    """It had begun to wait when the deadline moved."""
    rig = Rig()
    rig.coalesce._inner = OneAttempt(rig.pipe, rig.clock)
    short = await rig.ask(rig.call(deadline=rig.clock.now() + 2))
    if spoken:
        await rig.say(A)
    long = await rig.ask(rig.call(deadline=rig.clock.now() + 9))
    await rig.clock.advance(2)
    assert isinstance(short.task.exception(), TimedOut)
    await rig.clock.advance(5)
    await rig.say(B)
    assert long.events == ([A, B] if spoken else [B])
    await rig.clock.advance(3)
    error = long.task.exception()
    assert isinstance(error, TimedOut)
    assert error.phase == "total"


async def test_no_time_left_before_the_first_word() -> None:
    rig = Rig()
    long = await rig.ask()
    short = await rig.ask(rig.call(deadline=rig.clock.now() + 2))
    await rig.clock.advance(2)
    assert isinstance(short.task.exception(), TimedOut)
    assert not long.task.done()
    cancel(long.task)
    await settle()
    assert rig.clock.waiting == 0


async def test_what_each_is_told_of_attempts_and_waiting() -> None:
    rig = Rig()
    told: list[Status] = []
    first = await rig.ask(rig.call(trace=Trace(report=told.append)))
    shared = rig.pipe.calls[0].trace
    await rig.clock.advance(1)
    shared.report(Status("waiting", reason="firstToken"))
    late_told: list[Status] = []
    late = await rig.ask(rig.call(trace=Trace(report=late_told.append)))
    assert told == late_told == [Status("waiting", reason="firstToken")]
    await rig.clock.advance(2)
    shared.waited_ms += 2900.0
    shared.queued_ms += 100.0
    await rig.say(A, DONE)
    await asyncio.gather(first.task, late.task)
    assert first.call.trace.attempts == [Attempt("p/m", "ok", 0.0, 5.0)]
    assert late.call.trace.attempts == [Attempt("p/m", "ok", -1000.0, 5.0)]  # began before it did
    assert (first.call.trace.waited_ms, first.call.trace.queued_ms) == (2900.0, 100.0)
    assert late.call.trace.waited_ms == pytest.approx(2000.0)


async def test_who_waits_takes_a_batch_out_of_the_queue_but_not_off_the_wire() -> None:
    rig = Rig()
    batch = await rig.ask(rig.call(priority="batch"))
    rig.pipe.calls[0].trace.report(Status("queued", position=40))
    person = await rig.ask()
    assert [call.priority for call in rig.pipe.calls] == ["batch", "interactive"]
    await rig.say(A, DONE)
    assert await batch.task == await person.task == [A, DONE]
    await rig.clock.advance(1)

    sent = await rig.ask(rig.call(priority="batch"))
    rig.pipe.calls[2].trace.report(Status("queued", position=1))
    rig.pipe.calls[2].trace.queued_ms += 5.0  # its turn has come
    person = await rig.ask()
    assert len(rig.pipe.calls) == 3
    await rig.say(A, DONE)
    assert await sent.task == await person.task == [A, DONE]


async def test_a_first_target_that_cannot_be_named_goes_through() -> None:
    rig = Rig()

    async def unknown(call: Call) -> Identity:
        raise Overloaded("who?")

    rig.coalesce._identify = unknown
    heard = await rig.ask()
    await rig.say(DONE)
    assert await heard.task == [DONE]
