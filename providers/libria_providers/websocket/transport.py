"""Responses over a WebSocket in front of a pool, and everything else by the pool.

A kept connection saves the handshake of each call and lets the server keep what it knows of a conversation
(https://developers.openai.com/api/docs/guides/websocket-mode). Where there is none to be had, a call goes by POST.
"""

import asyncio
import ssl
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from libria_providers.errors import Disconnected, ProviderError, TimedOut
from libria_providers.http import Pool, Response, tls
from libria_providers.types import Timeouts
from libria_providers.websocket import message as messages
from libria_providers.websocket.connection import Connection
from libria_providers.websocket.lane import Lane, Lost, NotOpened
from libria_providers.websocket.response import SocketResponse
from libria_providers.websocket.site import HABITS, Habits, Site
from libria_providers.wiring import Wiring

if TYPE_CHECKING:
    from libria_providers.websocket.dial import Wire

MAX_CALL_BYTES = 1024 * 1024
"""A larger call goes by POST: sending it takes longer than a handshake, keeps the other calls of a connection from
being sent, and a server that finds it too large closes the connection under all of them (code 1009)."""

TRIES = 3
"""Connections that a call is sent on before it goes by POST: kept ones may have died."""

TOO_BIG = 1009

OF_ONE_REQUEST = frozenset({
    "accept", "accept-encoding", "connection", "content-length", "content-type", "host", "idempotency-key",
    "transfer-encoding", "x-client-request-id", "x-request-id",
})  # fmt: skip
"""Headers that are not the handshake's; all others say whose connection it is."""


class Sockets:
    """The transports of one engine, made when first asked for; `aclose` before the pools' own."""

    def __init__(self, habits: Habits = HABITS) -> None:
        self._habits = habits
        self._transports: dict[Wiring, SocketTransport] = {}

    def open(self, pool: Pool) -> "SocketTransport":
        transport = self._transports.get(pool.wiring)
        if transport is None:
            transport = self._transports[pool.wiring] = SocketTransport(pool, self._habits)
        return transport

    def all(self) -> list["SocketTransport"]:
        return list(self._transports.values())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        transports, self._transports = self.all(), {}
        for transport in transports:
            await transport.aclose()


