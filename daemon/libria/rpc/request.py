"""One request in flight: answered exactly once, whoever is first."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from libria.clock import cancel
from libria.rpc.codes import RpcError
from libria.rpc.outbox import Outbox, Progress, WorkDone
from libria_providers.types import Json

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True, eq=False)
class Request:
    """`id` is the client's. `forget` takes it out of the connection's book once it is answered, and
    may end the connection: it is called when the answer is in the outbox, not before."""

    id: int | str
    outbox: Outbox
    forget: Callable[["Request"], None]
    task: asyncio.Task[None] | None = None
    work_done_token: int | str | None = None
    progress: Progress | None = None
    work: WorkDone | None = None
    answered: bool = False
    cancelled: bool = False

    def answer(self, result: Json) -> None:
        self._send(b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (_encode(self.id), _encode(result)))

    def fail(self, error: RpcError) -> None:
        self._send(_encode({"jsonrpc": "2.0", "id": self.id, "error": error.to_json()}))

    def cancel(self, error: RpcError) -> None:
        """Answer at once; what the request opened closes on its own."""
        if self.work is not None:
            self.work.end()  # all progress comes before the response
        self.fail(error)
        if self.task is not None and not self.cancelled:
            self.cancelled = True
            cancel(self.task)

    def _send(self, body: bytes) -> None:
        if self.answered:
            return
        self.answered = True
        if self.progress is not None:
            self.progress.drop()
        self.outbox.send(body)
        self.forget(self)
