"""A Cluster in place of one connection: redis-py's client knows which node has which key."""

import asyncio
import contextlib
from typing import Protocol, cast

from libria.stores.redis_fault import Answer, Away, fault
from libria.stores.redis_pipe import Command, Done

AT_ONCE = 64
"""Commands under way; more than that are not even asked, so that a slow Cluster piles up nothing."""


class Client(Protocol):
    """What we use of redis-py's client for a Cluster."""

    async def execute_command(self, *command: bytes | str | int) -> object: ...
    async def aclose(self) -> None: ...


class ClusterLane:
    """As a pipe, but a task and a pooled connection for each command. A task that is cancelled closes its
    connection, so that nobody reads the answer of another."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken: asyncio.Future[Away] = asyncio.get_running_loop().create_future()

    @property
    def waiting(self) -> int:
        return len(self._tasks)

    @property
    def unread(self) -> bool:
        return False  # who knows what its connections hold

    def send(self, command: Command, done: Done) -> None:
        if self._broken.done():
            done(self._broken.result())
            return
        if len(self._tasks) >= AT_ONCE:
            done(Away("badAnswer"))
            return
        task = asyncio.create_task(self._ask(command, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def break_off(self, why: Away) -> None:
        if not self._broken.done():
            self._broken.set_result(why)

    async def run(self) -> Away:
        try:
            return await self._broken
        finally:
            self.break_off(Away("disconnected"))
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(Exception):
                await self._client.aclose()

    async def _ask(self, command: Command, done: Done) -> None:
        answer: Answer | Away = Away("disconnected")
        try:
            answer = cast(Answer, await self._client.execute_command(*command))
        except Exception as error:  # noqa: BLE001 - told to who asked
            answer = fault(error)
        finally:
            done(self._broken.result() if self._broken.done() else answer)
