"""One reply that comes over a WebSocket: the messages of it that nobody has read yet."""

import asyncio

from libria_providers.errors import ProviderError, TimedOut

LANE_BYTES = 1024 * 1024
"""Held for one reader before reading waits for it; at least one message, which may be larger."""


class NotOpened(Exception):
    """There is no WebSocket to be had; `status` is that of a refused handshake."""

    def __init__(self, status: int | None) -> None:
        super().__init__(status)
        self.status = status


class Lost(Exception):
    """The connection is gone. `code` is what the server said when it closed it; `too_large`: we closed it, for a
    message beyond all bounds."""

    def __init__(self, code: int | None, *, too_large: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.too_large = too_large


class Lane:
    """`named`: the server was told its name. `sent`: the call may have reached the server. `began`: something of its
    reply came. `ended`: nothing more will. `again`: it ended before it began, through no fault of the call."""

    def __init__(self, name: str, *, named: bool) -> None:
        self.name = name
        self.named = named
        self.sent = False
        self.began = False
        self.ended = False
        self.again = False
        self._error: ProviderError | None = None
        self._messages: list[bytes] = []
        self._size = 0
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    @property
    def full(self) -> bool:
        return self._size > LANE_BYTES

    def put(self, message: bytes) -> None:
        self.began = True
        self._messages.append(message)
        self._size += len(message)
        self._news.set()

    def end(self, error: ProviderError | None = None, *, again: bool = False) -> None:
        """Nothing more will come; `error` is what whoever has read all that came is told."""
        if not self.ended:
            self.ended, self.again, self._error = True, again, error
        self._news.set()
        self._room.set()

    def drop(self) -> None:
        """Nobody reads on."""
        self._messages.clear()
        self._size = 0
        self._room.set()

    async def room(self) -> None:
        """Until what was held is read."""
        if self.full:
            self._room.clear()
            await self._room.wait()

    async def next(self, seconds: float, phase: str) -> list[bytes]:
        """What has come, at least one message; nothing at the end. Raises TimedOut after so many `seconds` of
        silence, and what ended it too soon."""
        if not self._messages and not self.ended:
            self._news.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._news.wait()
            except TimeoutError:
                raise TimedOut("The provider went silent; try again or name a fallback.", phase=phase) from None
        messages, self._messages = self._messages, []
        self._size = 0
        self._room.set()
        if not messages and self._error is not None:
            raise self._error
        return messages
