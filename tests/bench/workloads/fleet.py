"""Three processes that share 60 a minute on one Redis, for three minutes: never more, and hardly less."""

import asyncio

from tests.bench.figure import Figure, Goal
from tests.bench.rig import Rig
from tests.redis.fleet import shared
from tests.redis.real_redis import RealRedis, binaries

PROCESSES = 3
LIMIT, SECONDS = 60, 60.0
WINDOWS = 3
QUICK_SECONDS = 1.5


def run(rig: Rig, quick: bool) -> list[Figure]:
    found = binaries()
    if not found:
        return [Figure(name="most in any minute", unit="", libria=None, note="no server is installed")]
    seconds = QUICK_SECONDS if quick else SECONDS
    server = RealRedis(next(iter(found.values())))
    try:
        fleet = asyncio.run(
            shared(server.url, processes=PROCESSES, limit=LIMIT, seconds=seconds, duration=WINDOWS * seconds, tasks=4)
        )
    finally:
        server.end()
    note = f"{PROCESSES} processes took {', '.join(map(str, fleet.shares))} of {LIMIT} in {seconds:g} s"
    return [
        Figure(name="most in any window", unit="", libria=fleet.most, goal=Goal(at_most=LIMIT), note=note),
        Figure(
            name="of the limit reached",
            unit="%",
            libria=100 * fleet.granted / (LIMIT * WINDOWS),
            goal=Goal(at_least=95),
            note=f"{fleet.granted} in {WINDOWS} windows, asked {fleet.asked} times",
        ),
    ]
