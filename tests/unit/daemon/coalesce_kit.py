"""Callers that share an upstream whose every word the test says."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from libria.layers.cache import CacheFigures, Identity
from libria.layers.coalesce import Coalesce
from libria.testing import FakeClock, settle
from libria_providers.errors import ProviderError
from libria_providers.reply import Reply
from libria_providers.types import (
    Attempt,
    Call,
    Delta,
    Event,
    Finish,
    Message,
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
