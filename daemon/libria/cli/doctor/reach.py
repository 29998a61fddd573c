"""Whether an address answers, asked by the way that calls go: the same proxy, CA and pool."""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Thread
from time import perf_counter
from typing import Any

from libria.cli.doctor.clock import off_by
from libria_providers.errors import ProviderError
from libria_providers.http import Pools
from libria_providers.types import Timeouts
from libria_providers.wiring import wiring

LIMIT = 3.0
"""Seconds for each address; they are asked all at once."""


@dataclass(frozen=True, slots=True)
class Reach:
    """`detail` says why it does not answer; `clock_behind` is by how many seconds its clock is ahead of ours."""

    answers: bool
    detail: str = ""
    milliseconds: float = 0.0
    clock_behind: float | None = None


def reach_all(addresses: Mapping[str, str], env: Mapping[str, str]) -> dict[str, Reach]:
    """By provider, for addresses by provider. No key goes out."""
    return asyncio.run(_reach_all(addresses, env))


async def _reach_all(addresses: Mapping[str, str], env: Mapping[str, str]) -> dict[str, Reach]:
    asyncio.get_running_loop().set_default_executor(_Apart())
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
            behind = off_by(response.headers.get("date"), time.time())
            await response.aclose()
    except ProviderError as error:
        return Reach(False, error.message)
    except TimeoutError:
        return Reach(False, f"It did not answer within {LIMIT:g} s.")
    return Reach(True, milliseconds=(perf_counter() - started) * 1000, clock_behind=behind)


class _Apart(ThreadPoolExecutor):
    """A thread for each look-up of a name that nobody waits for: without a network they take many seconds, cannot be
    interrupted, and would hold up the end of the process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:  # noqa: BLE001  # handed over
                future.set_exception(error)

        Thread(target=run, daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing is waited for."""
