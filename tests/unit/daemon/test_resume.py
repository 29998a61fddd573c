"""What a resumed call's client is told when there is more than is kept, and when it reads too slowly."""

import asyncio
from typing import Any, cast

import msgspec
import pytest

from libria import journal as module
from libria.clock import SystemClock
from libria.config import Config
from libria.engine import Engine
from libria.rpc.codes import RpcError
from libria.rpc.outbox import Outbox
from libria.rpc.params import ResumeParams
from libria.rpc.request import Request
from libria.rpc.resume import resume
from libria.session import Session
from libria_providers.types import Call

OUTCOME = b'"result":{"content":"all of it"}'


class Wire:
    """What an outbox wants of a transport; keeps the bodies."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []

    def set_write_buffer_limits(self, high: int) -> None: ...

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def resume_reading(self) -> None: ...

    def write(self, data: bytes) -> None:
        for piece in data.split(b"Content-Length: ")[1:]:
            self.bodies.append(msgspec.json.decode(piece.partition(b"\r\n\r\n")[2]))


class Kit:
    def __init__(self) -> None:
        self.engine = Engine(Config(), SystemClock(), alone=True)
        self.session = Session("session-1", self.engine, {})
        self.wire = Wire()
        self.outbox = Outbox(cast(asyncio.Transport, self.wire))
        self.kept = self.engine.call_log.begin("call-0", Call(model="p/m"), lambda why: None)

    def say(self, *numbers: int) -> None:
        for number in numbers:
            self.kept.journal.delta(b'"%d"' % number)
            self.kept.journal.said()

    def resume(self, after: int, *, quiet: bool = False) -> Request:
        request = Request(1, self.outbox, lambda request: None)
        params = ResumeParams(callId="call-0", afterSeq=after, partialResultToken=None if quiet else "t")
        request.task = asyncio.create_task(self._run(params, request))
        return request

    async def _run(self, params: ResumeParams, request: Request) -> None:
        try:
            await resume(self.session, params, request)
        except RpcError as error:
            request.fail(error)

    def numbers(self) -> list[int]:
        return [body["params"]["value"]["seq"] for body in self.wire.bodies if "params" in body]

    async def answer(self) -> Any:
        while not self.wire.bodies or "id" not in self.wire.bodies[-1]:  # noqa: ASYNC110  # it comes in some turns
            await asyncio.sleep(0)
        return self.wire.bodies[-1]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE_BYTES", 40)
    monkeypatch.setattr(module, "MOST_BYTES", 400)


@pytest.mark.usefixtures("small")
async def test_a_beginning_that_is_no_longer_kept() -> None:
    kit = Kit()
    kit.say(*range(500))
    kit.resume(3)
    error = (await kit.answer())["error"]
    assert error["code"] == -32602
    first = kit.kept.journal.head.first
    assert f"resume with {first - 1} or more" in error["message"]
    assert kit.kept.followers == 0
    kit.wire.bodies.clear()
    kit.resume(first - 1)
    kit.kept.end(OUTCOME)
    assert (await kit.answer())["result"] == {"content": "all of it"}
    assert kit.numbers() == list(range(first, 500))
    kit.wire.bodies.clear()
    kit.resume(3, quiet=True)
    assert (await kit.answer())["result"] == {"content": "all of it"}


@pytest.mark.usefixtures("small")
async def test_who_reads_too_slowly_is_told() -> None:
    """Its socket is full while the call says more than is kept; the call itself does not wait."""
    kit = Kit()
    kit.say(0, 1)
    kit.resume(-1)
    for _ in range(5):
        await asyncio.sleep(0)
    assert kit.numbers() == [0, 1]
    kit.outbox.pause(True)
    kit.say(2)
    for _ in range(5):
        await asyncio.sleep(0)
    assert kit.numbers() == [0, 1]
    kit.say(*range(3, 500))
    kit.outbox.pause(False)
    assert "no longer kept" in (await kit.answer())["error"]["message"]
    assert kit.numbers() == [0, 1]


async def test_one_that_leaves_ends_what_relays_to_it() -> None:
    kit = Kit()
    kit.say(0)
    request = kit.resume(-1)
    await asyncio.sleep(0)
    assert kit.kept.followers == 1
    kit.session.close()
    assert request.task is not None
    with pytest.raises(asyncio.CancelledError):
        await request.task
    assert kit.kept.followers == 0
    assert kit.session.follows == set()
    late = kit.resume(-1)
    assert late.task is not None
    with pytest.raises(asyncio.CancelledError):
        await late.task
    assert kit.kept.followers == 0


async def test_many_events_leave_others_their_turn() -> None:
    kit = Kit()
    kit.say(*range(1000))
    kit.kept.end(OUTCOME)
    kit.resume(-1)
    turns = 0
    while not kit.wire.bodies or "id" not in kit.wire.bodies[-1]:
        await asyncio.sleep(0)
        turns += 1
    assert kit.numbers() == list(range(1000))
    assert turns >= 1000 // 64
