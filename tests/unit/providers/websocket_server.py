"""A server of Responses over WebSocket on loopback, whose every word a test decides."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Self

import websockets.asyncio.server
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from libria_providers.types import Timeouts
from libria_providers.websocket.site import Habits
from libria_providers.websocket.transport import SocketTransport
from libria_providers.wiring import wiring

HEADERS = {"authorization": "Bearer k", "content-type": "application/json", "user-agent": "libria"}


def body(text: str = "hi", **fields: Any) -> bytes:
    return json.dumps({"model": "m", "input": text, "stream": True, **fields}).encode()


class Asked:
    """A response.create, and how to answer it."""

    def __init__(self, connection: ServerConnection, fields: dict[str, Any], *, echo: bool) -> None:
        self.connection = connection
        self.fields = fields
        self.lane = fields.get("stream_id") if echo else None

    @property
    def text(self) -> str:
        return str(self.fields["input"])

    async def say(self, *types: str, **fields: Any) -> None:
        for name in types:
            event = {"type": name, **fields}
            if self.lane is not None:
                event["stream_id"] = self.lane
            await self.connection.send(json.dumps(event))

    async def answer(self, text: str) -> None:
        await self.say("response.created")
        await self.say("response.output_text.delta", delta=text)
        await self.say("response.completed", response={"status": "completed"})


async def echo_text(asked: Asked) -> None:
    await asked.answer(asked.text)


class Server:
    """`answer` is called in a task of its own for each call; `refuse` is the status of the handshake's refusal."""

    def __init__(
        self,
        answer: Callable[[Asked], Awaitable[None]] = echo_text,
        *,
        echo: bool = True,
        refuse: Callable[[Request], int | None] = lambda _request: None,
        **options: Any,
    ) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.opened: list[Request] = []
        self.live: set[ServerConnection] = set()
        self.news = asyncio.Condition()
        self.location = ""
        self._echo = echo
        self._refuse = refuse
        self._options = options
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await websockets.asyncio.server.serve(
            self._serve,
            "127.0.0.1",
            0,
            process_request=self._meet,
            compression=None,
            close_timeout=0.1,
            **self._options,
        )
        scheme = "https" if "ssl" in self._options else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1/responses"
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        self._server.close()
        await self._server.wait_closed()

    async def until(self, met: Callable[[], bool]) -> None:
        async with asyncio.timeout(5), self.news:
            await self.news.wait_for(met)

    def _meet(self, connection: ServerConnection, request: Request) -> Response | None:
        self.opened.append(request)
        status = self._refuse(request)
        if not status:
            return None
        response = connection.respond(HTTPStatus(status), "no")
        if self.location:
            response.headers["location"] = self.location
        return response

    async def _serve(self, connection: ServerConnection) -> None:
        self.live.add(connection)
        try:
            async for message in connection:
                asked = Asked(connection, json.loads(message), echo=self._echo)
                self.asked.append(asked)
                self._tasks.add(task := asyncio.ensure_future(self._answer(asked)))
                task.add_done_callback(self._tasks.discard)
                await self._tell()
        except ConnectionClosed:
            pass
        finally:
            self.live.discard(connection)
            await self._tell()

    async def _answer(self, asked: Asked) -> None:
        with suppress(ConnectionClosed):
            await self.answer(asked)

    async def _tell(self) -> None:
        async with self.news:
            self.news.notify_all()


class Posted:
    """A stand-in for the pool: what came to it."""

    def __init__(self, url: str, env: Mapping[str, str] | None = None) -> None:
        self.wiring = wiring("x", url, env or {})
        self.calls: list[tuple[str, str]] = []
        self.error: Exception | None = None

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, _: Timeouts) -> str:
        self.calls.append((method, url))
        if self.error is not None:
            raise self.error
        return "posted"


def transport(url: str, env: Mapping[str, str] | None = None, **habits: float) -> SocketTransport:
    return SocketTransport(Posted(url, env), Habits(**habits))  # type: ignore[arg-type]  # all of a pool that it uses


async def ask(
    sockets: SocketTransport, url: str, text: str = "hi", headers: Mapping[str, str] = HEADERS, **timeouts: float
) -> list[dict[str, Any]]:
    """The events of a reply that is read to its end."""
    response = await sockets.send("POST", url, headers, body(text), Timeouts(**timeouts))
    try:
        return events(await response.read())
    finally:
        await response.aclose()


def events(stream: bytes) -> list[dict[str, Any]]:
    return [json.loads(piece.removeprefix(b"data: ")) for piece in stream.split(b"\n\n") if piece]


def text_of(found: list[dict[str, Any]]) -> str:
    assert found[-1]["type"] == "response.completed", found
    return "".join(event.get("delta", "") for event in found)
