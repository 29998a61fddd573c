"""Coalescing across machines: one asks, the others wait for what it keeps, but not for ever."""

import asyncio
from dataclasses import dataclass, field, replace

from libria.clock import cancel
from libria.layers.cache import Cache, CacheFigures, Identity
from libria.layers.cache_answers import Answers
from libria.layers.coalesce import Coalesce
from libria.stores.memory import MemoryStore
from libria.testing import SILENCE, FakeClock, FakeService, settle
from libria_providers.errors import Overloaded
from libria_providers.reply import Reply
from libria_providers.types import Call, Delta, Event, Finish, Message, Status, Timeouts, Trace


@dataclass
class SharedLeases:
    """One Redis, as each machine sees it. `log` is what was asked of it."""

    clock: FakeClock
    held: dict[bytes, asyncio.Event] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    async def acquire(self, key: bytes, seconds: float) -> bool:
        if key in self.held:
            self.log.append("refused")
            return False
        self.log.append("acquired")
        self.held[key] = asyncio.Event()
        return True

    async def released(self, key: bytes, seconds: float) -> None:
        late = asyncio.ensure_future(self.clock.sleep(seconds))
        gone = asyncio.ensure_future(self.held[key].wait())
        await asyncio.wait([late, gone], return_when=asyncio.FIRST_COMPLETED)
        late.cancel()
        gone.cancel()

    async def release(self, key: bytes) -> None:
        self.log.append("released")
        self.held.pop(key).set()


class Machine:
    def __init__(self, leases: SharedLeases, store: MemoryStore, *scripts: list[object]) -> None:
        self.clock = leases.clock
        self.service = FakeService(*scripts)  # type: ignore[arg-type]
        self.figures = CacheFigures()
        self.statuses: list[Status] = []
        look = Answers(store, 60.0, self.clock, self.figures).find
        coalesce = Coalesce(self.service, self.identify, self.clock, self.figures, look=look, leases=leases)
        self.cache = Cache(coalesce, store, self.identify, 60.0, self.clock, self.figures)

    async def identify(self, call: Call) -> Identity:
        return Identity("p/m", "d/1", "key")

    def ask(self, **changed: object) -> "asyncio.Task[tuple[list[Event], Reply]]":
        now = self.clock.now()
        trace = Trace(report=self.statuses.append)
        call = Call("p/m", (Message("user", "hi"),), temperature=0.0, started=now, deadline=now + 600, trace=trace)
        return asyncio.ensure_future(self._ask(replace(call, **changed)))  # type: ignore[arg-type]

    async def _ask(self, call: Call) -> tuple[list[Event], Reply]:
        reply = await self.cache.send(call)
        try:
            return [event async for batch in reply for event in batch], reply
        finally:
            await reply.aclose()


def answer(text: str) -> list[object]:
    return [[Delta(text)], [Finish("stop")]]


def rig() -> tuple[SharedLeases, MemoryStore]:
    clock = FakeClock()
    return SharedLeases(clock), MemoryStore(10**6, clock)


async def test_another_machine_gets_what_the_first_has_kept() -> None:
    leases, store = rig()
    gate = asyncio.Event()
    one, two = Machine(leases, store, answer("a")), Machine(leases, store)
    send = one.service.send

    async def held(call: Call) -> Reply:
        await gate.wait()
        return await send(call)

    one.service.send = held  # type: ignore[method-assign]
    first, second = one.ask(), two.ask()
    await settle()
    third = two.ask()
    await settle()
    assert two.statuses == [Status("waiting", reason="askedElsewhere", target="p/m")] * 2
    gate.set()
    await settle()
    assert (await first)[1].age is None
    for task in (second, third):
        events, reply = await task
        assert events == [Delta("a"), Finish("stop")]
        assert reply.age == 0.0
    assert not two.service.calls
    assert leases.log == ["acquired", "refused", "released"]
    assert (one.figures.stored, two.figures.stored, two.figures.joined) == (1, 0, 1)


async def test_a_machine_that_never_answers_is_not_waited_for_for_ever() -> None:
    leases, store = rig()
    one, two = Machine(leases, store, [SILENCE]), Machine(leases, store, answer("b"))
    first = one.ask()
    await settle()
    second = two.ask(timeouts=Timeouts(first_token=3.0))
    await leases.clock.advance(2.9)
    assert not two.service.calls
    await leases.clock.advance(0.2)
    assert (await second)[0] == [Delta("b"), Finish("stop")]
    cancel(first)
    await settle()
    assert leases.log[-1] == "released"
    assert not leases.held


async def test_a_failure_is_no_answer_and_the_next_one_asks() -> None:
    leases, store = rig()
    one, two = Machine(leases, store, [Overloaded("busy")]), Machine(leases, store, answer("b"))
    leases.held[b"other"] = asyncio.Event()
    first = one.ask()
    second = two.ask()
    await settle()
    assert isinstance(first.exception(), Overloaded)
    assert (await second)[0] == [Delta("b"), Finish("stop")]
    assert leases.log.count("acquired") == leases.log.count("released")


async def test_who_has_little_time_waits_for_half_of_it() -> None:
    leases, store = rig()
    one, two = Machine(leases, store, [SILENCE]), Machine(leases, store, answer("b"))
    first = one.ask()
    await settle()
    second = two.ask(deadline=leases.clock.now() + 4.0)
    await leases.clock.advance(2.0)
    assert (await second)[0][-1] == Finish("stop")
    cancel(first)
    await settle()
