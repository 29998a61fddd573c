"""One client of the soak: a connection that is lost and made anew, and the calls that wait on it."""

import asyncio
import json
import time
from itertools import count
from typing import Any, cast

import msgspec
from tests.bench.joined import HELLO, frame
from tests.bench.rig import Rig
from tests.bench.workloads.soak_call import WaitedFor
from tests.bench.workloads.soak_models import ALL_FORMATS
from tests.bench.workloads.soak_questions import Cancel, Question
from tests.bench.workloads.soak_record import Record

Json = Any
_decode = msgspec.json.decode


class SoakClient:
    """`forwarded` clients come through `libria stdio`, others on the socket."""

    def __init__(self, rig: Rig, address: str, record: Record, *, forwarded: bool) -> None:
        self.forwarded = forwarded
        self.open = asyncio.Event()
        self._rig = rig
        self._address = address
        self._record = record
        self._ids = count(1)
        self._link: _Link | None = None

    async def connect(self) -> None:
        link = self._link = _Link(self._record)
        loop = asyncio.get_running_loop()
        names = {name for one in ALL_FORMATS for name in (one.address, one.key)}
        env = {name: value for name, value in self._rig.env.items() if name in names}
        if self.forwarded:
            transport, _ = await loop.subprocess_exec(
                lambda: _Stdio(link), *self._rig.command("stdio"), stderr=None, env=self._rig.env
            )
            link.into = cast(asyncio.WriteTransport, transport.get_pipe_transport(0))
            link.out = cast(asyncio.ReadTransport, transport.get_pipe_transport(1))
        else:
            socket, _ = await loop.create_unix_connection(lambda: _Socket(link), self._address)
            link.into = link.out = socket
        options = {"libria": {"env": env}}
        await self._request(link, "initialize", {**HELLO, "initializationOptions": options})
        self.open.set()

    async def leave(self) -> None:
        """Hang up without a word, in the middle of whatever it is. Returns once the other side has gone too."""
        link, self._link = self._link, None
        self.open.clear()
        if link is not None:
            link.leave()
            await link.gone.wait()

    def ask(self, question: Question) -> WaitedFor:
        assert self._link is not None
        waited = WaitedFor(question, self._record)
        self._link.send(next(self._ids), question.method, question.params, waited)
        cancel = question.cancel
        if cancel is not None and cancel.seconds is not None:
            link, loop = self._link, asyncio.get_running_loop()
            if cancel.seconds == 0:
                link.cancel(waited)
            else:
                timer = loop.call_later(cancel.seconds, link.cancel, waited)
                waited.answer.add_done_callback(lambda _: timer.cancel())
        return waited

    def cancel_all(self) -> None:
        if self._link is not None:
            self._link.cancel_all()

    async def status(self) -> Json:
        assert self._link is not None
        return await self._request(self._link, "libria/status", {})

    def hold(self) -> None:
        """Read no more for now."""
        if self._link is not None:
            self._link.hold()

    def go_on(self) -> None:
        if self._link is not None:
            self._link.go_on()

    async def _request(self, link: "_Link", method: str, params: Json) -> Json:
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        link.send(next(self._ids), method, params, waiting)
        async with asyncio.timeout(60):
            return await waiting


