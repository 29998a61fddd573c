"""How WebSockets are kept, and what is known of the addresses they go to."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Habits:
    """`lanes` calls at once on a connection (OpenAI answers 16 and lets more wait), `connections` of one key. Seconds:
    between pings and for their answer; unused, before a connection is closed; of its whole life (OpenAI ends it after
    60 minutes, xAI after 25); without a new try where a WebSocket was refused; of a connection for each call of who
    has cancelled one; for the first call to show whether a server knows lanes; for a reader who holds up others; for
    the goodbye."""

    lanes: int = 16
    connections: int = 16
    ping: float = 20.0
    pong: float = 10.0
    idle: float = 300.0
    age: float = 24 * 60.0
    refused: float = 300.0
    apart: float = 600.0
    probe: float = 1.0
    stall: float = 2.0
    goodbye: float = 0.1


HABITS = Habits()


class Site:
    """What is known of an address: `lanes`, whether it tells replies apart by their name."""

    def __init__(self) -> None:
        self.lanes: bool | None = None
        self.refused_until = 0.0
        self._news = asyncio.Event()

    def learn(self, lanes: bool) -> None:
        """A server that once did not know them does not know them."""
        if self.lanes is not False and self.lanes is not lanes:
            self.lanes = lanes
            self.tell()

    def tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def news(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            pass
