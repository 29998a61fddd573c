"""A JSON-RPC client of its own, in LSP framing: it shares no code with Libria and forgives nothing."""

import asyncio
import contextlib
import json
import re
from collections.abc import Callable
from itertools import count
from typing import Any, Self

from e2e_tasks import check_task_message

Json = Any

WITHIN = 20.0
"""Seconds. Only ever an upper bound: nothing passes because time went by."""

PROMPT = "Tell me something that no log repeats."

HEADER = re.compile(rb"Content-Length: (\d+)\r\n\r\n")


class RpcFailed(Exception):
    """An error response, where a result was expected."""

    def __init__(self, error: dict[str, Json]) -> None:
        super().__init__(json.dumps(error))
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: dict[str, Json] = error.get("data") or {}


class Client:
    """One connection. `messages` is everything that came, in the order in which it came."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.messages: list[dict[str, Json]] = []
        self.fault: Exception | None = None  # the other side did not keep to the protocol
        self.closed = asyncio.Event()
        self._reader = reader
        self._writer = writer
        self._ids = count(1)
        self._waiters: list[asyncio.Future[None]] = []
        self._reading = asyncio.Event()
        self._reading.set()
        self._task = asyncio.create_task(self._read())

    async def request(self, method: str, params: Json = None) -> Json:
        """The result. Raises RpcFailed."""
        return await self.start(method, params).result()

    def start(self, method: str, params: Json = None, *, id: int | str | None = None) -> "Pending":
        number = next(self._ids) if id is None else id
        message: dict[str, Json] = {"jsonrpc": "2.0", "id": number, "method": method}
        if params is not None:
            message["params"] = params
        self.send(message)
        return Pending(self, number)

    def chat(self, model: str | None, prompt: str = PROMPT, **params: Json) -> "Chat":
        """`libria/chat` with a progress token, unless `partialResultToken=None` says otherwise."""
        number = next(self._ids)
        asked: dict[str, Json] = {
            "model": model,
            "messages": [{"role": "user", "content": prompt}],
            "partialResultToken": f"progress-{number}",
            **params,
        }
        asked = {name: value for name, value in asked.items() if value is not None}
        return Chat(self.start("libria/chat", asked, id=number), asked.get("partialResultToken"))

    def notify(self, method: str, params: Json = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params if params is not None else {}})

    def send(self, message: Json) -> None:
        body = json.dumps(message, ensure_ascii=False).encode()
        self.send_raw(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def send_raw(self, data: bytes) -> None:
        self._writer.write(data)

    async def drain(self) -> None:
        await self._writer.drain()

    async def initialize(self, **params: Json) -> Json:
        given = {"processId": None, "rootUri": None, "capabilities": {}, **params}
        result = await self.request("initialize", given)
        self.notify("initialized")
        return result

    def hold(self) -> None:
        """Stop reading, as a client does that is busy; what is under way fills the buffers."""
        self._reading.clear()

    def go_on(self) -> None:
        self._reading.set()

    async def until(self, predicate: Callable[[dict[str, Json]], object], what: str) -> dict[str, Json]:
        """The first message, come or to come, of which `predicate` holds."""
        looked = 0
        try:
            async with asyncio.timeout(WITHIN):
                while True:
                    while looked < len(self.messages):
                        looked += 1
                        if predicate(self.messages[looked - 1]):
                            return self.messages[looked - 1]
                    if self.fault is not None:
                        raise self.fault
                    if self.closed.is_set():
                        raise ConnectionError(f"closed while waiting for {what}; last: {self.messages[-3:]}")
                    waiter = asyncio.get_running_loop().create_future()
                    self._waiters.append(waiter)
                    await waiter
        except TimeoutError:
            raise TimeoutError(f"no {what} in {WITHIN:g} s; last: {self.messages[-3:]}") from None

    def index(self, message: dict[str, Json]) -> int:
        return next(i for i, one in enumerate(self.messages) if one is message)

    def values(self, token: int | str) -> list[dict[str, Json]]:
        """The progress of `token` so far."""
        return [
            message["params"]["value"]
            for message in self.messages
            if message.get("method") == "$/progress" and message["params"]["token"] == token
        ]

    async def close(self) -> None:
        """Hang up, without a word."""
        self._reading.set()
        self._writer.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _read(self) -> None:
        try:
            while True:
                await self._reading.wait()
                try:
                    header = await self._reader.readuntil(b"\r\n\r\n")
                except asyncio.IncompleteReadError as end:
                    if end.partial:
                        raise ValueError(f"bytes outside of a frame: {end.partial[:200]!r}") from None
                    return
                match = HEADER.fullmatch(header)
                if match is None:
                    raise ValueError(f"not a header: {header[:200]!r}")
                self._take(json.loads((await self._reader.readexactly(int(match[1]))).decode("utf-8")))
        except ConnectionError:
            pass
        except Exception as error:  # noqa: BLE001  # kept for whoever waits
            self.fault = error
        finally:
            self.closed.set()
            self._wake()

    def _take(self, message: dict[str, Json]) -> None:
        if message["jsonrpc"] != "2.0" or not ("method" in message) ^ ("result" in message) ^ ("error" in message):
            raise ValueError(f"not a JSON-RPC message: {message}")
        check_task_message(message)
        self.messages.append(message)
        self._wake()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


class Pending:
    """A request that was sent."""

    def __init__(self, client: Client, id: int | str) -> None:
        self.client = client
        self.id = id

    async def response(self) -> dict[str, Json]:
        def ours(message: dict[str, Json]) -> bool:
            return "method" not in message and message["id"] == self.id

        return await self.client.until(ours, f"response to {self.id!r}")

    async def result(self) -> Json:
        response = await self.response()
        if "error" in response:
            raise RpcFailed(response["error"])
        return response["result"]

    async def error(self) -> RpcFailed:
        response = await self.response()
        assert "error" in response, f"an error was expected: {str(response)[:500]}"
        return RpcFailed(response["error"])

    def cancel(self) -> None:
        self.client.notify("$/cancelRequest", {"id": self.id})


class Chat(Pending):
    """A `libria/chat` that was sent, and its progress."""

    def __init__(self, pending: Pending, token: int | str | None) -> None:
        super().__init__(pending.client, pending.id)
        self.token = token

    @property
    def progress(self) -> list[dict[str, Json]]:
        assert self.token is not None
        return self.client.values(self.token)

    async def seen(self, kind: str, **fields: Json) -> dict[str, Json]:
        """The first progress value of `kind` with these `fields`, come or to come."""

        def wanted(message: dict[str, Json]) -> bool:
            if message.get("method") != "$/progress" or message["params"]["token"] != self.token:
                return False
            value = message["params"]["value"]
            return value["kind"] == kind and all(value.get(name) == field for name, field in fields.items())

        value: dict[str, Json] = (await self.client.until(wanted, f"progress {kind} {fields}"))["params"]["value"]
        return value

    def text(self) -> str:
        """The deltas since the last reset."""
        text = ""
        for value in self.progress:
            if value["kind"] == "delta":
                text += value["text"]
            elif value["kind"] == "reset":
                text = ""
        return text

    def states(self) -> list[str]:
        return [value["state"] for value in self.progress if value["kind"] == "status"]

    async def in_order(self) -> None:
        """Once answered: the progress counts from 0, begins with `start` and came before the response."""
        response = await self.response()
        values = self.progress
        assert [value["seq"] for value in values] == list(range(len(values)))
        assert values[0]["kind"] == "start"
        assert all(value["kind"] != "start" for value in values[1:])
        last = max(i for i, one in enumerate(self.client.messages) if _token(one) == self.token)
        assert last < self.client.index(response), "progress came after the response"


def _token(message: dict[str, Json]) -> Json:
    return message["params"]["token"] if message.get("method") == "$/progress" else None
