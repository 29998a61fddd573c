"""One client's connection: requests one after the other, each answered by a sender, or a WebSocket."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, cast

from libria_providers.simulator.record import Book, Seen, digest, hidden
from libria_providers.simulator.sender import Plan, Sender
from libria_providers.simulator.wire import Malformed, Reader, Request, head

if TYPE_CHECKING:
    from libria_providers.simulator.websocket import WebSocket

_MOST_AHEAD = 1024 * 1024  # bytes of requests that came before their turn


class Answerer(Protocol):
    """Who decides what is answered; the server."""

    def plan(self, request: Request, seen: Seen) -> Plan: ...

    def plan_message(self, request: Request, seen: Seen, lane: str | None) -> Plan: ...

    def speaks_websocket(self, request: Request) -> bool: ...

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
        self._websocket: WebSocket | None = None
        self._uses = 0
        self._ahead = 0
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=256 * 1024, low=32 * 1024)
        self._number = self._answerer.connected(self)

    def data_received(self, data: bytes) -> None:
        if self._websocket is not None:
            self._websocket.feed(data)
            return
        self._reader.feed(data)
        if self._sender is None:
            self._next()
            return
        self._ahead += len(data)
        if self._ahead > _MOST_AHEAD:
            self._transport.abort()

    def eof_received(self) -> bool:
        self._lost()
        self._transport.abort()
        return False

    def pause_writing(self) -> None:
        self._paused = True
        if (sending := self._websocket or self._sender) is not None:
            sending.pause()

    def resume_writing(self) -> None:
        self._paused = False
        if (sending := self._websocket or self._sender) is not None:
            sending.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost()
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
        self._ahead = 0
        if self._answerer.speaks_websocket(request):
            self._become_websocket(request)
            return
        seen = self._see(request)
        plan = self._answerer.plan(request, seen)
        if not request.keep_alive and plan.end == "keep":
            plan.end = "close"
        self._sender = self._sending(plan, seen, self._answered)
        if self._paused:
            self._sender.pause()
        self._sender.start()

    def _become_websocket(self, request: Request) -> None:
        from libria_providers.simulator.websocket import WebSocket  # what it imports takes its time

        self._websocket = WebSocket(request, self._transport, self._answer_message)
        self._websocket.feed(self._reader.rest())

    def _answer_message(self, request: Request, lane: str | None, done: Callable[[], None]) -> Sender:
        seen = self._see(request)
        return self._sending(self._answerer.plan_message(request, seen, lane), seen, done)

    def _see(self, request: Request) -> Seen:
        self._uses += 1
        return Seen(
            time=asyncio.get_running_loop().time(),
            path=request.path,
            headers=hidden(request.headers),
            key=_key_digest(request),
            raw=request.body,
            connection=self._number,
            use=self._uses,
        )

    def _sending(self, plan: Plan, seen: Seen, done: Callable[[], None]) -> Sender:
        seen.status = plan.status
        self._book.add(seen)
        return Sender(plan, seen, self._book, self._transport, done)

    def _lost(self) -> None:
        if (sending := self._websocket or self._sender) is not None:
            sending.lost()

    def _answered(self) -> None:
        self._sender = None
        asyncio.get_running_loop().call_soon(self._next)


def key(request: Request) -> str | None:
    """The key as the client sent it: in whichever header, or (Gemini) in the query."""
    for name in ("x-api-key", "api-key", "x-goog-api-key"):
        if name in request.headers:
            return request.headers[name]
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value if scheme.lower() == "bearer" and value else request.asked("key")


def _key_digest(request: Request) -> str | None:
    found = key(request)
    return None if found is None else digest(found)
