"""Three real daemons and very many calls at once: they are busy, and Redis is there all the same."""

from fleet_daemons import shared
from real_redis import RealRedis

LIMIT = 60


async def test_a_burst_at_three_daemons_takes_the_limit_and_no_more(server: RealRedis) -> None:
    """Answers that a busy loop read too late once made each daemon take its local share besides."""
    fleet = await shared(server.url, rpm=LIMIT, calls=110, seconds=8.0)
    assert len(fleet.times) == LIMIT
    assert sum(fleet.answers) <= LIMIT
