"""The link on a fake clock and a fake server: when it tries again, and what it asks nobody for."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from libria.stores.redis_address import Address
from libria.stores.redis_connect import Lane
from libria.stores.redis_fault import Answer, Away
from libria.stores.redis_link import Link
from libria.stores.redis_pipe import Command, Done
from libria.stores.redis_question import patience
from libria.testing import FakeClock, settle


class FakeLane:
    """Answers as `answers` says: an answer, an Away, or nothing for None."""

    def __init__(self, answers: Callable[[Command], Answer | Away]) -> None:
        self._answers = answers
        self.commands: list[Command] = []
        self.broken: asyncio.Future[Away] = asyncio.get_running_loop().create_future()
        self.waiting = 0
        self.unread = False

    def send(self, command: Command, done: Done) -> None:
        self.commands.append(command)
        said = self._answers(command)
        if said is not None:
            asyncio.get_running_loop().call_soon(done, said)

    def break_off(self, why: Away) -> None:
        if not self.broken.done():
            self.broken.set_result(why)

    async def run(self) -> Away:
        return await self.broken


class FakeServer:
    """Opens lanes while `there`; `slow` never opens one."""

    def __init__(self) -> None:
        self.there = True
        self.slow = False
        self.opened: list[FakeLane] = []
        self.asked: list[float] = []
        self.closed = False
        self.clock = FakeClock()
        self.answers: Callable[[Command], Answer | Away] = lambda _: b"OK"

    async def open(self) -> Lane:
        self.asked.append(self.clock.now())
        if self.slow:
            await asyncio.get_running_loop().create_future()
        if not self.there:
            raise OSError("nobody there")
        self.opened.append(FakeLane(self.answers))
        return self.opened[-1]

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
async def link(server: FakeServer) -> AsyncIterator[Link]:
    async def connect(address: Address, within: float) -> FakeServer:
        return server

    link = Link("redis://:secret@host", server.clock, connect=connect, random=lambda: 0.5)
    yield link
    await link.aclose()
    assert server.closed or not server.asked


async def test_nothing_is_asked_of_nobody(server: FakeServer, link: Link) -> None:
    with pytest.raises(Away):
        await link.ask("GET", "a")
    said: list[object] = []
    link.post("SET", "a", "b", done=said.append)
    assert len(said) == 1
    assert not server.asked


async def test_tried_again_ever_more_seldom(server: FakeServer, link: Link) -> None:
    server.there = False
    link.start()
    await server.clock.advance(40)
    began = server.asked[0]
    assert [round(at - began, 3) for at in server.asked] == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 25.5, 35.5]
    assert link.state().error == "disconnected"


async def test_a_slow_connect_is_given_up(server: FakeServer, link: Link) -> None:
    server.slow = True
    link.start()
    await server.clock.advance(2.6)
    assert [round(at - server.asked[0], 3) for at in server.asked] == [0, 1.5]
    assert link.state().error == "timedOut"


@pytest.mark.parametrize("answer", [None, Away("readOnly"), Away("full")])
async def test_not_joined_unless_it_writes_in_time(server: FakeServer, link: Link, answer: Away | None) -> None:
    server.answers = lambda _: answer
    link.start()
    await server.clock.advance(0.4)
    assert not link.connected
    assert server.opened[0].broken.done()
    assert link.state().error == (answer.kind if answer else "timedOut")


async def test_one_that_comes_and_goes_is_tried_ever_more_seldom(server: FakeServer, link: Link) -> None:
    link.start()
    for pause in (0.5, 1.0, 2.0):
        await settle()
        assert link.connected
        server.opened[-1].break_off(Away("disconnected"))
        await settle()
        assert not link.connected
        await server.clock.advance(pause - 0.01)
        assert not link.connected
        await server.clock.advance(0.02)
        assert link.connected
    await server.clock.advance(10)
    server.opened[-1].break_off(Away("disconnected"))
    await server.clock.advance(0.51)
    assert link.connected


async def test_silence_is_waited_for_once(server: FakeServer, link: Link) -> None:
    link.start()
    await settle()
    server.opened[0]._answers = lambda _: None
    asking = asyncio.create_task(link.ask("GET", "a"))
    await server.clock.advance(0.039)
    assert not asking.done()
    await server.clock.advance(0.002)
    with pytest.raises(Away):
        await asking
    assert link.state().status == "away"
    with pytest.raises(Away):
        await link.ask("GET", "a")


async def test_a_call_has_patience_for_one_slow_answer(server: FakeServer, link: Link) -> None:
    """Each answer comes within the limit, but together they would take longer than a call may."""
    link.start()
    await settle()
    lane, clock = server.opened[0], server.clock

    def slow(command: Command, done: Done) -> None:
        clock.call_at(clock.now() + 0.03, lambda: done(b"PONG"))

    lane.send = slow  # type: ignore[method-assign]
    said: list[object] = []

    async def a_call() -> None:
        with patience():
            for _ in range(4):
                try:
                    said.append(await link.ask("PING"))
                except Away as away:
                    said.append(away.kind)

    call = asyncio.create_task(a_call())
    await clock.advance(0.05)
    assert call.done()
    assert said == [b"PONG", "timedOut", "timedOut", "timedOut"]
    another = asyncio.create_task(link.ask("PING"))
    await clock.advance(0.05)
    assert await another == b"PONG"
    assert link.state().error is None


async def test_a_silent_connection_is_tried_now_and_then(server: FakeServer, link: Link) -> None:
    link.start()
    await settle()
    lane = server.opened[0]
    await server.clock.advance(4.1)
    assert lane.commands[2:] == [("PING",), ("PING",)]
    await link.ask("GET", "a")
    await server.clock.advance(1.9)
    assert lane.commands[-1] == ("GET", "a")


async def test_what_is_posted_on_joining_comes_first(server: FakeServer, link: Link) -> None:
    link.on_join(lambda: link.post("SET", "told", 1))
    link.start()
    await settle()
    await link.ask("GET", "a")
    assert [command[1] for command in server.opened[0].commands[2:]] == ["told", "a"]


def test_a_bad_address_is_away_and_not_tried() -> None:
    link = Link("http://:secret@host", FakeClock())
    link.start()
    state = link.state()
    assert (state.status, state.error, state.url) == ("away", "badAddress", "")
