"""What the tests of an outage share: a provider that is down for a while, and calls on the fake clock through the whole
stack, over real HTTP."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass

from libria.config import Config
from libria.engine import Engine
from libria.testing import FakeClock
from libria_providers.errors import ProviderError
from libria_providers.simulator import Simulator
from libria_providers.simulator.record import Seen
from libria_providers.simulator.sender import Plan
from libria_providers.simulator.wire import Request
from libria_providers.types import Attempt, Call, Message, Origin, Timeouts, Trace

TICK = 0.25
"""Seconds of the fake clock between two looks at real sockets."""

LOOK_SECONDS = 0.002

LIMITS = Timeouts()


@dataclass(frozen=True)
class Asked:
    """A request that the provider saw: when, by the fake clock, and when those had begun that were open then."""

    at: float
    beside: tuple[float, ...]


class Switched(Simulator):
    """`down` is what is wrong with it, "" while nothing is."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(pace=0, keep=10_000)
        self._clock = clock
        self._begun: list[tuple[Seen, float]] = []
        self.down = ""
        self.asked: list[Asked] = []

    def plan(self, request: Request, seen: Seen) -> Plan:
        now = self._clock.now()
        self.asked.append(Asked(now, tuple(at for call, at in self._begun if call.state == "open")))
        self._begun.append((seen, now))
        self.script([self.down])
        return super().plan(request, seen)

    def between(self, start: float, end: float) -> list[Asked]:
        return [asked for asked in self.asked if start <= asked.at < end]


@dataclass(frozen=True)
class Told:
    """What a call came to, and when: who answered, or the error."""

    begun: float
    ended: float
    attempts: Sequence[Attempt]
    target: str | None = None
    text: str = ""
    error: ProviderError | None = None

    def on(self, provider: str) -> int:
        """How many attempts it made on `provider`."""
        return sum(attempt.target.startswith(f"{provider}/") for attempt in self.attempts)


class Daemon:
    """One engine, whose OpenAI is `primary` and whose Groq is `other`. `opened` is when the primary's circuit was first
    seen open."""

    def __init__(self, clock: FakeClock, primary: Switched, other: Switched) -> None:
        self.engine = Engine(Config(), clock)
        self.primary = primary
        self.clock = clock
        self.opened: float | None = None
        self._env: Mapping[str, str] = {
            "OPENAI_BASE_URL": f"{primary.url}/v1",
            "OPENAI_API_KEY": "fake",
            "GROQ_BASE_URL": other.url,
            "GROQ_API_KEY": "fake",
        }

    async def ask(self, *models: str, timeouts: Timeouts = LIMITS) -> Told:
        """One call; somebody else lets time pass."""
        begun, trace = self.clock.now(), Trace()
        call = Call(
            model=models[0], fallbacks=models[1:], messages=(Message("user", "Hello"),), timeouts=timeouts,
            origin=Origin(env=self._env), started=begun, deadline=begun + timeouts.total, trace=trace,
        )  # fmt: skip
        try:
            reply = await self.engine.send(call)
            answer = await reply.read()
        except ProviderError as error:
            return Told(begun, self.clock.now(), trace.attempts, error=error)
        return Told(begun, self.clock.now(), trace.attempts, reply.target, answer.text)

    async def every(self, seconds: float, times: int, ask: Callable[[], Coroutine[None, None, Told]]) -> list[Told]:
        """`times` calls, one each `seconds`, whether those before are done or not; time passes until all are."""
        first = self.clock.now()
        tasks: list[asyncio.Task[Told]] = []
        while len(tasks) < times or not all(task.done() for task in tasks):
            while len(tasks) < times and self.clock.now() >= first + len(tasks) * seconds:
                tasks.append(asyncio.create_task(ask()))
            waiting = [task for task in tasks if not task.done()]
            if waiting:
                await asyncio.wait(waiting, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if self.opened is None and any(circuit.state != "closed" for _, circuit in self.engine.circuits()):
                self.opened = self.clock.now()
            if any(not task.done() for task in tasks):
                await self.clock.advance(TICK)
            elif len(tasks) < times:
                await self.clock.advance(first + len(tasks) * seconds - self.clock.now())
        return [task.result() for task in tasks]
