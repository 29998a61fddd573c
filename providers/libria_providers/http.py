"""The only code that makes HTTP clients: pools shared by everyone with the same wiring.

A pool belongs to one (provider, address, TLS, proxy); tools with different keys share it, since the
key travels with each request. It is httpx's transport without httpx's client around it: redirects,
cookies and auth flows are not wanted here, and cost 0.2 ms a request.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, Self, cast

import anyio._backends._asyncio  # pyright: ignore[reportUnusedImport]  # noqa: F401  # else the first request pays 70 ms for it
import truststore

from libria_providers.errors import BadRequest, Disconnected, InvalidResponse, ProviderError, TimedOut
from libria_providers.lean import httpx
from libria_providers.network import Network
from libria_providers.types import Timeouts
from libria_providers.wiring import Wiring

SHARD_CONNECTIONS = 10
"""Of one shard. httpcore 1.0.9 looks at every pair of its connections at each request and each close
(`_assign_requests_to_connections`): 500 kept ones made a request cost 50 ms. Idle ones are kept up to
the same number: httpx keeps fewer than it is told when the two differ."""

KEPT_SHARDS = 3
"""Idle shards that keep their connections; those of a burst beyond them are closed when it is over."""

KEEPALIVE_SECONDS = 55.0
"""Below the 60 s after which common load balancers drop an idle connection without a word."""

MAX_BODY_BYTES = 256 * 1024 * 1024
"""Of a reply that comes as one body."""

MAX_ERROR_BYTES = 1024 * 1024


UNUSABLE = (
    "The provider's address, its proxy or a header cannot be used; "
    "check the base URL, HTTPS_PROXY and the headers in the config."
)


class Pools:
    """All pools of one engine, made when first asked for and closed together."""

    def __init__(self) -> None:
        self._pools: dict[Wiring, Pool] = {}

    def open(self, wiring: Wiring) -> "Pool":
        pool = self._pools.get(wiring)
        if pool is None:
            pool = self._pools[wiring] = Pool(wiring)
        return pool

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def all(self) -> list["Pool"]:
        return list(self._pools.values())

    async def aclose(self) -> None:
        pools, self._pools = self.all(), {}
        for pool in pools:
            await pool.aclose()


class Response:
    """A reply whose head has come. Whoever gets it closes it."""

    def __init__(self, response: httpx.Response, leave: Callable[[], Awaitable[None]]) -> None:
        self._response = response
        self._leave = leave
        self._chunks: AsyncGenerator[bytes, None] | None = None
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers  # look-up ignores case

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it arrives, decompressed where the provider compressed it unasked. There is
        one body: each call gives the same generator."""
        if self._chunks is None:
            self._chunks = self._read()
        return self._chunks

    async def _read(self) -> AsyncGenerator[bytes, None]:
        coding = self.headers.get("content-encoding", "identity").strip().lower()
        if coding not in ("identity", "gzip", "x-gzip", "deflate", ""):
            raise InvalidResponse(f"The provider compressed its reply with {coding[:20]}, which nobody asked for.")
        raw = coding in ("identity", "")
        try:
            # Not aiter_raw, which closes at the end: see aclose.
            async for chunk in (
                cast(httpx.AsyncByteStream, self._response.stream) if raw else self._response.aiter_bytes()
            ):
                yield chunk
        except httpx.HTTPError as error:
            raise _translate(error, "idle") from None

    async def read(self, limit: int = MAX_BODY_BYTES, start: bytes = b"") -> bytes:
        """The whole body, `start` being what was read of it. Raises InvalidResponse past `limit` bytes."""
        pieces = [start]
        size = len(start)
        async for chunk in self.chunks():
            size += len(chunk)
            if size > limit:
                raise InvalidResponse(f"The provider sent a body of more than {limit} bytes; ask for less at once.")
            pieces.append(chunk)
        return b"".join(pieces)

    async def read_error(self) -> bytes:
        """As much of an error's body as is worth reading; never raises for the connection."""
        pieces: list[bytes] = []
        size = 0
        with suppress(ProviderError):  # the status line says enough
            async for chunk in self.chunks():
                pieces.append(chunk)
                size += len(chunk)
                if size > MAX_ERROR_BYTES:
                    break
        return b"".join(pieces)[:MAX_ERROR_BYTES]

    async def aclose(self) -> None:
        """Once. Not to be interrupted: httpcore 1.0.9 shields its own closing from anyio's cancels,
        not from asyncio's, and one in the middle costs the connection's slot for ever."""
        await _undisturbed(self._closed())

    async def _closed(self) -> None:
        try:
            await self._response.aclose()
        finally:
            await self._leave()


