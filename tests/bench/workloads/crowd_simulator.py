"""The simulator of the crowd, a process of its own: every delta of a stream says its number and when it was written."""

import asyncio
import re
import time
from typing import SupportsIndex, overload

import uvloop

from libria_providers.simulator import Simulator, wire
from libria_providers.simulator.record import Seen
from libria_providers.simulator.sender import Plan
from libria_providers.simulator.wire import Request

_HERE = b"TTTTTTTTTTTTTTTT"
_CONTENT = re.compile(rb'(?<="delta":\{"content":)"(?:[^"\\]|\\.)*"')


class CrowdSimulator(Simulator):
    def plan(self, request: Request, seen: Seen) -> Plan:
        plan = super().plan(request, seen)
        first, last = plan.paced
        pieces = plan.pieces[:]
        for place in range(first, last):
            event = pieces[place].partition(b"\r\n")[2][:-2]
            said = _CONTENT.sub(b'"#%05d@%b "' % (place - first, _HERE), event)
            pieces[place] = wire.chunk(said)
        plan.pieces = _Stamped(pieces)
        return plan


class _Stamped(list[bytes]):
    """Gives each piece the time at which the sender takes it."""

    @overload
    def __getitem__(self, place: SupportsIndex, /) -> bytes: ...
    @overload
    def __getitem__(self, place: slice, /) -> list[bytes]: ...
    def __getitem__(self, place: SupportsIndex | slice, /) -> bytes | list[bytes]:
        found = super().__getitem__(place)
        if isinstance(found, bytes):
            return found
        now = b"%016.6f" % time.monotonic()
        return [piece.replace(_HERE, now) for piece in found]


async def _serve() -> None:
    async with CrowdSimulator(keep=10) as simulator:
        print(simulator.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve())
