"""One machine of a fleet: takes as much as it is given for so long, with several tasks, and prints when.

    python fleet_worker.py URL LIMIT SECONDS DURATION TASKS

Once it has joined it says so, and is told when to begin: a moment of the machine's monotonic clock. Each grant lies
between the two moments printed for it.
"""

import asyncio
import json
import secrets
import sys
import time

from libria.clock import SystemClock
from libria.layers.windows import Want
from libria.stores.redis_link import Link
from libria.stores.redis_windows import RedisWindows
from libria.stores.windows import LocalWindows


async def main(url: str, limit: int, seconds: float, duration: float, tasks: int) -> None:
    clock = SystemClock()
    link = Link(url, clock)
    windows = RedisWindows(link, LocalWindows(clock), clock, who=secrets.token_hex(4))
    joined = asyncio.Event()
    link.on_join(joined.set)
    link.start()
    await joined.wait()
    print("joined", flush=True)
    start = float(await asyncio.to_thread(sys.stdin.readline))
    granted: list[tuple[float, float]] = []
    asked = 0

    async def take() -> None:
        nonlocal asked
        while time.monotonic() < start + duration:
            before = time.monotonic()
            asked += 1
            wait = await windows.take([Want("fleet:requests", 1, limit, seconds)])
            if wait:
                await asyncio.sleep(min(wait, start + duration - time.monotonic()))
            else:
                granted.append((before, time.monotonic()))

    await asyncio.sleep(max(0.0, start - time.monotonic()))
    await asyncio.gather(*(take() for _ in range(tasks)))
    error = link.state().error
    await link.aclose()
    print(json.dumps({"granted": granted, "asked": asked, "error": error}))


if __name__ == "__main__":
    url, *figures = sys.argv[1:]
    limit, seconds, duration, tasks = map(float, figures)
    asyncio.run(main(url, int(limit), seconds, duration, int(tasks)))
