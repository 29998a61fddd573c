"""Admission on the fake clock: who comes in, in what order, and who is sent away."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from layers_kit import FakeTargets, a_fallback
from limit_kit import Bench, Slow, ask_for, asking, everything

from libria.layers.admit import Admit
from libria.layers.fallback import Fallback
from libria.layers.hedge import Hedge
from libria.layers.limit import Rates
from libria.testing import FakeClock, FakeService, settle
from libria_providers.errors import BadRequest, Disconnected, Overloaded, TimedOut
from libria_providers.types import Call, Delta, Finish


def admit(slots: int = 4, room: int = 100, seconds: float = 1.0) -> tuple[Admit, Slow, FakeClock]:
    clock = FakeClock()
    slow = Slow(clock, seconds)
    return Admit(slow, clock, slots=slots, room=room), slow, clock


def state(layer: Admit) -> tuple[int, int]:
    now = layer.snapshot()
    return now.in_flight, now.waiting


async def test_so_many_at_once_and_no_more() -> None:
    layer, slow, clock = admit(slots=8)
    made = [asking(layer, ask_for(clock, session=str(number))) for number in range(30)]
    await settle()
    assert state(layer) == (8, 22)
    await clock.advance(4.0)
    await everything(made)
    assert (slow.most, state(layer)) == (8, (0, 0))
    assert clock.waiting == 0


async def test_one_session_never_takes_all_slots() -> None:
    layer, slow, clock = admit(slots=8, seconds=10.0)
    script = [asking(layer, ask_for(clock, "script")) for _ in range(20)]
    await settle()
    assert slow.open == 6
    editor = asking(layer, ask_for(clock, "editor"))
    await settle()
    assert slow.sessions == "sssssse"
    assert editor.told == []
    await clock.advance(40.0)
    await everything([*script, editor])


@pytest.mark.parametrize("batch", [False, True])
async def test_an_editor_waits_for_one_slot_at_most(batch: bool) -> None:
    """Also where all slots are taken: by two scripts here."""
    layer, slow, clock = admit(slots=8, room=2000)
    made = [asking(layer, ask_for(clock, "xy"[number % 2], batch=batch)) for number in range(500)]
    await clock.advance(3.5)
    before = len(slow.calls)
    editor = asking(layer, ask_for(clock, "editor"))
    await clock.advance(0.6)
    assert "e" in slow.sessions[before : before + 3]
    assert editor.call.trace.queued_ms <= 500
    await clock.advance(100.0)
    await everything(made)


async def test_interactive_before_batch() -> None:
    layer, slow, clock = admit(slots=2)
    made = [asking(layer, ask_for(clock, "f")) for _ in range(2)]
    made += [asking(layer, ask_for(clock, "batch", batch=True)) for _ in range(2)]
    made += [asking(layer, ask_for(clock, "interactive")) for _ in range(2)]
    await clock.advance(5.0)
    await everything(made)
    assert slow.sessions == "ffiibb"


async def test_who_finds_no_room_is_sent_away() -> None:
    layer, _, clock = admit(slots=1, room=10)
    made = [asking(layer, ask_for(clock, "script")) for _ in range(30)]
    await settle()
    errors = [one.error for one in made if one.error is not None]
    assert len(errors) == 20
    assert all(isinstance(error, Overloaded) and not error.asked for error in errors)
    editor = asking(layer, ask_for(clock, "editor"))  # a script does not take the last of the room
    await clock.advance(12.0)
    assert editor.error is None
    await everything(made)


async def test_a_deadline_that_passes_while_waiting() -> None:
    layer, slow, clock = admit(slots=1, seconds=10.0)
    made = [asking(layer, ask_for(clock)), asking(layer, ask_for(clock, total=3.0)), asking(layer, ask_for(clock))]
    await clock.advance(3.0)
    error = made[1].error
    assert isinstance(error, TimedOut)
    assert (error.phase, error.asked) == ("total", False)
    assert made[1].call.trace.queued_ms == pytest.approx(3000)
    assert state(layer) == (1, 1)
    await clock.advance(20.0)
    await everything(made)
    assert len(slow.calls) == 2
    assert clock.waiting == 0


async def test_who_waits_is_told_its_place() -> None:
    layer, _, clock = admit(slots=1)
    made = [asking(layer, ask_for(clock)) for _ in range(5)]
    await clock.advance(5.0)
    await everything(made)
    assert [one.places for one in made] == [[], [1], [2, 1], [3, 2, 1], [4, 3, 2, 1]]
    assert {status.state for one in made for status in one.told} == {"queued"}
    assert made[4].told[-1].eta_ms == pytest.approx(500, rel=0.9)


@pytest.mark.parametrize("turn", range(8))
async def test_a_cancel_at_any_turn_of_the_loop_loses_no_slot(turn: int) -> None:
    layer, slow, clock = admit(slots=1)
    made = [asking(layer, ask_for(clock)) for _ in range(3)]
    await settle()
    made[0].task.cancel()
    for _ in range(turn):
        await asyncio.sleep(0)
    made[1].task.cancel()
    await clock.advance(2.0)
    assert made[2].error is None
    assert not made[2].task.cancelled()
    assert (slow.open, state(layer), clock.waiting) == (0, (0, 0), 0)


async def test_a_failure_gives_the_slot_back() -> None:
    layer, slow, clock = admit(slots=1)

    def fail(_call: Call) -> None:
        raise BadRequest("odd")

    slow.answer = fail
    made = [asking(layer, ask_for(clock)) for _ in range(3)]
    await everything(made)
    assert [type(one.error) for one in made] == [BadRequest] * 3
    assert state(layer) == (0, 0)


async def test_a_stream_that_goes_on_elsewhere_keeps_its_slot() -> None:
    clock = FakeClock()
    first = FakeService([[Delta("a")], Disconnected("cut")])
    second = FakeService([[Delta("b")], [Finish("stop")]])
    layer = Admit(a_fallback(clock, p=first, q=second), clock, slots=2)
    call = ask_for(clock, model="p/m")
    reply = await layer.send(replace(call, fallbacks=("q/m",)))
    seen: list[int] = []
    async for _ in reply:
        seen.append(state(layer)[0])
    assert seen == [1, 1, 1, 1]
    assert reply.target == "q/m"
    await reply.aclose()
    await reply.aclose()
    assert state(layer) == (0, 0)


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("limits", [Rates(rpm=60), Rates(concurrency=4)])
async def test_a_script_does_not_delay_an_editor_by_more_than_one_slot(batch: bool, limits: Rates) -> None:
    """500 calls of a script over admission and limit; the editor's one is the next or the one after it."""
    bench = Bench.of(2.0)
    layer = Admit(bench.layer(of_target=limits), bench.clock)
    made = bench.many(layer, 500, "script", batch=batch, total=10_000.0)  # type: ignore[arg-type]
    await bench.clock.advance(65.0)
    before = len(bench.inner.calls)
    editor = bench.many(layer, 1, "editor")  # type: ignore[arg-type]
    await settle()
    while not editor[0].task.done():
        await bench.clock.advance(0.25)
    assert "e" in bench.inner.sessions[before : before + 2]
    await bench.clock.advance(600.0)
    await everything(made)
    assert bench.idle()


