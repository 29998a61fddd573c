"""Opens a WebSocket. The only module that imports `websockets`, and imported by the first call that wants one: that
costs 36 ms."""

import asyncio
import logging
import ssl
from collections.abc import Mapping
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode

from libria_providers.frames import MAX_FRAME_BYTES
from libria_providers.websocket.lane import Lost, NotOpened

CLOSING_SECONDS = 1.0
"""For a server that said goodbye to end the connection, too."""


class _Connect(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc  # as everywhere here: a redirect would carry the key to another address


async def dial(url: str, headers: Mapping[str, str], proxy: str | None, tls: ssl.SSLContext | None) -> "Wire":
    """Raises NotOpened. Not bounded in time: the caller is."""
    secure = url.startswith("wss:")
    kwargs: dict[str, Any] = {"proxy_ssl": tls} if proxy and proxy.lower().startswith("https:") else {}
    try:
        connection = await _Connect(
            url,
            additional_headers={name: value for name, value in headers.items() if name != "user-agent"},
            user_agent_header=headers.get("user-agent"),
            proxy=proxy,
            ssl=tls if secure else None,
            compression=None,  # it would hold deltas back, and costs 300 kB a connection
            max_size=MAX_FRAME_BYTES,
            open_timeout=None,
            close_timeout=CLOSING_SECONDS,
            ping_interval=None,  # the connection's own keepalive knows when reading is held
            logger=logging.Logger("websockets", logging.CRITICAL + 1),  # it would log headers and messages
            **kwargs,
        )
    except InvalidStatus as error:
        raise NotOpened(error.response.status_code) from None
    except (WebSocketException, OSError, EOFError, ValueError, OverflowError, ImportError):
        # ImportError: a SOCKS proxy without python-socks. OSError: also TLS.
        raise NotOpened(None) from None
    return Wire(connection)


class Wire:
    """An open WebSocket; all but `aclose` raise Lost when it is gone."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, message: bytes) -> None:
        try:
            await self._connection.send(message, text=True)
        except ConnectionClosed as error:
            raise _lost(error) from None

    async def receive(self) -> bytes:
        try:
            return await self._connection.recv(decode=False)
        except ConnectionClosed as error:
            raise _lost(error) from None

    async def ping(self) -> None:
        """Return when the other end has answered."""
        try:
            await (await self._connection.ping())
        except ConnectionClosed as error:
            raise _lost(error) from None

    async def aclose(self, seconds: float) -> None:
        """Say goodbye, wait at most `seconds` for the answer, hang up."""
        try:
            async with asyncio.timeout(seconds):
                await self._connection.close()
        except TimeoutError:
            pass
        finally:
            self._connection.transport.abort()


def _lost(error: ConnectionClosed) -> Lost:
    received = error.rcvd.code if error.rcvd else None
    ours = error.sent is not None and error.sent.code == CloseCode.MESSAGE_TOO_BIG and not error.rcvd_then_sent
    return Lost(received, too_large=ours)
