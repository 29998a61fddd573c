"""A request is answered once, and nothing is said of it afterwards."""

import asyncio
from typing import Any, cast

import msgspec
import pytest

from libria.journal import Journal
from libria.rpc.codes import RpcError
from libria.rpc.outbox import Outbox, Progress, WorkDone
from libria.rpc.request import Request
from libria_providers.types import Delta, Status

CANCELLED = RpcError(-32800, "The request was cancelled.")


class Wire:
    """What an outbox wants of a transport; keeps the bodies."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []

    def set_write_buffer_limits(self, high: int) -> None: ...

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes) -> None:
        for piece in data.split(b"Content-Length: ")[1:]:
            self.bodies.append(msgspec.json.decode(piece.partition(b"\r\n\r\n")[2]))


def asked(wire: Wire) -> Request:
    outbox = Outbox(cast(asyncio.Transport, wire))
    request = Request(7, outbox, lambda _request: None)
    request.progress, request.work = Progress(outbox, "p", Journal()), WorkDone(outbox, "w")
    request.work.begin("a call")
    return request


@pytest.mark.parametrize("end", ["answer", "fail", "cancel"])
async def test_progress_that_comes_too_late_is_not_sent(end: str) -> None:
    """What a call had opened unwinds for some turns after its answer, and may report meanwhile."""
    wire = Wire()
    request = asked(wire)
    assert request.progress is not None
    assert request.work is not None
    request.progress.batch([Delta("a")])
    if end == "answer":
        request.work.end()
        request.answer({})
    elif end == "fail":
        request.work.end()
        request.fail(CANCELLED)
    else:
        request.cancel(CANCELLED)
    request.progress.batch([Delta("b")])
    request.progress.status(Status("waiting"))
    request.progress.flush()
    request.work.report("waiting")
    request.answer({})
    await asyncio.sleep(0)
    assert [body.get("id") for body in wire.bodies] == [None, None, None, 7]
    assert wire.bodies[1]["params"]["value"] == {"kind": "delta", "text": "a", "seq": 0}


async def test_a_cancel_is_not_lost_on_a_task_that_deals_with_another() -> None:
    """A time limit of the call may end in the same moment: the call must not go on to the next target."""
    request = asked(Wire())
    unwound, went_on = asyncio.Event(), asyncio.Event()

    async def call() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            await unwound.wait()
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()  # as a limit does that turns its cancel into a TimeoutError
        went_on.set()
        await asyncio.get_running_loop().create_future()

    request.task = asyncio.create_task(call())
    await asyncio.sleep(0)
    request.task.cancel()
    await asyncio.sleep(0)
    request.cancel(CANCELLED)
    request.cancel(CANCELLED)
    unwound.set()
    with pytest.raises(asyncio.CancelledError):
        await request.task
    assert went_on.is_set()
