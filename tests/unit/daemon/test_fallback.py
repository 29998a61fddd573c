"""Fallback on the fake clock: who is asked next, and what the reader sees of it."""

import asyncio
from dataclasses import replace

import pytest
from layers_kit import FakeTargets, a_call, a_fallback, read, whole

from libria.layers.attempt import OneAttempt
from libria.layers.fallback import Fallback
from libria.layers.hedge import Hedge
from libria.testing import SILENCE, FakeClock, FakeService
from libria_providers.errors import (
    BadRequest,
    ContentFiltered,
    ContextTooLong,
    CredentialMissing,
    CredentialRejected,
    Disconnected,
    Interrupted,
    InvalidResponse,
    Overloaded,
    ProviderError,
    TimedOut,
)
from libria_providers.types import Call, Delta, Finish, Reset, Status


@pytest.mark.parametrize(
    "error",
    [
        Overloaded("busy"),
        CredentialMissing("no key"),
        CredentialRejected("bad"),
        TimedOut("silent", phase="firstToken"),
    ],
)
async def test_before_the_first_delta_the_next_target_answers_unseen(error: ProviderError) -> None:
    clock = FakeClock()
    call = a_call(clock, "a/m", "b/m")
    statuses: list[Status] = []
    call.trace.report = statuses.append
    events = await read(a_fallback(clock, a=FakeService([error]), b=FakeService(whole("yes"))), call)
    assert events == [Delta("yes"), Finish("stop")]
    assert [(s.state, s.reason, s.target) for s in statuses] == [("fallback", error.kind, "b/m")]


@pytest.mark.parametrize("error", [BadRequest("odd"), ContentFiltered("no")])
async def test_what_another_target_would_not_mend_goes_nowhere(error: ProviderError) -> None:
    clock = FakeClock()
    second = FakeService(whole("yes"))
    with pytest.raises(type(error)):
        await a_fallback(clock, a=FakeService([error]), b=second).send(a_call(clock, "a/m", "b/m"))
    assert second.calls == []


async def test_a_broken_stream_starts_again_openly() -> None:
    clock = FakeClock()
    first = FakeService([[Delta("ha")], [Delta("lf")], Disconnected("cut")])
    events = await read(a_fallback(clock, a=first, b=FakeService(whole("whole"))), a_call(clock, "a/m", "b/m"))
    assert events == [Delta("ha"), Delta("lf"), Reset("disconnected", "b/m"), Delta("whole"), Finish("stop")]
    assert first.open == 0


async def test_a_stream_can_break_twice() -> None:
    clock = FakeClock()
    services = {
        "a": FakeService([[Delta("1")], Disconnected("cut")]),
        "b": FakeService([[Delta("2")], Overloaded("error event")]),
        "c": FakeService(whole("3")),
    }
    events = await read(a_fallback(clock, **services), a_call(clock, "a/m", "b/m", "c/m"))
    resets = [event for event in events if isinstance(event, Reset)]
    assert [(reset.reason, reset.target) for reset in resets] == [("disconnected", "b/m"), ("overloaded", "c/m")]
    assert events[-2:] == [Delta("3"), Finish("stop")]


@pytest.mark.parametrize("second", [[], [[Overloaded("busy")]]])
async def test_a_broken_stream_without_a_target_left_is_interrupted(second: list[list[ProviderError]]) -> None:
    clock = FakeClock()
    first = FakeService([[Delta("half")], Disconnected("cut", request_id="r1")])
    fallbacks = ["b/m"] if second else []
    call = a_call(clock, "a/m", *fallbacks)
    with pytest.raises(Interrupted) as caught:
        await read(a_fallback(clock, a=first, b=FakeService(*second)), call)
    assert caught.value.retryable
    assert first.open == 0


async def test_no_fallback_past_the_deadline() -> None:
    clock = FakeClock()
    second = FakeService(whole("late"))
    fallback = a_fallback(clock, a=OneAttempt(FakeService([SILENCE]), clock), b=second)
    call = replace(a_call(clock, "a/m", "b/m"), deadline=clock.now() + 5)
    task = asyncio.create_task(fallback.send(call))
    await clock.advance(5.1)
    with pytest.raises(TimedOut) as caught:
        await task
    assert caught.value.phase == "total"
    assert second.calls == []


async def test_what_cannot_be_read_is_called_so_when_nobody_is_left() -> None:
    clock = FakeClock()
    service = FakeService([[Delta("half")], InvalidResponse("garbage")])
    with pytest.raises(InvalidResponse):
        await read(a_fallback(clock, a=service), a_call(clock, "a/m"))


async def test_a_filtered_call_goes_on_only_where_the_users_config_says_so() -> None:
    clock = FakeClock()
    targets = FakeTargets({"a": FakeService([ContentFiltered("no")]), "b": FakeService(whole("yes"))})
    fallback = Fallback(targets, clock, Hedge(clock).race, filtered=True)
    assert await read(fallback, a_call(clock, "a/m", "b/m")) == [Delta("yes"), Finish("stop")]


@pytest.mark.parametrize(
    ("windows", "asked"),
    [
        ({"a/m": 100, "b/m": 100, "c/m": 1000}, ["c/m"]),
        ({"a/m": 100, "b/m": 50}, ["c/m"]),  # of c nothing is known
        ({"b/m": 50}, ["b/m"]),  # of a nothing is known
        ({}, ["b/m"]),
        ({"a/m": 100, "b/m": 100, "c/m": 100}, []),
    ],
)
async def test_an_input_that_is_too_long_goes_to_a_larger_target(windows: dict[str, int], asked: list[str]) -> None:
    clock = FakeClock()
    others = {"b": FakeService(whole("b")), "c": FakeService(whole("c"))}
    targets = FakeTargets({"a": FakeService([ContextTooLong("too long")]), **others}, windows)
    fallback = Fallback(targets, clock, Hedge(clock).race)
    call = a_call(clock, "a/m", "b/m", "c/m")
    if asked:
        await read(fallback, call)
    else:
        with pytest.raises(ContextTooLong):
            await read(fallback, call)
    assert [call.model for service in others.values() for call in service.calls] == asked


class Alone:
    """A target whose circuit is open."""

    def __init__(self) -> None:
        self.insisted = 0

    async def send(self, call: Call) -> object:
        if not call.insist:
            raise Overloaded("left alone", asked=False)
        self.insisted += 1
        return await FakeService(whole("after all")).send(call)


async def test_a_target_that_is_left_alone_is_asked_when_no_other_is_left() -> None:
    clock = FakeClock()
    alone = Alone()
    assert await read(a_fallback(clock, a=alone, b=FakeService(whole("b"))), a_call(clock, "a/m", "b/m")) == [
        Delta("b"),
        Finish("stop"),
    ]
    assert alone.insisted == 0
    failing = a_fallback(clock, a=alone, b=FakeService([Overloaded("busy")]))
    assert await read(failing, a_call(clock, "a/m", "b/m")) == [Delta("after all"), Finish("stop")]
    assert await read(a_fallback(clock, a=alone), a_call(clock, "a/m")) == [Delta("after all"), Finish("stop")]
    assert alone.insisted == 2
