"""One client's connection: requests one after the other, each answered by a sender."""

import asyncio
from typing import Protocol, cast

from libria_providers.simulator.record import Book, Seen, digest, hidden
from libria_providers.simulator.sender import Plan, Sender
from libria_providers.simulator.wire import Malformed, Reader, Request, head

_MOST_AHEAD = 1024 * 1024  # bytes of requests that came before their turn


class Answerer(Protocol):
    """Who decides what is answered; the server."""

    def plan(self, request: Request, seen: Seen) -> Plan: ...

    def connected(self, connection: "Connection") -> int:
        """Gives the connection its number."""
        ...

    def disconnected(self, connection: "Connection") -> None: ...


class Connection(asyncio.Protocol):
    """A client that closes its half hangs up: what is being sent stops at once."""

    def __init__(self, answerer: Answerer, book: Book) -> None:
        self._answerer = answerer
        self._book = book
        self._reader = Reader()
        self._sender: Sender | None = None
        self._uses = 0
        self._ahead = 0
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=256 * 1024, low=32 * 1024)
        self._number = self._answerer.connected(self)

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        if self._sender is None:
            self._next()
            return
        self._ahead += len(data)
        if self._ahead > _MOST_AHEAD:
            self._transport.abort()

    def eof_received(self) -> bool:
        if self._sender is not None:
            self._sender.lost()
        self._transport.abort()
        return False

    def pause_writing(self) -> None:
        self._paused = True
        if self._sender is not None:
            self._sender.pause()

    def resume_writing(self) -> None:
        self._paused = False
        if self._sender is not None:
            self._sender.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._sender is not None:
            self._sender.lost()
        self._answerer.disconnected(self)

    def close(self) -> None:
        """The simulator ends."""
        self._transport.abort()

    def _next(self) -> None:
        if self._transport.is_closing():
            return
        try:
            request = self._reader.next()
        except Malformed as wrong:
            self._transport.write(head(wrong.status, {"content-length": "0", "connection": "close"}))
            self._transport.close()
            return
        if request is None:
            return
        self._uses += 1
        self._ahead = 0
        seen = Seen(
            time=asyncio.get_running_loop().time(),
            path=request.path,
            headers=hidden(request.headers),
            key=_key_digest(request),
            raw=request.body,
            connection=self._number,
            use=self._uses,
        )
        plan = self._answerer.plan(request, seen)
        seen.status = plan.status
        if not request.keep_alive and plan.end == "keep":
            plan.end = "close"
        self._book.add(seen)
        self._sender = Sender(plan, seen, self._book, self._transport, self._answered)
        if self._paused:
            self._sender.pause()
        self._sender.start()

    def _answered(self) -> None:
        self._sender = None
        asyncio.get_running_loop().call_soon(self._next)


def key(request: Request) -> str | None:
    """The key as the client sent it, in whichever header."""
    for name in ("x-api-key", "api-key"):
        if name in request.headers:
            return request.headers[name]
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value if scheme.lower() == "bearer" and value else None


def _key_digest(request: Request) -> str | None:
    found = key(request)
    return None if found is None else digest(found)
