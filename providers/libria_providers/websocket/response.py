"""The HTTP reply that the messages of a lane stand for."""

from collections.abc import AsyncGenerator, Callable

from libria_providers.http import Response
from libria_providers.websocket import message as messages
from libria_providers.websocket.lane import Lane


class SocketResponse(Response):
    """A reply on a lane, as the HTTP reply that it stands for: 200 and server-sent events, or the status, headers and
    body of an error that says its status. Raises Disconnected where the connection is lost before the reply's end."""

    def __init__(self, lane: Lane, start: list[bytes], silence: float, left: Callable[[], None]) -> None:
        self._lane = lane
        self._start = start
        self._silence = silence
        self._left: Callable[[], None] | None = left
        self._chunks = None
        envelope = messages.read(start[0])
        refusal = messages.refusal(start[0]) if envelope is not None and envelope.failed else None
        self._refused = refusal is not None
        self.status = refusal.status if refusal else 200
        kind = "application/json" if refusal else "text/event-stream"
        self.headers = {**(refusal.headers if refusal else {}), "content-type": kind}

    async def _read(self) -> AsyncGenerator[bytes, None]:
        if self._refused:
            yield self._start[0]
            return
        said = self._start
        while said:
            yield b"".join(map(messages.event, said))
            said = await self._lane.next(self._silence, "idle")

    async def aclose(self) -> None:
        left, self._left = self._left, None
        if left is not None:
            left()
