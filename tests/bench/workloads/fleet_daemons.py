"""Three daemons that share 60 a minute on one Redis, 110 calls at once at each, for three minutes."""

import asyncio

from tests.bench.figure import Figure, Goal
from tests.bench.rig import Rig
from tests.redis.fleet_daemons import MINUTE, shared
from tests.redis.real_redis import RealRedis, binaries

LIMIT, CALLS = 60, 110
MINUTES = 3
QUICK_SECONDS = 10.0


def run(rig: Rig, quick: bool) -> list[Figure]:
    found = binaries()
    if not found:
        return [Figure(name="most in any minute", unit="", libria=None, note="no server is installed")]
    server = RealRedis(next(iter(found.values())))
    try:
        seconds = QUICK_SECONDS if quick else MINUTES * MINUTE
        fleet = asyncio.run(shared(server.url, rpm=LIMIT, calls=CALLS, seconds=seconds))
    finally:
        server.end()
    could = LIMIT if quick else LIMIT * MINUTES
    return [
        Figure(
            name="most in any minute",
            unit="",
            libria=fleet.most,
            goal=Goal(at_most=LIMIT + 1),
            note=f"{len(fleet.answers)} daemons answered {', '.join(map(str, fleet.answers))}",
        ),
        Figure(
            name="of the limit reached",
            unit="%",
            libria=100 * len(fleet.times) / could,
            goal=Goal(at_least=95),
            note=f"{len(fleet.times)} calls in {seconds:g} s",
        ),
    ]
