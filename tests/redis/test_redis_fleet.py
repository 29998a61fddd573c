"""Three processes on one Redis: never more than the limit together, and hardly less."""

import pytest
from fleet import shared
from real_redis import RealRedis


@pytest.mark.parametrize("tasks", [1, 5])
async def test_three_processes_share_a_limit(tasks: int, server: RealRedis) -> None:
    limit, seconds, windows = 30, 1.5, 3
    fleet = await shared(server.url, processes=3, limit=limit, seconds=seconds, duration=windows * seconds, tasks=tasks)
    assert fleet.errors == []
    assert fleet.most <= limit
    assert fleet.granted >= limit * (windows - 1)  # the figure itself is the bench's
    assert min(fleet.shares) > 0
