"""All connections of one process: takes them in, counts them, lets them finish."""

import asyncio
import os
import socket
from collections.abc import Callable
from itertools import count

from libria.engine import Engine
from libria.rpc.connection import Connection
from libria.session import Session

DRAIN_SECONDS = 30.0
"""For calls in flight when the daemon is told to end."""


class Server:
    """The host of the connections. `ended` is set once the last one has gone after `drain`, or
    nobody has come for `idle_exit` seconds. `refresh` is called before each request, `gone` when
    this server takes nobody in any more. Without an address it serves one connection."""

    def __init__(self, engine: Engine, *, address: str | None, gone: Callable[[], None]) -> None:
        self.engine = engine
        self.address = address
        self.config_problem: str | None = None
        self.idle_exit = 1800.0
        self.refresh: Callable[[], None] = lambda: None
        self._gone = gone
        self.ended = asyncio.Event()
        self._connections: set[Connection] = set()
        self._ids = count(1)
        self._listener: asyncio.Server | None = None
        self._draining = False
        self._timer: asyncio.TimerHandle | None = None
        self._environment = dict(os.environ)  # for a client that gives none of its own

    def connection(self) -> Connection:
        """The protocol object of one more client."""
        self._stop_timer()
        session = Session(f"session-{next(self._ids)}", self.engine, self._environment)
        connection = Connection(self, session, self._closed)
        self._connections.add(connection)
        if self._draining:
            connection.draining = True
        return connection

    async def listen(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_unix_server(self.connection, sock=listener, backlog=512)
        self._start_timer()

    def sessions(self) -> list[Session]:
        return [connection.session for connection in self._connections]

    def drain(self, waiting: Session | None = None) -> None:
        for connection in self._connections:
            connection.stays = connection.stays or connection.session is waiting
        if self._draining:
            return
        self._draining = True
        self._gone()
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._connections):
            connection.drain()
        loop = asyncio.get_running_loop()
        loop.call_later(DRAIN_SECONDS, self.ended.set)
        self._may_end()

    def _closed(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._may_end()

    def _may_end(self) -> None:
        if any(not connection.stays for connection in self._connections):
            return
        if self._draining or self.address is None:
            self.ended.set()
        else:
            self._start_timer()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(self.idle_exit, self.drain)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