async def test_a_script_whose_provider_is_slow_does_not_delay_who_asks_another() -> None:
    bench = Bench.of()
    targets = FakeTargets({"p": bench.layer("p/m", of_target=Rates(rpm=10)), "q": bench.layer("q/m", "other")})
    layer = Admit(Fallback(targets, bench.clock, Hedge(bench.clock).race), bench.clock)
    made = bench.many(layer, 1000, "script", total=10_000.0)  # type: ignore[arg-type]
    await settle()
    editor = asking(layer, ask_for(bench.clock, "editor", model="q/m"))
    await everything([editor])
    assert editor.told == []
    for one in made:
        one.task.cancel()
    await settle()
    assert state(layer) == (0, 0)
    assert bench.idle()


steps = st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0.0, 1.5), st.booleans()), max_size=40)


@budget(max_examples=40, deadline=None)
@given(steps, st.integers(1, 6))
def test_no_slot_is_lost_and_nobody_left(steps: list[tuple[str, bool, float, bool]], slots: int) -> None:
    async def run() -> None:
        layer, slow, clock = admit(slots=slots)
        made = []
        for session, batch, pause, cancel in steps:
            made.append(asking(layer, ask_for(clock, session, batch=batch)))
            await clock.advance(pause)
            if cancel:
                made[len(made) // 2].task.cancel()
        await clock.advance(len(steps) * 1.0 + 1.0)
        await everything(made)
        assert all(one.error is None for one in made)
        assert slow.most <= slots
        assert (state(layer), clock.waiting) == ((0, 0), 0)

    asyncio.run(run())
