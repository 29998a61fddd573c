"""What the tests of limit and admit share: a provider that takes its time, and many who ask it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from layers_kit import a_call

from libria.layers.limit import Limit, Limiter, Rates, Want
from libria.layers.service import Service
from libria.stores.windows import LocalWindows
from libria.testing import FakeClock, settle
from libria_providers.errors import ProviderError
from libria_providers.reply import Batches, Reply
from libria_providers.types import Call, Delta, Finish, Headroom, Origin, Status, Timeouts, Usage

NONE = Rates()
USED = Usage(10, 20)


@dataclass
class Slow:
    """A provider whose answers take `seconds`. `answer` may raise, or say how its reply's headers are."""

    clock: FakeClock
    seconds: float = 0.0
    usage: Usage = USED
    answer: Callable[[Call], Sequence[Headroom] | None] = lambda _call: None
    calls: list[Call] = field(default_factory=list)
    at: list[float] = field(default_factory=list)  # when each was asked, from the start of the clock
    open: int = 0
    most: int = 0  # open at once

    async def send(self, call: Call) -> Reply:
        self.calls.append(call)
        self.at.append(self.clock.now() - 1000.0)
        said = self.answer(call)
        self.open += 1
        self.most = max(self.most, self.open)
        return Reply(self._play(), target=call.model, close=self._closed, headroom=tuple(said or ()))

    async def _play(self) -> Batches:
        yield [Delta("x")]
        if self.seconds:
            await self.clock.sleep(self.seconds)
        yield [Finish("stop", self.usage)]

    async def _closed(self) -> None:
        self.open -= 1

    @property
    def sessions(self) -> str:
        """Who was asked for, in order: the first letter of each session."""
        return "".join(call.origin.session[0] for call in self.calls)


@dataclass
class Asking:
    """A call on its way through `service`, and what it was told."""

    call: Call
    task: "asyncio.Task[None]"
    told: list[Status] = field(default_factory=list)
    error: ProviderError | None = None

    @property
    def places(self) -> list[int | None]:
        return [status.position for status in self.told]


def asking(service: Service, call: Call) -> Asking:
    async def ask() -> None:
        try:
            reply = await service.send(call)
        except ProviderError as error:
            made.error = error
            return
        await reply.read()

    call.trace.report = lambda status: made.told.append(status)
    made = Asking(call, asyncio.create_task(ask()))
    return made


def ask_for(
    clock: FakeClock,
    session: str = "s",
    model: str = "p/m",
    *,
    batch: bool = False,
    insist: bool = True,
    text: str = "hello",
    max_tokens: int | None = None,
    total: float = 600.0,
) -> Call:
    call = a_call(clock, model, timeouts=Timeouts(total=total))
    message = replace(call.messages[0], content=text)
    return replace(
        call,
        messages=(message,),
        origin=Origin(session=session),
        priority="batch" if batch else "interactive",
        insist=insist,
        max_tokens=max_tokens,
    )


class FarWindows(LocalWindows):
    """As if they were on another machine: each question and each answer takes a turn of the loop."""

    async def take(self, wants: Sequence[Want]) -> float:
        await asyncio.sleep(0)
        wait = await super().take(wants)
        await asyncio.sleep(0)
        return wait

    async def settle(self, wants: Sequence[Want]) -> None:
        await asyncio.sleep(0)
        await super().settle(wants)

    async def learn(self, want: Want) -> None:
        await asyncio.sleep(0)
        await super().learn(want)

    async def pause(self, key: str, seconds: float) -> None:
        await asyncio.sleep(0)
        await super().pause(key, seconds)


@dataclass
class Bench:
    """One limiter over one slow provider, and its layers by target and key."""

    clock: FakeClock
    inner: Slow
    limiter: Limiter

    @classmethod
    def of(cls, seconds: float = 0.0, usage: Usage = USED, *, far: bool = False) -> "Bench":
        clock = FakeClock()
        windows = FarWindows(clock) if far else LocalWindows(clock)
        return cls(clock, Slow(clock, seconds, usage), Limiter(windows, clock, used=windows.used))

    def layer(self, target: str = "p/m", key: str = "key", *, of_key: Rates = NONE, of_target: Rates = NONE) -> Limit:
        return self.limiter.limit(self.inner, target, key, of_key, of_target)

    def many(self, service: Service, count: int, session: str = "s", **options: object) -> list[Asking]:
        return [asking(service, ask_for(self.clock, session, **options)) for _ in range(count)]  # type: ignore[arg-type]

    async def ask(self, service: Service, **options: object) -> Asking:
        """One call, asked to its end while the clock stands still."""
        made = asking(service, ask_for(self.clock, **options))  # type: ignore[arg-type]
        await settle()
        return made

    def idle(self) -> bool:
        """Nothing is under way, held, waited for or timed any more."""
        return not self.clock.waiting and all(
            not state.at_once and not state.waiting for state in self.limiter.snapshot()
        )


def most_in_any(times: Sequence[float], seconds: float) -> int:
    """Of `times`, in order: the most that lie in any window of so many seconds."""
    most = first = 0
    for last, time in enumerate(times):
        while times[first] <= time - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


async def everything(made: Sequence[Asking]) -> None:
    await settle()
    assert all(one.task.done() for one in made)
