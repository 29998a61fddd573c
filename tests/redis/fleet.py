"""Several processes that share one limit on one Redis, and what they came to."""

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

STARTING = 2.0
"""Seconds for all of them to import and to join."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """`most` is what surely lay within one window; `shares` is each process's part of `granted`."""

    granted: int
    most: int
    shares: list[int]
    asked: int
    errors: list[str]


async def shared(url: str, *, processes: int, limit: int, seconds: float, duration: float, tasks: int) -> Fleet:
    start = time.monotonic() + STARTING
    figures = [str(figure) for figure in (limit, seconds, duration, tasks, start)]
    command = [sys.executable, str(Path(__file__).with_name("fleet_worker.py")), url, *figures]
    workers = [await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE) for _ in range(processes)]
    said = [json.loads((await worker.communicate())[0]) for worker in workers]
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
