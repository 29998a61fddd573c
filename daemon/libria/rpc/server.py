"""All connections of one process: takes them in, counts them, lets them finish."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from itertools import count
from typing import Literal

from libria import __version__
from libria.connect.loopback import Secrets
from libria.connect.upgrade import older
from libria.engine import Engine
from libria.handover import limits_of, state_of
from libria.paths import state_dir
from libria.rpc.connection import Connection
from libria.rpc.gate import Bounds, Gate, bounds_here
from libria.rpc.outbox import Progress
from libria.rpc.results import HandOverResult
from libria.session import Session
from libria.tasks.book import Tasks
from libria.tasks.shelf import Shelf

log = logging.getLogger("libria.serve")

DRAIN_SECONDS = 30.0
"""For calls in flight when the daemon is told to end."""

MOVED_SECONDS = 600.0
"""For calls in flight when another daemon has taken over: nobody waits for their end."""

GRACE_SECONDS = 1.0
"""After another has taken over, in which what is still on its way here is taken in and answered."""


class Server:
    """The host of the connections. `ended` is set once the last one has gone after `drain`, or
    nobody has come for `idle_exit` seconds. `refresh` is called before each request, `gone` when
    this server takes nobody in any more. Without an address it serves one connection. With `secrets` it
    listens by TCP, and who does not know them gets nothing."""

    def __init__(
        self, engine: Engine, *, address: str | None, gone: Callable[[], None], secrets: Secrets | None = None
    ) -> None:
        self.engine = engine
        self.address = address
        self.config_problem: str | None = None
        self.idle_exit = 1800.0
        self.refresh: Callable[[], None] = lambda: None
        shelf = Shelf(state_dir() / "tasks") if address is not None else None
        self.tasks = Tasks(engine, shelf, lambda journal: Progress(None, None, journal))
        self.gate = Gate(bounds_here() if address is not None else Bounds(first_frame=None), secrets)
        self._gone = gone
        self.ended = asyncio.Event()
        self._connections: set[Connection] = set()
        self._ids = count(1)
        self._listener: asyncio.Server | None = None
        self.moved = False
        self._draining = False
        self._timer: asyncio.TimerHandle | None = None
        engine.call_log.idle = self._may_end
        self._environment = dict(os.environ)  # for a client that gives none of its own

    def connection(self) -> Connection:
        """The protocol object of one more client."""
        self._stop_timer()
        session = Session(f"session-{next(self._ids)}", self.engine, self._environment, since=self.engine.clock.now())
        connection = Connection(self, session, self._closed, self.gate)
        self._connections.add(connection)
        if self._draining:
            connection.draining = True
        return connection

    async def listen(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        if listener.family == socket.AF_INET:
            self._listener = await loop.create_server(self.connection, sock=listener, backlog=512)
        else:
            self._listener = await loop.create_unix_server(self.connection, sock=listener, backlog=512)
        self._start_timer()

    def sessions(self) -> list[Session]:
        return [connection.session for connection in self._connections]

    def hand_over(self, version: str, step: Literal["look", "state", "done"]) -> HandOverResult:
        """To a daemon of `version`. It listens already when it says "done"; nothing is lost if it never does."""
        alive = self.address is not None and not self._draining and not self.moved
        willing = alive and older(__version__, version)
        state = {} if not willing or step == "look" else state_of(self.engine) if step == "state" else {}
        if willing and step == "done":
            state = limits_of(self.engine)
            log.info("a newer daemon has taken over; this one finishes its calls")
            self.move()
        return HandOverResult(version=__version__, pid=os.getpid(), willing=willing, state=dict(state))

    def move(self) -> None:
        """Another daemon is where this one was, or will be: send everybody there, finish what is under way, end."""
        if self._draining or self.moved:
            return
        self.moved = True
        self._stop_timer()
        for connection in list(self._connections):
            connection.move()
        asyncio.get_running_loop().call_later(GRACE_SECONDS, self._drain, MOVED_SECONDS)

    def drain(self, waiting: Session | None = None) -> None:
        for connection in self._connections:
            connection.stays = connection.stays or connection.session is waiting
        self._drain(DRAIN_SECONDS)

    def _drain(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self.ended.set)
        if self._draining:
            return
        self._draining = True
        self._stop_timer()
        self._gone()
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._connections):
            connection.drain()
        self._may_end()

    def _closed(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._may_end()

    def _may_end(self) -> None:
        if any(not connection.stays for connection in self._connections):
            return
        if not self._draining and self.address is not None:
            if not self.moved:
                self._start_timer()
        elif not self._busy() or self.address is None:
            self.ended.set()

    def _busy(self) -> bool:
        """Whether calls are under way whose client wanted them finished without it. Each has its deadline."""
        return bool(self.engine.call_log.abandoned())

    def _idle(self) -> None:
        if self._busy():
            self._start_timer()
        else:
            self.drain()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(self.idle_exit, self._idle)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
