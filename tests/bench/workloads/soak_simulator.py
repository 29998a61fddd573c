"""The simulator of the soak, a process that is asked what it saw: a line in, a line of JSON out.

rough    now and then a call fails in passing, whatever it asks for
calm     no more
look     how many connections and calls are open, and the calls that ended since the last look
"""

import asyncio
import json
import re
import sys
from typing import Any

from tests.bench.workloads.soak_models import PASSING, seeded

from libria_providers.simulator import Simulator
from libria_providers.simulator.record import Seen
from libria_providers.simulator.sender import Plan
from libria_providers.simulator.wire import Request

ROUGH = 0.04  # of all calls
KEPT = 200_000  # between two looks
NUMBER = re.compile(rb"\(soak (\d+)\)")
"""In the prompts: which call of the bench a request belongs to."""


class SoakSimulator(Simulator):
    def __init__(self, seed: int) -> None:
        super().__init__(keep=KEPT)
        self.rough = False
        self._random = seeded(seed, "simulator")

    def plan(self, request: Request, seen: Seen) -> Plan:
        if self.rough and self._random.random() < ROUGH:
            self.script([self._random.choice(PASSING)])
        plan = super().plan(request, seen)
        self._player._script.clear()  # where the request was for no model, nobody has taken it
        return plan

    def look(self) -> dict[str, Any]:
        ended = [seen for seen in self.calls if seen.state != "open"]
        self.calls[:] = [seen for seen in self.calls if seen.state == "open"]
        return {
            "connections": self.connections,
            "made": self.connections_made,
            "requests": self.requests,
            "open": len(self.calls),
            "ended": [(_number(seen), seen.time, seen.ended, seen.state == "hung up") for seen in ended],
        }


def _number(seen: Seen) -> int | None:
    found = NUMBER.search(seen.raw)
    return int(found[1]) if found else None


async def _serve(seed: int) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with SoakSimulator(seed) as simulator:
        print(simulator.url, flush=True)
        while line := await reader.readline():
            word = line.strip()
            simulator.rough = simulator.rough if word == b"look" else word == b"rough"
            print(json.dumps(simulator.look() if word == b"look" else {}), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
