"""What the provider saw: the other side of a call, for tests to look at."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

_SECRET = ("authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie")

State = Literal["open", "done", "hung up"]


@dataclass(slots=True)
class Seen:
    """One request and what became of it.

    `time` is the loop's clock. `headers` have lower-case names; those that carry a secret say only
    "sha256:…", and `key` is that digest of the bare key. `model` is the name asked for, `played` the
    name that was answered as (a script's or an alias's). `state` is "done" once the simulator sent
    all it meant to, a planned fault included, and "hung up" when the client went first; `ended` is when,
    by the clock of `time`, 0 before that. `events` are HTTP chunks of a stream or messages of a
    WebSocket; `sent` counts all bytes of the reply. `connection` is a number from 1 and `use` says how
    many requests that connection had, this one included."""

    time: float
    path: str
    headers: Mapping[str, str]
    key: str | None
    raw: bytes = field(repr=False)
    connection: int
    use: int
    model: str = ""
    played: str = ""
    status: int = 0
    state: State = "open"
    ended: float = 0.0
    events: int = 0
    sent: int = 0

    @property
    def body(self) -> Any:
        """The parsed JSON; None when it is none."""
        try:
            return msgspec.json.decode(self.raw)
        except msgspec.DecodeError:
            return None


class Book:
    """The last `keep` calls, and those who wait for something to happen to them."""

    def __init__(self, keep: int) -> None:
        self.calls: list[Seen] = []
        self._keep = keep
        self._waiters: list[asyncio.Future[None]] = []

    def add(self, seen: Seen) -> None:
        self.calls.append(seen)
        if len(self.calls) > self._keep:
            del self.calls[0]
        self.changed()

    def changed(self) -> None:
        """Called at every change of a call; costs nothing when nobody waits."""
        if self._waiters:
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    async def wait_for(self, predicate: Callable[[Seen], object], *, count: int, within: float) -> Seen:
        try:
            async with asyncio.timeout(within):
                while True:
                    found = [seen for seen in self.calls if predicate(seen)]
                    if len(found) >= count:
                        return found[count - 1]
                    waiter = asyncio.get_running_loop().create_future()
                    self._waiters.append(waiter)
                    await waiter
        except TimeoutError:
            raise TimeoutError(f"the simulator saw nothing of that kind in {within} s: {self.calls}") from None


def hidden(headers: Mapping[str, str]) -> dict[str, str]:
    """`headers` without secrets."""
    return {name: digest(value) if name in _SECRET else value for name, value in headers.items()}


def digest(secret: str) -> str:
    return "sha256:" + hashlib.sha256(secret.encode()).hexdigest()[:12]