class Pool:
    """The transports of one wiring, and what is known of their use."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.in_use = 0  # requests between send and close
        self.opened = 0  # connections made so far
        self._shards: list[_Shard] = []
        self._tls: ssl.SSLContext | None = None
        self._urls: dict[str, httpx.URL] = {}  # parsed once: there are two or three of them

    def _shard(self) -> "_Shard":
        """The first with room, so that few are used and their connections stay warm."""
        size = SHARD_CONNECTIONS if not self.wiring.http2 else 10 * SHARD_CONNECTIONS  # streams, there
        for shard in self._shards:
            if shard.in_use < size:
                return shard
        try:
            shard = _Shard(self._open())
        except ValueError:
            raise BadRequest(UNUSABLE) from None  # a proxy of an unknown kind
        self._shards.append(shard)
        return shard

    def _open(self) -> httpx.AsyncHTTPTransport:
        if self._tls is None and self.wiring.encrypted:
            self._tls = tls(self.wiring)
        return httpx.AsyncHTTPTransport(
            verify=self._tls or False,
            proxy=self.wiring.proxy,
            http2=self.wiring.http2,
            trust_env=False,  # a client's own environment counts, not the daemon's
            limits=httpx.Limits(
                max_connections=SHARD_CONNECTIONS,
                max_keepalive_connections=SHARD_CONNECTIONS,
                keepalive_expiry=KEEPALIVE_SECONDS,
            ),
        )

    async def _swept(self, shard: "_Shard") -> None:
        """A request of `shard` was cancelled."""
        try:
            await shard.sweep()
        finally:
            await self._leave(shard)

    async def _leave(self, shard: "_Shard") -> None:
        """A request of `shard` has ended."""
        shard.in_use -= 1
        self.in_use -= 1
        if shard.in_use or shard not in self._shards:
            return
        idle = [other for other in self._shards if not other.in_use]
        if len(idle) > KEPT_SHARDS or shard.spoiled:
            self._shards.remove(shard)
            await shard.transport.aclose()

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeouts: Timeouts
    ) -> Response:
        """One request; returns once the head of the reply has come. Raises Disconnected or
        TimedOut. A kept connection that dies before the first byte of the reply (llama.cpp closes
        after each stream without saying so) is replaced unseen, in the end by a fresh one."""
        silence = max(timeouts.first_token, timeouts.idle)
        attempt = _Attempt()
        extensions = {
            "timeout": {"connect": timeouts.connect, "read": silence, "write": silence, "pool": timeouts.connect},
            "trace": attempt.trace,
        }
        shard = self._shard()
        shard.in_use += 1
        self.in_use += 1
        try:
            response = await self._send(shard, attempt, method, url, headers, body, extensions)
        except asyncio.CancelledError:
            await _undisturbed(self._swept(shard))
            raise
        except BaseException:
            await self._leave(shard)
            raise
        self.opened += attempt.fresh
        return Response(response, lambda: self._leave(shard))

    async def _send(
        self,
        shard: "_Shard",
        attempt: "_Attempt",
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        extensions: dict[str, Any],
    ) -> httpx.Response:
        while True:
            attempt.fresh = False
            try:
                request = httpx.Request(method, self._url(url), headers=headers, content=body, extensions=extensions)
                response = await shard.transport.handle_async_request(request)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
                attempt.replaced += 1
                if attempt.fresh or attempt.replaced > SHARD_CONNECTIONS:
                    raise _translate(error, "firstToken") from None
                await shard.close_idle()
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _translate(error, "firstToken") from None
            except (ValueError, OverflowError, ExceptionGroup):
                # A port of 99999, a header that is no ASCII: httpx and anyio let these through.
                raise BadRequest(UNUSABLE) from None
            else:
                response.request = request
                return response

    @property
    def open_connections(self) -> int:
        """Held or kept, now."""
        return sum(len(shard.connections) for shard in self._shards)

    def _url(self, url: str) -> httpx.URL:
        known = self._urls.get(url)
        if known is None:
            known = self._urls[url] = httpx.URL(url)
        return known

    async def aclose(self) -> None:
        shards, self._shards = self._shards, []
        for shard in shards:
            await shard.transport.aclose()


class _Attempt:
    """Whether the request at hand opened its own connection."""

    fresh = False
    replaced = 0

    async def trace(self, event: str, _info: Mapping[str, object]) -> None:
        if event == "connection.connect_tcp.started":
            self.fresh = True


class _Shard:
    """One httpx transport, and httpcore's pool in it, whose state httpx does not show."""

    def __init__(self, transport: httpx.AsyncHTTPTransport) -> None:
        self.transport = transport
        self.in_use = 0
        self._pool: Any = getattr(transport, "_pool", None)
        if self._pool is not None:  # httpcore takes one, httpx does not hand it on
            self._pool._network_backend = Network()

    @property
    def connections(self) -> list[Any]:
        return list(self._pool._connections)

    @property
    def spoiled(self) -> bool:
        """Whether it holds what it must not when nothing is in use: requests, connections that are busy."""
        return bool(self._pool._requests) or any(
            not connection.is_idle() and not connection.is_closed() for connection in self.connections
        )

    async def close_idle(self) -> None:
        """Where one kept connection died, the others may be dead too, or the provider resets whoever asks: the
        request is sent once more on a fresh one, not once on each that is kept."""
        held = {id(request.connection) for request in self._pool._requests}
        for connection in self.connections:
            if id(connection) not in held and connection.is_idle():
                self._pool._connections.remove(connection)
                await connection.aclose()

    async def sweep(self) -> None:
        """Close connections that no request holds and that will never be idle again.

        httpcore 1.0.9 keeps one for ever, with its socket and its slot, when its request was
        cancelled between connect and send (https://github.com/encode/httpcore/pull/1099)."""
        held = {id(request.connection) for request in self._pool._requests}
        for connection in self.connections:
            if id(connection) not in held and not connection.is_idle() and not connection.is_closed():
                self._pool._connections.remove(connection)
                await connection.aclose()


