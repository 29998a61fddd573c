"""The only code that makes HTTP clients: pools shared by everyone with the same wiring.

A pool belongs to one (provider, address, TLS, proxy); tools with different keys share it, since the
key travels with each request. It is httpx's transport without httpx's client around it: redirects,
cookies and auth flows are not wanted here, and cost 0.2 ms a request.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Self

import httpx
import truststore

from libria_providers.errors import Disconnected, InvalidResponse, ProviderError, TimedOut
from libria_providers.types import Timeouts
from libria_providers.wiring import Wiring

MAX_CONNECTIONS = 1000
"""Of one pool. Idle ones are kept up to the same number: httpx keeps fewer than it is told when
the two differ (212 opened for 40 workers at its defaults, httpx 0.28.1)."""

KEEPALIVE_SECONDS = 55.0
"""Below the 60 s after which common load balancers drop an idle connection without a word."""

MAX_BODY_BYTES = 256 * 1024 * 1024
"""Of a reply that comes as one body."""

MAX_ERROR_BYTES = 1024 * 1024


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

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
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
        raw = "content-encoding" not in self.headers
        try:
            async for chunk in self._response.aiter_raw() if raw else self._response.aiter_bytes():
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
        try:
            async for chunk in self.chunks():
                pieces.append(chunk)
                if sum(map(len, pieces)) > MAX_ERROR_BYTES:
                    break
        except ProviderError:
            pass  # the status line says enough
        return b"".join(pieces)[:MAX_ERROR_BYTES]

    async def aclose(self) -> None:
        await self._response.aclose()


class Pool:
    """One httpx transport, and what is known of its use."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.in_use = 0  # requests between send and close
        self.opened = 0  # connections made so far
        self._transport: httpx.AsyncHTTPTransport | None = None
        self._urls: dict[str, httpx.URL] = {}  # parsed once: there are two or three of them

    def _open(self) -> httpx.AsyncHTTPTransport:
        if self._transport is None:
            self._transport = httpx.AsyncHTTPTransport(
                verify=_tls(self.wiring) if self.wiring.address.startswith("https") else False,
                proxy=self.wiring.proxy,
                http2=self.wiring.http2,
                trust_env=False,  # a client's own environment counts, not the daemon's
                limits=httpx.Limits(
                    max_connections=MAX_CONNECTIONS,
                    max_keepalive_connections=MAX_CONNECTIONS,
                    keepalive_expiry=KEEPALIVE_SECONDS,
                ),
            )
        return self._transport

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeouts: Timeouts
    ) -> Response:
        """One request; returns once the head of the reply has come. Raises Disconnected or
        TimedOut. A kept connection that dies before the first byte of the reply (llama.cpp closes
        after each stream without saying so) is replaced by a fresh one, once and unseen."""
        silence = max(timeouts.first_token, timeouts.idle)
        attempt = _Attempt()
        extensions = {
            "timeout": {"connect": timeouts.connect, "read": silence, "write": silence, "pool": timeouts.connect},
            "trace": attempt.trace,
        }
        while True:
            attempt.fresh = False
            try:
                request = httpx.Request(method, self._url(url), headers=headers, content=body, extensions=extensions)
                response = await self._open().handle_async_request(request)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
                if attempt.fresh or attempt.replaced:
                    raise _translate(error, "firstToken") from None
                attempt.replaced = True
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _translate(error, "firstToken") from None
            except asyncio.CancelledError:
                await self._sweep()
                raise
            else:
                self.opened += attempt.fresh
                response.request = request
                return Response(response)

    async def _sweep(self) -> None:
        """Close connections that no request holds and that will never be idle again.

        httpcore 1.0.9 keeps one for ever, with its socket and its slot, when its request was
        cancelled between connect and send (https://github.com/encode/httpcore/pull/1099)."""
        pool = _inner_pool(self._transport)
        if pool is None:
            return
        held = {id(request.connection) for request in pool._requests}
        for connection in list(pool._connections):
            if id(connection) not in held and not connection.is_idle() and not connection.is_closed():
                pool._connections.remove(connection)
                await connection.aclose()

    @property
    def open_connections(self) -> int:
        """Held or kept, now."""
        pool = _inner_pool(self._transport)
        return len(pool._connections) if pool is not None else 0

    def _url(self, url: str) -> httpx.URL:
        known = self._urls.get(url)
        if known is None:
            known = self._urls[url] = httpx.URL(url)
        return known

    async def aclose(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()


class _Attempt:
    """Whether the request at hand opened its own connection."""

    fresh = False
    replaced = False

    async def trace(self, event: str, _info: Mapping[str, object]) -> None:
        if event == "connection.connect_tcp.started":
            self.fresh = True


def _inner_pool(transport: httpx.AsyncHTTPTransport | None) -> Any:
    """httpcore's pool, whose state httpx does not show."""
    return getattr(transport, "_pool", None)


def _tls(wiring: Wiring) -> ssl.SSLContext:
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
        if "CERTIFICATE" in str(error).upper():
            return Disconnected(
                "The provider's certificate is not trusted; if a company proxy is in between, "
                "set SSL_CERT_FILE to its CA."
            )
        return Disconnected("The provider cannot be reached; check the network and the address.")
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return Disconnected("The provider's address is no valid URL; correct the base URL.")
    if isinstance(error, httpx.DecodingError):
        return InvalidResponse("The provider's reply cannot be decompressed; try again or name a fallback.")
    return Disconnected("The connection to the provider broke; try again or name a fallback.")
