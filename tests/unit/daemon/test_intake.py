"""A client that sends much is read in turns, and one that sends nonsense no faster than it makes sense."""

import asyncio
import os
from collections.abc import Callable
from typing import cast

import pytest

from libria.rpc.framing import MAX_MESSAGE_BYTES, BadFrame, frame
from libria.rpc.gate import Bounds
from libria.rpc.intake import STRANGERS_BYTES, Intake


class Transport:
    def __init__(self) -> None:
        self.reading = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Loop:
    """The running loop, whose time is what the test lets pass."""

    def __init__(self) -> None:
        self.now = 0.0
        self._loop = asyncio.get_running_loop()

    def time(self) -> float:
        return self.now

    def call_soon(self, what: Callable[[], None]) -> asyncio.Handle:
        return self._loop.call_soon(what)

    def call_later(self, seconds: float, what: Callable[[], None]) -> asyncio.Handle:
        def late() -> None:
            self.now += seconds
            what()

        return self._loop.call_soon(late)


class Rig:
    """`intake` over a transport; each item takes `seconds` of the loop, and is a fault where `faulty`."""

    def __init__(self, *, seconds: float = 0.0, faulty: bool = False, bounds: Bounds | None = None) -> None:
        self.transport = Transport()
        self.items: list[bytes | BadFrame] = []
        self.held: list[int] = []
        self.may_resume = True
        self._seconds = seconds
        loop = self._loop = Loop()
        self._faulty = faulty
        self.intake = Intake(
            cast(asyncio.Transport, self.transport),
            bounds or Bounds(),
            self._take,
            self.held.append,
            lambda: self.may_resume,
            cast(asyncio.AbstractEventLoop, loop),
        )

    def _take(self, item: bytes | BadFrame) -> None:
        self.items.append(item)
        self._loop.now += self._seconds  # work that holds the loop, as decoding does
        if self._faulty:
            self.intake.fault()


async def turns(rig: Rig, count: int) -> int:
    """Of the loop, until `count` items are taken."""
    done = 0
    async with asyncio.timeout(20):
        while len(rig.items) < count:
            await asyncio.sleep(0)
            done += 1
    return done


async def test_what_fits_a_turn_is_taken_at_once() -> None:
    rig = Rig()
    rig.intake.received(frame(b"1") + frame(b"2") + b"Content-Len")
    assert rig.items == [b"1", b"2"]
    assert rig.held == [11]
    assert rig.transport.reading
    rig.intake.received(b"gth: 1\r\n\r\n3")
    assert rig.items == [b"1", b"2", b"3"]
    assert rig.held == [11, 0]


async def test_more_than_a_turn_is_taken_in_turns_in_order_and_the_client_waits() -> None:
    rig = Rig(seconds=0.001)
    rig.intake.received(b"".join(frame(b"%d" % i) for i in range(30)))
    assert 1 <= len(rig.items) < 30
    assert not rig.transport.reading
    rig.transport.resume_reading()  # the outbox has room again, and does not know of this
    rig.intake.received(frame(b"30"))
    assert not rig.transport.reading
    assert await turns(rig, 31) > 5  # everybody else had as many
    assert rig.items == [b"%d" % i for i in range(31)]
    assert rig.transport.reading


async def test_it_does_not_go_on_reading_where_the_client_takes_nothing() -> None:
    rig = Rig(seconds=0.001)
    rig.may_resume = False
    rig.intake.received(b"".join(frame(b"%d" % i) for i in range(10)))
    await turns(rig, 10)
    assert not rig.transport.reading


async def test_faults_slow_down_who_makes_them() -> None:
    rig = Rig(faulty=True, bounds=Bounds(faults=50, faults_per_second=1000.0))
    rig.intake.received(frame(b"x") * 200)
    assert len(rig.items) == 51
    assert not rig.transport.reading
    await turns(rig, 200)
    assert rig.transport.reading


async def test_a_few_faults_slow_down_nobody() -> None:
    rig = Rig(faulty=True)
    rig.intake.received(frame(b"x") * 400)
    assert len(rig.items) == 400
    assert rig.transport.reading


async def test_stopped_it_takes_nothing_more() -> None:
    rig = Rig(seconds=0.001)
    rig.intake.received(frame(b"x") * 20)
    taken = len(rig.items)
    rig.intake.stop()
    rig.intake.received(frame(b"y"))
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(rig.items) == taken


async def test_who_is_not_trusted_gets_no_room() -> None:
    rig = Rig()
    rig.intake.distrust()
    rig.intake.received(frame(b"x" * (STRANGERS_BYTES + 1)))
    assert [type(item) for item in rig.items] == [BadFrame]
    rig = Rig()
    rig.intake.distrust()
    rig.intake.trust()
    rig.intake.received(b"Content-Length: %d\r\n\r\n" % MAX_MESSAGE_BYTES)
    assert rig.items == []


@pytest.mark.parametrize(
    "garbage",
    [
        os.urandom(1_000_000),
        b"\r\n\r\n" * 250_000,
        b"content-length: 1 x" * 50_000,
        b"Content-Length: 9999999999\r\n\r\n" * 33_000,
    ],
    ids=["random", "ends", "almost", "too large"],
)
async def test_a_megabyte_of_garbage_is_one_complaint_and_not_held(garbage: bytes) -> None:
    rig = Rig()
    for start in range(0, len(garbage), 65536):
        rig.intake.received(garbage[start : start + 65536])
    assert [type(item) for item in rig.items] == [BadFrame]
    assert max(rig.held) < 1000
