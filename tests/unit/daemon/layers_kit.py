"""What the tests of the layers share: calls, services, reading on the fake clock."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from libria.layers.breaker import BreakerPolicy
from libria.layers.budget import RetryBudget
from libria.layers.fallback import Fallback
from libria.layers.hedge import Hedge
from libria.layers.retry import Retry, RetryPolicy
from libria.layers.service import Service
from libria.testing import FakeClock
from libria_providers.types import Call, Delta, Finish, Message, Timeouts, Trace

DEFAULT = Timeouts()
POLICY = RetryPolicy(random=lambda: 1.0)
BREAKING = BreakerPolicy()


def a_call(clock: FakeClock, model: str = "p/m", *fallbacks: str, timeouts: Timeouts = DEFAULT) -> Call:
    return Call(
        model=model,
        messages=(Message("user", "hello"),),
        fallbacks=fallbacks,
        timeouts=timeouts,
        started=clock.now(),
        deadline=clock.now() + timeouts.total,
        trace=Trace(),
    )


def whole(text: str) -> list[list[Delta | Finish]]:
    return [[Delta(text)], [Finish("stop")]]


async def read(service: Service, call: Call) -> list[object]:
    reply = await service.send(call)
    events: list[object] = []
    try:
        async for batch in reply:
            events += batch
    finally:
        await reply.aclose()
    return events


async def finished(clock: FakeClock, work: "asyncio.Task[object]", limit: float = 1000.0) -> object:
    """What `work` comes to, time moving on as it waits."""
    spent = 0.0
    while not work.done() and spent < limit:
        await clock.advance(0.05)
        spent += 0.05
    return await work


def a_retry(service: Service, clock: FakeClock) -> Retry:
    return Retry(service, POLICY, clock, RetryBudget(clock), lambda: True)


@dataclass
class FakeTargets:
    """As fallback wants them: services by the provider's name."""

    services: dict[str, Service]
    windows: dict[str, int] = field(default_factory=dict)
    after: float | None = None

    def names(self, call: Call) -> Sequence[str]:
        return [call.model, *call.fallbacks]

    async def service(self, target: str, call: Call) -> Service:
        return self.services[target.partition("/")[0]]

    def window(self, target: str) -> int | None:
        return self.windows.get(target)

    def hedge_after(self, call: Call) -> float | None:
        return self.after


def a_fallback(clock: FakeClock, **services: Service) -> Fallback:
    return Fallback(FakeTargets(services), clock, Hedge(clock).race)
