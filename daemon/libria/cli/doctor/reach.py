"""Whether an address answers, asked by the way that calls go: the same proxy, CA and pool."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter

from libria_providers.errors import ProviderError
from libria_providers.http import Pools
from libria_providers.types import Timeouts
from libria_providers.wiring import wiring

LIMIT = 3.0
"""Seconds for each address; they are asked all at once."""


@dataclass(frozen=True, slots=True)
class Reach:
    """`detail` says why it does not answer."""

    answers: bool
    detail: str = ""
    milliseconds: float = 0.0


def reach_all(addresses: Mapping[str, str], env: Mapping[str, str]) -> dict[str, Reach]:
    """By provider, for addresses by provider. No key goes out."""
    return asyncio.run(_reach_all(addresses, env))


async def _reach_all(addresses: Mapping[str, str], env: Mapping[str, str]) -> dict[str, Reach]:
    pools = Pools()
    try:
        found = await asyncio.gather(*(_reach(pools, name, url, env) for name, url in addresses.items()))
    finally:
        await pools.aclose()
    return dict(zip(addresses, found, strict=True))


async def _reach(pools: Pools, name: str, url: str, env: Mapping[str, str]) -> Reach:
    """Any status is an answer: without a key 401 and 404 are what to expect."""
    started = perf_counter()
    timeouts = Timeouts(connect=LIMIT, first_token=LIMIT, idle=LIMIT, total=LIMIT)
    try:
        async with asyncio.timeout(LIMIT):
            pool = pools.open(wiring(name, url, env))
            response = await pool.send("GET", url, {"user-agent": "libria"}, None, timeouts)
            await response.aclose()
    except ProviderError as error:
        return Reach(False, error.message)
    except TimeoutError:
        return Reach(False, f"It did not answer within {LIMIT:g} s.")
    return Reach(True, milliseconds=(perf_counter() - started) * 1000)