class SocketTransport:
    """A Transport. Its figures are of the WebSockets alone; the pool has its own."""

    def __init__(self, pool: Pool, habits: Habits = HABITS) -> None:
        self.wiring = pool.wiring
        self.in_use = 0  # replies between send and close
        self.opened = 0  # connections made so far
        self._pool = pool
        self._habits = habits
        self._sites: dict[str, Site] = {}
        self._keys: dict[tuple[str, frozenset[tuple[str, str]]], _Key] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._tls: ssl.SSLContext | None = None

    @property
    def open_connections(self) -> int:
        """Held, kept, opening or closing, now."""
        return sum(len(key.connections) for key in self._keys.values()) + len(self._ending)

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeouts: Timeouts
    ) -> Response:
        """As the pool's; returns once the first message of the reply has come."""
        fields = _asked(method, url, headers, body)
        if fields is not None:
            key = self._key(url, headers)
            key.calls += 1
            try:
                response = await self._ask(key, fields, timeouts)
            finally:
                key.calls -= 1
            if response is not None:
                return response
        return await self._pool.send(method, url, headers, body, timeouts)

    async def aclose(self) -> None:
        for key in self._keys.values():
            for connection in list(key.connections):
                connection.close()
        while self._ending:
            await asyncio.wait(set(self._ending))
        self._keys.clear()

    def _key(self, url: str, headers: Mapping[str, str]) -> "_Key":
        """Whose connections to where; keys that are renewed (OAuth) do not pile up."""
        identity = {name.lower(): value for name, value in headers.items() if name.lower() not in OF_ONE_REQUEST}
        address = f"ws{url.removeprefix('http')}"
        name = (address, frozenset(identity.items()))
        key = self._keys.get(name)
        if key is None:
            now = asyncio.get_running_loop().time()
            for other in [other for other, kept in self._keys.items() if not kept.matters(now)]:
                del self._keys[other]
            site = self._sites.setdefault(address, Site())
            key = self._keys[name] = _Key(address, identity, site)
        return key

    async def _ask(self, key: "_Key", fields: messages.Create, timeouts: Timeouts) -> Response | None:
        """None where it goes by POST. Raises TimedOut."""
        silence = max(timeouts.first_token, timeouts.idle)
        for _ in range(TRIES):
            place = await self._place(key)
            if place is None:
                return None
            connection, lane = place
            self.in_use += 1
            response = None
            try:
                start = await self._begin(connection, lane, fields, timeouts.connect, silence)
                if start and not _unknown_name(key.site, lane, start[0]):
                    response = SocketResponse(lane, start, silence, partial(self._leave, key, connection, lane))
                    return response
                too_big = connection.lost is not None and connection.lost.code == TOO_BIG
                if not start and not lane.again and (too_big or not connection.proved):
                    if not too_big:
                        self._refuse(key, None)
                    return None
            except NotOpened as error:
                self._refuse(key, error.status)
                return None
            finally:
                if response is None:
                    self._leave(key, connection, lane)
        return None

    async def _begin(
        self, connection: Connection, lane: Lane, fields: messages.Create, connect: float, silence: float
    ) -> list[bytes]:
        """The first messages of the reply, none where the connection was lost before. Raises NotOpened, TimedOut."""
        await connection.ready(connect)
        try:
            async with asyncio.timeout(silence):
                await connection.send(lane, fields)
            return await lane.next(silence, "firstToken")
        except (Lost, Disconnected):
            return []
        except TimeoutError:
            raise TimedOut("The provider went silent; try again or name a fallback.", phase="firstToken") from None

    async def _place(self, key: "_Key") -> tuple[Connection, Lane] | None:
        """A lane on a connection with room, or on a new one; None where a WebSocket is not to be had."""
        clock = asyncio.get_running_loop().time
        connection = self._with_room(key, clock())
        if connection is None and key.site.lanes is None and key.connections:
            await key.site.news(self._habits.probe)  # a moment later all may share the one
            connection = self._with_room(key, clock())
        if connection is None and len(key.connections) < self._habits.connections and not key.refused(clock()):
            connection = self._open(key)
        return (connection, connection.take()) if connection else None

    def _with_room(self, key: "_Key", now: float) -> Connection | None:
        if key.refused(now):
            return None
        lanes = self._habits.lanes if key.site.lanes and now >= key.apart_until else 1
        return next((connection for connection in key.connections if connection.has_room(lanes)), None)

    def _open(self, key: "_Key") -> Connection:
        async def dial() -> "Wire":
            from libria_providers.websocket.dial import dial

            return await dial(key.address, key.headers, self.wiring.proxy, self._context(key.address))

        connection = Connection(
            key.site, self._habits, dial, opened=self._has_opened, gone=lambda gone: self._gone(key, gone)
        )
        key.connections.append(connection)
        return connection

    def _context(self, address: str) -> ssl.SSLContext | None:
        """Not the pool's, which may offer HTTP/2. Raises NotOpened."""
        proxied = (self.wiring.proxy or "").lower().startswith("https:")
        if self._tls is None and (address.startswith("wss:") or proxied):
            try:
                self._tls = tls(self.wiring)
            except ProviderError:
                raise NotOpened(None) from None  # the pool says what is wrong
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls

    def _has_opened(self) -> None:
        self.opened += 1

    def _gone(self, key: "_Key", connection: Connection) -> None:
        key.connections.remove(connection)
        self._ending.add(connection.task)
        connection.task.add_done_callback(self._ending.discard)

    def _leave(self, key: "_Key", connection: Connection, lane: Lane) -> None:
        self.in_use -= 1
        if connection.leave(lane):
            # Only its connection's end stops a reply that is cancelled: who cancels gets one for each call.
            key.apart_until = asyncio.get_running_loop().time() + self._habits.apart

    def _refuse(self, key: "_Key", status: int | None) -> None:
        """By POST for a while: for all, or for this key where it is the key that is refused."""
        who = key if status in (401, 403) else key.site
        who.refused_until = asyncio.get_running_loop().time() + self._habits.refused
        key.site.tell()


class _Key:
    """The connections with one set of credentials to one address."""

    def __init__(self, address: str, headers: Mapping[str, str], site: Site) -> None:
        self.address = address
        self.headers = headers
        self.site = site
        self.connections: list[Connection] = []
        self.calls = 0  # that look for a connection or wait for their reply's beginning
        self.refused_until = 0.0
        self.apart_until = 0.0

    def refused(self, now: float) -> bool:
        return now < max(self.refused_until, self.site.refused_until)

    def matters(self, now: float) -> bool:
        return bool(self.connections or self.calls) or now < max(self.refused_until, self.apart_until)


def _asked(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> messages.Create | None:
    """The call that `body` is, None where it goes by POST."""
    if method != "POST" or body is None or len(body) > MAX_CALL_BYTES:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.path.rstrip("/").endswith("/responses"):
        return None
    if not all(text.isascii() and text.isprintable() for pair in headers.items() for text in pair):
        return None  # the pool says what is wrong with it
    return messages.create(body)


def _unknown_name(site: Site, lane: Lane, message: bytes) -> bool:
    """Whether the server refused the call for its lane's name, which then no call to it has any more. ChatGPT's
    backend does (https://github.com/router-for-me/CLIProxyAPI/issues/5561); as others may say so in words of their
    own, the first call to an address that is refused as a bad request is sent again without."""
    envelope = messages.read(message)
    if not lane.named or site.lanes is not None or envelope is None or not envelope.failed:
        return False
    refused = messages.refusal(message)
    unknown = b"stream_id" in message or refused is None or refused.status in (400, 422)
    if unknown:
        site.learn(False)
    return unknown