async def _undisturbed(closing: Coroutine[Any, Any, None]) -> None:
    """`closing`, in a task of its own: a cancel ends the waiting for it, not the closing."""
    await asyncio.shield(asyncio.ensure_future(closing))


def tls(wiring: Wiring) -> ssl.SSLContext:
    """The CA that the user names, else the system's own store (which holds a company's CA, where
    the list that comes with httpx does not)."""
    if wiring.ca_file or wiring.ca_dir:
        try:
            return ssl.create_default_context(cafile=wiring.ca_file, capath=wiring.ca_dir)
        except OSError as error:
            raise Disconnected(
                f"The CA file {wiring.ca_file or wiring.ca_dir} cannot be used ({error.strerror or 'no certificate'}); "
                "correct SSL_CERT_FILE or SSL_CERT_DIR."
            ) from None
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _translate(error: Exception, phase: str) -> ProviderError:
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return TimedOut("The provider could not be reached in time; check the network or the address.", phase="connect")
    if isinstance(error, httpx.TimeoutException):
        return TimedOut("The provider went silent; try again or name a fallback.", phase=phase)
    if isinstance(error, httpx.ProxyError):
        return Disconnected("The proxy refused the connection; check HTTPS_PROXY and NO_PROXY.")
    if isinstance(error, httpx.ConnectError):
        if "hostname mismatch" in str(error).lower() or "ip address mismatch" in str(error).lower():
            return Disconnected("The certificate at the provider's address is for another name; check the address.")
        if "CERTIFICATE" in str(error).upper():
            return Disconnected(
                "The provider's certificate is not trusted; if a company proxy is in between, "
                "set SSL_CERT_FILE to its CA."
            )
        return Disconnected("The provider cannot be reached; check the network and the address.")
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return Disconnected("The provider's address is no valid URL; correct the base URL.")
    if isinstance(error, httpx.LocalProtocolError):
        return BadRequest("A header holds a character that cannot be sent; check the headers in the config.")
    if isinstance(error, httpx.DecodingError):
        return InvalidResponse("The provider's reply cannot be decompressed; try again or name a fallback.")
    return Disconnected("The connection to the provider broke; try again or name a fallback.")
