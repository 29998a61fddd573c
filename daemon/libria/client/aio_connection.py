"""One connection to a daemon that all calls of an event loop share."""

import asyncio
import socket
from contextlib import suppress
from typing import Any

from libria.client.calls import Book, Call
from libria.client.connection import PATIENCE, PING, PING_WAIT
from libria.client.errors import DaemonGone
from libria.client.wire import Incoming

Json = Any  # whatever JSON can say

CLOSE_WAIT = 1.0
"""Seconds for the daemon to take what was said last."""


class AsyncConnection(asyncio.Protocol):
    """As `Connection` is. Methods that do not wait may be called from finalizers."""

    def __init__(self, connection: socket.socket) -> None:
        self.lost: DaemonGone | None = None
        self.heard = False
        self._socket = connection
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._incoming = Incoming()
        self._book = Book()
        self._watch: asyncio.TimerHandle | None = None
        self._count = 0  # of what came
        self._seen = 0  # of that, when the watch looked last
        self._pinged = False
        self._closed = asyncio.Event()

    @classmethod
    async def over(cls, connection: socket.socket) -> "AsyncConnection":
        loop = asyncio.get_running_loop()
        made = cls(connection)
        connection.setblocking(False)
        if connection.family == socket.AF_INET:
            await loop.create_connection(lambda: made, sock=connection)
        else:
            await loop.create_unix_connection(lambda: made, sock=connection)
        return made

    def ask(self, call: Call, frames: bytes) -> None:
        self._book.add(call)
        self._write(frames)
        if self._watch is None:
            self._look_later(PATIENCE)

    async def wait(self, call: Call) -> dict[str, Json] | None:
        """Its next progress, None once there is an outcome. Raises DaemonGone."""
        while not call.inbox and call.outcome is None:
            if self.lost is not None:
                raise DaemonGone(self.lost.message)  # one of its own for each that waits: they keep their tracebacks
            call.waiter = self._loop.create_future()
            try:
                await call.waiter
            finally:
                call.waiter = None
        return call.inbox.popleft() if call.inbox else None

    def cancel(self, call: Call) -> None:
        with suppress(RuntimeError):  # the loop has ended, and all connections with it
            self._write(call.cancel())

    def forget(self, call: Call) -> None:
        self._book.remove(call)

    async def close(self) -> None:
        self._lose(DaemonGone("The client was closed."))
        if self._transport is not None:
            self._transport.close()
            try:
                async with asyncio.timeout(CLOSE_WAIT):
                    await self._closed.wait()
            except TimeoutError:
                self._transport.abort()

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard = True
        self._count += 1
        try:
            for message in self._incoming.feed(data):
                calls, reply = self._book.take(message)
                for call in calls:
                    _wake(call)
                if reply:
                    self._write(reply)
        except DaemonGone as error:
            self._lose(error)
            if self._transport is not None:
                self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()
        self._lose(DaemonGone())

    def _write(self, frames: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frames)

    def _lose(self, why: DaemonGone) -> None:
        self.lost = self.lost or why
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        for call in self._book.calls.values():
            _wake(call)

    def _look_later(self, seconds: float) -> None:
        self._watch = self._loop.call_later(seconds, self._look)

    def _look(self) -> None:
        """Whether a daemon that is silent is there. What came while the loop was busy with something else has been
        taken before this is called."""
        self._watch = None
        if not self._book.calls:
            return
        if self._count != self._seen:
            self._seen, self._pinged = self._count, False
            self._look_later(PATIENCE)
        elif not self._pinged:
            self._pinged = True
            self._write(PING)
            self._look_later(PING_WAIT)
        else:
            self._loop.run_in_executor(None, self._end_hung)

    def _end_hung(self) -> None:
        """As the forwarder does: it holds up every tool of the user's. The connection ends with it."""
        from libria.connect.daemon import end_hung

        with suppress(OSError):
            end_hung(self._socket)


def _wake(call: Call) -> None:
    if call.waiter is not None and not call.waiter.done():
        call.waiter.set_result(None)
