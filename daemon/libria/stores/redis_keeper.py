"""Connects to Redis, sees that it is well, and connects again, for as long as it lives."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Protocol

from libria.clock import Clock, Watch
from libria.stores.redis_address import Address
from libria.stores.redis_connect import Lane, Server, connect
from libria.stores.redis_fault import Away, fault
from libria.stores.redis_question import answer_to

LIMIT = 0.040
"""Seconds for one answer."""

CONNECT = 1.0
"""Seconds to connect, while nobody waits for it."""

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 10.0)
"""Seconds between attempts to come back; from the first again once a connection has lasted the longest."""

BEAT = 2.0
"""Seconds after which a silent connection is tried, so that no call has to find out."""

PROBE = ("SET", "libria:1:probe", 1, "PX", 1000)

Connect = Callable[[Address, float], Awaitable[Server]]


class Kept(Protocol):
    """Who is told."""

    def joined(self, lane: Lane, round_trip: float) -> None: ...

    def left(self, lane: Lane, why: Away) -> None: ...

    def failed(self, why: Away) -> None:
        """An attempt came to nothing."""
        ...

    async def beat(self) -> None:
        """Every BEAT seconds while connected."""
        ...


class Keeper:
    """One task. While Redis is away it holds one attempt at most: nothing piles up, however long that is."""

    def __init__(
        self,
        address: Address,
        clock: Clock,
        kept: Kept,
        connect: Connect = connect,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._address = address
        self._clock = clock
        self._kept = kept
        self._connect = connect
        self._random = random
        self._task = asyncio.create_task(self._keep(), name="redis")

    async def aclose(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        server: Server | None = None
        turn = 0
        try:
            while True:
                lasted = 0.0
                try:
                    if server is None:
                        server = await self._connect(self._address, CONNECT / 2)
                    lasted = await self._attempt(server)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                    self._kept.failed(fault(error))
                turn = 0 if lasted >= PAUSES[-1] else turn
                # Machines that lost it together need not come back together.
                await self._clock.sleep(PAUSES[min(turn, len(PAUSES) - 1)] * (0.9 + 0.2 * self._random()))
                turn += 1
        finally:
            if server is not None:
                await server.aclose()
                await asyncio.sleep(0)  # in which the loop lets go of the socket

    async def _attempt(self, server: Server) -> float:
        """One connection, from its making to its end: the seconds that it was of use."""
        watch = Watch(self._clock)
        try:
            async with watch.until(self._clock.now() + CONNECT):
                lane = await server.open()
        finally:
            watch.stop()
        running = asyncio.create_task(lane.run())
        beating: asyncio.Task[None] | None = None
        try:
            round_trip = await self._probed(lane)
            joined = self._clock.now()
            self._kept.joined(lane, round_trip)
            beating = asyncio.create_task(self._beats())
            why = await asyncio.shield(running)
            self._kept.left(lane, why)
            return self._clock.now() - joined
        finally:
            lane.break_off(Away("disconnected"))
            self._kept.left(lane, Away("disconnected"))
            if beating is not None:
                beating.cancel()
            await asyncio.gather(running, *([beating] if beating else ()), return_exceptions=True)

    async def _probed(self, lane: Lane) -> float:
        """Seconds for an answer. Two small writes have to be answered in time: a ping alone is answered by a
        server that is full, or a replica, too; and the first may wait for what a new connection costs."""
        took = 0.0
        for _ in range(2):
            began = self._clock.now()
            said = await answer_to(PROBE, lane, self._clock, LIMIT, _nothing)
            if isinstance(said, Away):
                raise said
            took = self._clock.now() - began
        return took

    async def _beats(self) -> None:
        while True:
            await self._clock.sleep(BEAT)
            await self._kept.beat()


def _nothing() -> None:
    pass
