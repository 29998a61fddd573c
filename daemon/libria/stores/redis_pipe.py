"""One connection to Redis for all that is asked: written as it comes, answered in order.

A caller who goes away leaves no unread answer behind, as its answer is read all the same; many callers
at once need one connection and few system calls; and none ever waits for a connection to be made.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Protocol, cast

from libria.stores.redis_fault import Answer, Away, fault

Command = Sequence[bytes | str | int]
Done = Callable[[Answer | Away], None]


class Wire(Protocol):
    """What we use of a connection of redis-py."""

    def pack_commands(self, commands: Iterable[Command]) -> list[bytes]: ...
    async def send_packed_command(self, command: list[bytes], check_health: bool = True) -> None: ...
    async def read_response(self, disable_decoding: bool = False) -> object: ...


class Pipe:
    """`send` never waits; its `done` is called once, with the answer or with what was wrong."""

    def __init__(
        self, wire: Wire, cut: Callable[[], Awaitable[None]], readable: Callable[[], bool] = lambda: False
    ) -> None:
        """`wire` is connected; `cut` closes it at once and raises nothing; `readable` says whether the system has
        something for us."""
        self._wire = wire
        self._cut = cut
        self._readable = readable
        self._writing = False
        self._outbox: list[Command] = []
        self._waiting: deque[Done] = deque()  # for the answers to what was sent, then to the outbox
        self._wake = asyncio.Event()
        self._broken: asyncio.Future[Away] = asyncio.get_running_loop().create_future()

    @property
    def waiting(self) -> int:
        """Commands without an answer yet."""
        return len(self._waiting)

    @property
    def unread(self) -> bool:
        return (bool(self._outbox) and not self._writing) or self._readable()

    def send(self, command: Command, done: Done) -> None:
        if self._broken.done():
            done(self._broken.result())
            return
        self._outbox.append(command)
        self._waiting.append(done)
        self._wake.set()

    def break_off(self, why: Away) -> None:
        if not self._broken.done():
            self._broken.set_result(why)

    async def run(self) -> Away:
        """Until it is broken: why. Closes the connection."""
        tasks = [asyncio.create_task(self._until_broken(work)) for work in (self._write, self._read)]
        try:
            return await self._broken
        finally:
            self.break_off(Away("disconnected"))
            await self._cut()  # before the tasks end: redis-py would close it gently, and wait
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            waiting, self._waiting = self._waiting, deque()
            for done in waiting:
                done(self._broken.result())

    async def _until_broken(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - whatever redis-py raises, the connection is no good any more
            self.break_off(fault(error))

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            commands, self._outbox = self._outbox, []
            self._writing = True
            await self._wire.send_packed_command(self._wire.pack_commands(commands), check_health=False)
            self._writing = False

    async def _read(self) -> None:
        while True:
            answer: Answer | Away
            try:
                answer = cast(Answer, await self._wire.read_response(disable_decoding=True))
            except Exception as error:
                answer = fault(error)
                if not _said_by_server(error):
                    raise
            if not self._waiting:
                raise Away("badAnswer")
            self._waiting.popleft()(answer)


def _said_by_server(error: Exception) -> bool:
    """Whether it is an answer, after which the connection goes on."""
    return any(kind.__name__ == "ResponseError" for kind in type(error).__mro__)
