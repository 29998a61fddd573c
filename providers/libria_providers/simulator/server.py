"""The simulator: a server on loopback that speaks as the vendors of language models do."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Self

from libria_providers.simulator import http_plan, routes, websocket_plan
from libria_providers.simulator.connection import Connection
from libria_providers.simulator.player import Player
from libria_providers.simulator.record import Book, Seen
from libria_providers.simulator.sender import Plan
from libria_providers.simulator.wire import Request


class Simulator:
    """`pace` is the deltas a second of every model that does not say its own `rate`; 0 is as fast
    as it goes, None leaves each model its pace. `key` is the only key that is accepted; None accepts
    any, or none. `aliases` gives real models' names to simulated ones: `{"gpt-5-mini": "story"}`.
    `keep` is how many calls are remembered; without `websocket` a handshake is refused. Belongs to the
    event loop it was started in."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        pace: float | None = None,
        key: str | None = None,
        aliases: Mapping[str, str] | None = None,
        keep: int = 1000,
        websocket: bool = True,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._host = host
        self._port = port
        self._pace = pace
        self._websocket = websocket
        self._player = Player(key, aliases or {}, now)
        self._book = Book(keep)
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self.connections_made = 0
        self.url = ""

    @property
    def calls(self) -> list[Seen]:
        """What the provider saw, the oldest first. Live: entries change while a call goes on."""
        return self._book.calls

    @property
    def requests(self) -> int:
        """How many there were in all."""
        return self._player.requests

    @property
    def connections(self) -> int:
        """How many are open now."""
        return len(self._connections)

    def script(self, names: Iterable[str]) -> None:
        """The next calls are answered as these names say, in this order, whatever model they ask for.
        A name that begins with "+" adds to what was asked for; "" is what was asked for. Raises
        UnknownModel."""
        self._player.script(names)

    def unscript(self) -> None:
        """What was scripted and not yet played is forgotten: calls are answered by their model's name again."""
        self._player.unscript()

    async def wait_for(self, predicate: Callable[[Seen], object], *, count: int = 1, within: float = 10.0) -> Seen:
        """The first call of which `predicate` holds, or the `count`th, as soon as there is one.
        Raises TimeoutError after `within` seconds."""
        return await self._book.wait_for(predicate, count=count, within=within)

    async def start(self) -> None:
        """Listens; from now on `url` is set, without a path and without a slash at its end."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self, self._book), self._host, self._port, backlog=1024
        )
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{port}"

    async def stop(self) -> None:
        """Ends at once: open connections are aborted."""
        if self._server is not None:
            self._server.close()
            for connection in list(self._connections):
                connection.close()
            await self._server.wait_closed()
            self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def connected(self, connection: Connection) -> int:
        self._connections.add(connection)
        self.connections_made += 1
        return self.connections_made

    def disconnected(self, connection: Connection) -> None:
        self._connections.discard(connection)

    def plan(self, request: Request, seen: Seen) -> Plan:
        """What is answered to `request`; called once for each, by its connection."""
        return http_plan.plan(self._player.play(request, seen), self._pace)

    def plan_message(self, request: Request, seen: Seen, lane: str | None) -> Plan:
        """The same for a `request` that came as one message of a WebSocket, on its `lane`."""
        return websocket_plan.plan(self._player.play(request, seen), self._pace, lane)

    def speaks_websocket(self, request: Request) -> bool:
        """Whether the connection of `request` becomes a WebSocket."""
        known = self._player.stranger(request) is None
        return self._websocket and known and routes.speaks_websocket(request)
