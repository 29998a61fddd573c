"""CPU time of admission and limit, a call that does not wait: in this process, without a provider."""

import asyncio
import time
from collections.abc import Coroutine

from tests.bench.figure import Figure, Goal
from tests.bench.rig import Rig
from tests.bench.samples import interleaved, median

from libria.clock import SystemClock
from libria.layers.admit import Admit
from libria.layers.limit import Limiter, Rates
from libria.layers.service import Service
from libria.stores.windows import LocalWindows
from libria_providers.reply import Batches, Reply
from libria_providers.types import Call, Delta, Finish, Headroom, Message, Usage

CALLS = 2_000  # in a block
ROUNDS, QUICK_ROUNDS = 15, 4
MUCH = 10**9

HEADROOM = tuple(Headroom(of, MUCH, MUCH - 5, 0.1, 60.0) for of in ("requests", "tokens"))

CASES = {
    "no limit": (Rates(), Rates(), ()),
    "the user's limits, of key and model": (Rates(MUCH, MUCH, MUCH), Rates(MUCH, MUCH, MUCH), ()),
    "limits from headers": (Rates(), Rates(), HEADROOM),
}


def run(rig: Rig, quick: bool) -> list[Figure]:
    return [_measured(name, *case, quick) for name, case in CASES.items()]


def _measured(name: str, of_key: Rates, of_target: Rates, headroom: tuple[Headroom, ...], quick: bool) -> Figure:
    clock = SystemClock()
    windows = LocalWindows(clock)
    limiter = Limiter(windows, clock, used=windows.used)
    bare = _Answers(headroom)
    layers = Admit(limiter.limit(bare, "p/m", "key", of_key, of_target), clock)
    blocks = {
        "libria": lambda: [_seconds(_asked(layers, limiter))],
        "bare": lambda: [_seconds(_asked(bare, limiter))],
    }
    times = interleaved(blocks, QUICK_ROUNDS if quick else ROUNDS)
    ours, none = (1e6 * median(times[name]) / CALLS for name in blocks)
    return Figure(
        name=f"admission and limit, a call, {name}",
        unit="µs",
        libria=ours,
        direct=none,
        beside="neither of them",
        goal=Goal(at_most=20, of="added"),
        note=f"CPU, median of {len(times['libria'])}, best {1e6 * min(times['libria']) / CALLS:.1f}",
    )


def _seconds(work: Coroutine[object, object, None]) -> float:
    begun = time.process_time()
    asyncio.run(work)
    return time.process_time() - begun


async def _asked(service: Service, limiter: Limiter) -> None:
    """As a client does: what is to be counted later is counted within the time."""
    call = Call(model="p/m", messages=(Message("user", "Why share one daemon? " * 20),), deadline=float("inf"))
    for number in range(CALLS):
        reply = await service.send(call)
        await reply.aclose()
        if number % 10 == 0:
            await asyncio.sleep(0)
    await limiter.aclose()


class _Answers:
    def __init__(self, headroom: tuple[Headroom, ...]) -> None:
        self._headroom = headroom

    async def send(self, call: Call) -> Reply:
        return Reply(_said(), target=call.model, close=_nothing_to_close, headroom=self._headroom)


async def _said() -> Batches:
    yield [Delta("Because.")]
    yield [Finish("stop", Usage(10, 20))]


async def _nothing_to_close() -> None:
    pass
