"""One test body for both of Libria's Python clients: the blocking one is awaited through threads."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from libria.client import AsyncClient, Client, Event

Result = Any  # of whichever method; the bodies look into it

_END = object()


class Both:
    """A `Client` or an `AsyncClient`, awaited alike."""

    def __init__(self, kind: str, **options: Any) -> None:
        self.client: Client | AsyncClient = Client(**options) if kind == "sync" else AsyncClient(**options)

    async def call(self, method: str, *arguments: Any, **options: Any) -> Result:
        function = getattr(self.client, method)
        if isinstance(self.client, Client):
            return await asyncio.to_thread(function, *arguments, **options)
        return await function(*arguments, **options)

    async def stream(self, method: str, *arguments: Any, **options: Any) -> "BothStream":
        function: Callable[..., Any] = getattr(self.client, method)
        if isinstance(self.client, Client):
            stream = await asyncio.to_thread(function, *arguments, **options)
        else:
            stream = await function(*arguments, **options).__aenter__()
        return BothStream(stream, threaded=isinstance(self.client, Client))

    async def close(self) -> None:
        await self.call("close")


class BothStream:
    def __init__(self, stream: Any, *, threaded: bool) -> None:
        self.stream = stream
        self._threaded = threaded

    async def next(self) -> Event | None:
        if self._threaded:
            event = await asyncio.to_thread(next, self.stream, _END)
            return None if event is _END else event
        try:
            event = await anext(self.stream)
        except StopAsyncIteration:
            return None
        return event

    async def events(self) -> AsyncIterator[Event]:
        while (event := await self.next()) is not None:
            yield event

    async def until(self, kind: type[Event], **fields: Any) -> Any:
        """The next event of `kind` with these `fields`."""
        async for event in self.events():
            if isinstance(event, kind) and all(getattr(event, name) == value for name, value in fields.items()):
                return event
        raise AssertionError(f"the stream ended without {kind.__name__} {fields}")

    async def wait(self) -> Result:
        return await (asyncio.to_thread(self.stream.wait) if self._threaded else self.stream.wait())

    async def text(self) -> str:
        text: str = await (asyncio.to_thread(self.stream.text) if self._threaded else self.stream.text())
        return text

    async def leave(self) -> None:
        """The end of its block."""
        if self._threaded:
            await asyncio.to_thread(self.stream.__exit__, None, None, None)
        else:
            await self.stream.__aexit__(None, None, None)
