"""The sockets beneath httpcore's pools, read with as little ado as a read can have.

anyio makes a cancel scope and a timer for each read, and has the kernel stop and start watching the socket around it
(https://github.com/agronholm/anyio/blob/4.11.0/src/anyio/_backends/_asyncio.py, `SocketStream.receive`): 30 of the
110 µs that a delta cost with a thousand streams. Connecting, TLS and writing stay anyio's.
"""

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any

from anyio import BrokenResourceError, ClosedResourceError, EndOfStream
from anyio._backends._asyncio import SocketStream, StreamProtocol

from libria_providers.lean import httpcore

MOST_UNREAD = 256 * 1024
"""Bytes that nobody has read, from which the sender has to wait."""


class Network(httpcore.AsyncNetworkBackend):
    def __init__(self) -> None:
        self._inner: Any = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        made: Any = await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        stream: object = made._stream
        if type(stream) is not SocketStream:
            return made  # type: ignore[no-any-return]  # what we do not know stays as it is
        lean = made._stream = _Socket(stream._transport)  # pyright: ignore[reportPrivateUsage]  # it shows none
        return _Stream(made, lean)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Stream(httpcore.AsyncNetworkStream):
    """`inner` is httpcore's own, over `lean` or over TLS over `lean`."""

    def __init__(self, inner: Any, lean: "_Socket") -> None:
        self._inner = inner
        self._lean = lean
        self._receive = inner._stream.receive
        self.write = inner.write  # type: ignore[method-assign]  # as they are
        self.aclose = inner.aclose  # type: ignore[method-assign]

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        self._lean.patience = timeout
        try:
            data: bytes = await self._receive(max_bytes)
        except EndOfStream:
            return b""
        except (BrokenResourceError, ClosedResourceError) as error:
            raise httpcore.ReadError(str(error)) from error
        finally:
            self._lean.patience = None
        return data

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._inner.start_tls(ssl_context, server_hostname, timeout), self._lean)

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and self._lean.has_news():
            return True
        return self._inner.get_extra_info(info)


class _Socket(SocketStream):
    """`patience`: seconds that a read may wait, None for ever; a read that waits longer raises ReadTimeout."""

    def __init__(self, transport: asyncio.Transport) -> None:
        protocol = self._lean = _Protocol(transport)
        super().__init__(transport, protocol)
        transport.set_protocol(protocol)
        transport.resume_reading()
        self.patience: float | None = None

    async def receive(self, max_bytes: int = 65536) -> bytes:
        protocol, queue = self._lean, self._lean.read_queue
        while not queue:
            if self._closed:
                raise ClosedResourceError
            if protocol.exception is not None:
                raise BrokenResourceError from protocol.exception
            if protocol.is_at_eof or self._transport.is_closing():
                raise EndOfStream
            await protocol.more(self.patience)
        chunk = queue.popleft()
        if len(chunk) > max_bytes:
            queue.appendleft(chunk[max_bytes:])
            chunk = chunk[:max_bytes]
        protocol.taken(len(chunk))
        return chunk

    def has_news(self) -> bool:
        """Whether a read would not wait: for bytes, or for the end."""
        return bool(self._lean.read_queue) or self._lean.is_at_eof or self._transport.is_closing()


class _Protocol(StreamProtocol):
    """In the place of anyio's, which has no bound. One timer for many reads, moved on when it rings."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.connection_made(transport)
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._unread = 0
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    def data_received(self, data: bytes) -> None:
        self.read_queue.append(bytes(data))
        self._unread += len(data)
        if self._unread > MOST_UNREAD and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool | None:
        stays = super().eof_received()
        self._wake()
        return stays

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wake()

    async def more(self, patience: float | None) -> None:
        """Return once there is something, an end included. Raises ReadTimeout."""
        waiter = self._waiter = self._loop.create_future()
        if patience is None:
            self._until = float("inf")
        else:
            self._until = self._loop.time() + patience
            if self._timer is None or self._timer_at > self._until:
                self._arm()
        try:
            await waiter
        finally:
            self._waiter = None

    def taken(self, size: int) -> None:
        self._unread -= size
        if self._paused and not self._unread and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = self._until
        self._timer = self._loop.call_at(self._until, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done() or self._until == float("inf"):
            return  # the next read arms it again
        if self._loop.time() < self._until:
            self._arm()
        else:
            self._waiter.set_exception(httpcore.ReadTimeout("nothing came in time"))
