"""One request in flight: answered exactly once, whoever is first."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from libria.call_log import KeptCall, Why
from libria.clock import cancel
from libria.rpc.codes import CANCELLED, LEFT, RpcError
from libria.rpc.outbox import Outbox, Progress, WorkDone
from libria_providers.types import Json

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Again:
    """A request that a lost daemon had not answered: its call goes on under this id, and its progress with
    this number."""

    call_id: str | None
    seq: int


@dataclass(slots=True, eq=False)
class Request:
    """`id` is the client's. `forget` takes it out of the connection's book once it is answered, and
    may end the connection: it is called when the answer is in the outbox, not before. `kept` is where the
    call's answer is kept for others; `task_token` that of a task's progress, by which it can be cancelled."""

    id: int | str
    outbox: Outbox
    forget: Callable[["Request"], None]
    task: asyncio.Task[None] | None = None
    work_done_token: int | str | None = None
    task_token: int | str | None = None
    progress: Progress | None = None
    work: WorkDone | None = None
    kept: KeptCall | None = None
    again: Again | None = None
    answered: bool = False
    cancelled: bool = False

    def answer(self, result: Json) -> None:
        self.settle(b'"result":%b' % _encode(result))

    def fail(self, error: RpcError) -> None:
        self.settle(b'"error":%b' % _encode(error.to_json()))

    def stop(self, why: Why) -> None:
        self.cancel(CANCELLED if why == "cancelled" else LEFT)

    def cancel(self, error: RpcError) -> None:
        """Answer at once; what the request opened closes on its own."""
        if self.work is not None:
            self.work.end()  # all progress comes before the response
        self.fail(error)
        if self.task is not None and not self.cancelled:
            self.cancelled = True
            cancel(self.task)

    def settle(self, outcome: bytes) -> None:
        """`outcome` is the response's last member, `result` or `error`."""
        if self.answered:
            return
        self.answered = True
        if self.progress is not None:
            self.progress.drop()
        if self.kept is not None:
            self.kept.end(outcome)
        self.outbox.send(b'{"jsonrpc":"2.0","id":%b,%b}' % (_encode(self.id), outcome))
        self.forget(self)

    def leave(self) -> None:
        """The client is gone; where the call goes on, it is for others to hear."""
        if self.progress is not None:
            self.progress.let_go()