class _Link:
    """One connection and all that waits on it."""

    into: asyncio.WriteTransport
    out: asyncio.ReadTransport

    def __init__(self, record: Record) -> None:
        self.gone = asyncio.Event()
        self._record = record
        self._buffer = bytearray()
        self._waiting: dict[int, WaitedFor | asyncio.Future[Json]] = {}
        self._tokens: dict[str, WaitedFor] = {}
        self._over: dict[str, WaitedFor] = {}  # whose answers have come
        self._left = False
        self._holding = False
        self._holds = 0
        self._holds_at_cancel: dict[int, int] = {}

    def send(self, id: int, method: str, params: Json, waited: WaitedFor | asyncio.Future[Json]) -> None:
        self._waiting[id] = waited
        if isinstance(waited, WaitedFor):
            for name in ("partialResultToken", "workDoneToken"):
                if name in params:
                    self._tokens[params[name]] = waited
        self.into.write(frame({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))

    def cancel(self, waited: WaitedFor) -> None:
        """As its question says; nothing where it is answered."""
        question = waited.question
        id = next((id for id, one in self._waiting.items() if one is waited), None)
        if id is None or question.cancel is None or waited.cancelled_at is not None or self._left:
            return
        waited.cancelled_at = time.monotonic()
        self._record.cancels += 1
        self._record.cancelled(question.number)
        self._holds_at_cancel[id] = -1 if self._holding else self._holds
        if question.cancel.by == "workDone":
            self._notify("window/workDoneProgress/cancel", {"token": question.params["workDoneToken"]})
        else:
            self._notify("$/cancelRequest", {"id": id})

    def cancel_all(self) -> None:
        for waited in list(self._waiting.values()):
            if isinstance(waited, WaitedFor):
                waited.question.cancel = Cancel("request")
                self.cancel(waited)

    def hold(self) -> None:
        if not self._holding and not self._left and not self.gone.is_set():
            self._holding = True
            self.out.pause_reading()

    def go_on(self) -> None:
        if self._holding and not self.gone.is_set():
            self._holding = False
            self._holds += 1
            self.out.resume_reading()

    def leave(self) -> None:
        self.go_on()  # or the end would not be seen
        self._left = True
        for waited in self._waiting.values():
            if isinstance(waited, WaitedFor):
                question = waited.question
                self._record.cancelled(question.number, finishes=question.params.get("onDisconnect") == "finish")
        self.into.abort()

    def came(self, data: bytes) -> None:
        if self._left:
            return
        buffer = self._buffer
        buffer += data
        while (end := buffer.find(b"\r\n\r\n")) >= 0:
            size = int(bytes(buffer[:end]).removeprefix(b"Content-Length: "))  # the framing's one header, nothing else
            if len(buffer) < end + 4 + size:
                return
            message = _decode(memoryview(buffer)[end + 4 : end + 4 + size])
            del buffer[: end + 4 + size]
            self._message(message)

    def ended(self) -> None:
        self.gone.set()
        if not self._left:
            self._record.went_wrong("the daemon or the forwarder closed a connection that its client had not left")
        for waited in self._waiting.values():
            if isinstance(waited, WaitedFor):
                self._record.left += 1
                waited.answer.set_result(False)
            elif not waited.done():
                waited.set_exception(ConnectionError("the connection is gone"))
        self._waiting.clear()

    def _message(self, message: Json) -> None:
        if message.get("method") == "$/progress":
            self._progress(message["params"]["token"], message["params"]["value"])
            return
        waited = self._waiting.pop(message.get("id"), None)
        if waited is None:
            self._record.went_wrong(f"answered twice, or never asked: {json.dumps(message)[:300]}")
        elif isinstance(waited, WaitedFor):
            for name in ("partialResultToken", "workDoneToken"):
                token = waited.question.params.get(name, "")
                if self._tokens.pop(token, None) is not None:
                    self._over[token] = waited
            holds = self._holds_at_cancel.pop(message["id"], self._holds)
            waited.answered(message, reads=not self._holding and holds == self._holds)
        elif "error" in message:
            waited.set_exception(ValueError(json.dumps(message["error"])))
        else:
            waited.set_result(message["result"])

    def _progress(self, token: str, value: Json) -> None:
        waited = self._tokens.get(token)
        if waited is None:
            over = self._over.pop(token, None)
            if over is not None:  # told once
                over.late(value)
        elif token == waited.question.params.get("workDoneToken"):
            waited.worked(value)
        else:
            waited.progressed(value)
            cancel = waited.question.cancel
            if cancel is not None and cancel.values == waited.values:
                self.cancel(waited)

    def _notify(self, method: str, params: Json) -> None:
        self.into.write(frame({"jsonrpc": "2.0", "method": method, "params": params}))


class _Stdio(asyncio.SubprocessProtocol):
    def __init__(self, link: _Link) -> None:
        self._link = link

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._link.came(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.ended()


class _Socket(asyncio.Protocol):
    def __init__(self, link: _Link) -> None:
        self._link = link

    def data_received(self, data: bytes) -> None:
        self._link.came(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.ended()
