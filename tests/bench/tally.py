"""Counts fixed strings in a stream of bytes: all that a client does while time is taken."""

import asyncio
import time


class Failed(Exception):
    """What came was an error, whose beginning is the text, or nothing will come any more."""


ENDED = "the connection was closed by the other side"


class Tally:
    """`fatal` is the string after which nothing good will come: whoever waits then, or at the end of
    the bytes, gets Failed."""

    def __init__(self, *strings: bytes, fatal: bytes) -> None:
        self._counts = dict.fromkeys((*strings, fatal), 0)
        self._fatal = fatal
        self._keep = max(map(len, self._counts)) - 1
        self._before = b""  # the last `_keep` bytes: a string may be cut in two
        self._waiting: list[tuple[bytes, int, asyncio.Future[float]]] = []
        self._ended = False

    def __getitem__(self, string: bytes) -> int:
        """How often it has come."""
        return self._counts[string]

    def after(self, string: bytes, count: int) -> asyncio.Future[float]:
        """Done once `string` has come `count` more times; its result is when, by perf_counter."""
        if self._ended:
            raise Failed(ENDED)
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.append((string, self._counts[string] + count, future))
        return future

    def feed(self, data: bytes) -> None:
        now = time.perf_counter()
        for string in self._counts:
            keep = len(string) - 1
            self._counts[string] += data.count(string) + (self._before[-keep:] + data[:keep]).count(string)
        self._before = (self._before + data if len(data) < self._keep else data)[-self._keep :]
        if self._counts[self._fatal]:
            place = max(0, data.find(self._fatal))
            self._fail(data[place : place + 400].decode("utf-8", "replace"))
            return
        for waiting in self._waiting[:]:
            string, count, future = waiting
            if self._counts[string] >= count:
                self._waiting.remove(waiting)
                if not future.done():
                    future.set_result(now)

    def end(self) -> None:
        """The other side has closed."""
        self._ended = True
        self._fail(ENDED)

    def _fail(self, why: str) -> None:
        for _, _, future in self._waiting:
            if not future.done():
                future.set_exception(Failed(why))
        self._waiting.clear()
