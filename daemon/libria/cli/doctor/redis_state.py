"""Redis, where it is configured: as the daemon finds it, else asked from here."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from libria.clock import SystemClock
from libria.stores.redis_link import Link

SECONDS = 2.0

WHAT_TO_DO = {
    "disconnected": "look whether it runs and whether the address is right",
    "timedOut": "it takes more than 50 ms: look at the network, and at its SLOWLOG",
    "readOnly": "the address is a replica's: name the primary",
    "loading": "it reads its data; wait",
    "full": "give it more memory or disk, or a maxmemory-policy that evicts",
    "busy": "a script blocks it; wait, or run SCRIPT KILL there",
    "down": "its cluster or its replicas are down; mend them",
    "credentialRejected": "correct the user name and the password in the address",
    "badAddress": "correct [redis] url",
}


@dataclass(frozen=True, slots=True)
class RedisFinding:
    """`url` without its password; `fault` says what is wrong and what to do."""

    url: str
    status: str
    round_trip_ms: float | None = None
    error: str | None = None

    @property
    def fault(self) -> str | None:
        if self.status != "away":
            return None
        advice = WHAT_TO_DO.get(self.error or "disconnected", "see its own log")
        return f"Redis at {self.url or 'the address'} is away ({self.error or 'no answer'}): {advice}"


def as_told(status: Mapping[str, Any]) -> RedisFinding | None:
    """What the daemon says; None where it uses none."""
    said: Mapping[str, Any] = status.get("redis") or {}
    if said.get("status", "off") == "off":
        return None
    return RedisFinding(said.get("url", ""), said["status"], said.get("roundTripMs"), said.get("error"))


async def ask(url: str) -> RedisFinding:
    """Connected as the daemon would connect."""
    link = Link(url, SystemClock())
    news = asyncio.Event()
    link.on_join(news.set)
    link.start()
    try:
        async with asyncio.timeout(SECONDS):
            while link.state().status == "away" and link.state().error is None:
                try:
                    async with asyncio.timeout(0.05):
                        await news.wait()
                except TimeoutError:
                    continue
    except TimeoutError:
        pass
    finally:
        state = link.state()
        await link.aclose()
    return RedisFinding(state.url, state.status, state.round_trip_ms, state.error)
