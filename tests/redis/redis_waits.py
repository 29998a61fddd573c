"""Waiting for what a real server does in its own time."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from libria.stores.redis_link import Link

Join = Callable[..., Awaitable[Link]]


async def joined(link: Link, within: float = 5.0) -> float:
    """Wait until it is connected: the seconds that took."""
    return await comes(lambda: link.connected, within, lambda: str(link.state()))


async def comes(true: Callable[[], bool], within: float = 5.0, said: Callable[[], str] = str) -> float:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within, f"it does not come: {said()}"
        await asyncio.sleep(0.005)
    return time.monotonic() - began
