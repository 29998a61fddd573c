"""Several processes that share one limit on one Redis, and what they came to."""

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

STARTING = 0.2
"""Seconds for all of them to hear when it begins."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """`most` is what surely lay within one window; `shares` is each process's part of `granted`."""

    granted: int
    most: int
    shares: list[int]
    asked: int
    errors: list[str]


async def shared(url: str, *, processes: int, limit: int, seconds: float, duration: float, tasks: int) -> Fleet:
    figures = [str(figure) for figure in (limit, seconds, duration, tasks)]
    command = [sys.executable, str(Path(__file__).with_name("fleet_worker.py")), url, *figures]
    pipe = asyncio.subprocess.PIPE
    workers = [await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe) for _ in range(processes)]
    for worker in workers:
        assert worker.stdout is not None
        assert await worker.stdout.readline() == b"joined\n"
    start = b"%f\n" % (time.monotonic() + STARTING)
    said = [json.loads(out) for out, _ in await asyncio.gather(*(worker.communicate(start) for worker in workers))]
    grants = sorted((before, after) for one in said for before, after in one["granted"])
    return Fleet(
        len(grants),
        _most(grants, seconds),
        [len(one["granted"]) for one in said],
        sum(one["asked"] for one in said),
        [one["error"] for one in said if one["error"]],
    )


def _most(grants: list[tuple[float, float]], seconds: float) -> int:
    """Of grants whose moments are known between two others, as many as must have lain in one window."""
    return max(sum(after < start + seconds for _, after in grants[first:]) for first, (start, _) in enumerate(grants))
