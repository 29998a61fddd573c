"""One client's connection: bytes in, requests to the method table or to LSP, answers out."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

import msgspec

from libria import PROTOCOL, __version__
from libria.connect.peer import pid_of
from libria.rpc.codes import (
    CANCELLED,
    INTERNAL_ERROR,
    INVALID_REQUEST,
    PARSE_ERROR,
    SERVER_CANCELLED,
    RpcError,
)  # fmt: skip
from libria.rpc.editor import Editor
from libria.rpc.framing import BadFrame
from libria.rpc.gate import Gate, Why
from libria.rpc.intake import Intake
from libria.rpc.lsp import Lsp
from libria.rpc.messages import at, decoded, other_protocol, too_many, unknown, where, work_done_token
from libria.rpc.methods import AGAIN, HELLO, METHODS, PING, Context, Host, Method, greet
from libria.rpc.nesting import MAX_LEVELS, too_deep
from libria.rpc.outbox import STOP_READING, Outbox
from libria.rpc.params import AgainParams, CancelParams, HelloParams, WorkDoneCancelParams, check
from libria.rpc.request import Again, Request
from libria.rpc.task_params import TaskParams
from libria.session import Session
from libria_providers.types import Json

log = logging.getLogger("libria.rpc")

DRAINING = RpcError(
    SERVER_CANCELLED, "The daemon is ending; ask again and a new one starts.", {"retryable": True, "attempts": []}
)

MOST_AGAIN = 1000
"""Requests that were announced as sent again and have not come yet."""


MAX_COMPLAINTS = 20
"""Lines in the log about the mistakes of one client."""

_TOO_DEEP = f"The message is nested deeper than {MAX_LEVELS} levels."


class Connection(asyncio.Protocol):
    """`closed` hears of the end; `gate` decides who may come in, and how much of everything."""

    def __init__(self, host: Host, session: Session, closed: Callable[["Connection"], None], gate: Gate) -> None:
        self.session = session
        self._host = host
        self._closed = closed
        self._gate = gate
        self._complained = 0  # times that the log heard of this client's mistakes
        self._requests: dict[int | str, Request] = {}
        self._again: dict[int | str, Again] = {}  # by the id of a request that comes next
        self._moves = False  # the client understands what a daemon says of its own end
        self._moving = False  # and was told
        self.draining = False
        self._made = False  # the transport is there: it comes a turn of the loop after the connection was accepted
        self.stays = False  # open until the process ends: whoever asked for that waits for it
        self._strange = False
        self._heard: Callable[[], None] = lambda: None  # to be called with the first message
        self._transport: asyncio.Transport
        self._intake: Intake
        self.outbox: Outbox
        self._lsp: Lsp
        self._editor: Editor | None = None

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        plain = self._transport = cast(asyncio.Transport, transport)  # uvloop's are none by inheritance
        self.outbox = Outbox(plain)
        self._made = True
        self._intake = Intake(
            plain,
            self._gate.bounds,
            self._take,
            lambda size: self._gate.holds(self, size),
            lambda: plain.get_write_buffer_size() <= STOP_READING,
        )
        if not self._gate.enter(self, plain):
            return
        self._heard = self._gate.expect(self)
        self._strange = self._gate.is_strange(self)
        if self._strange:
            self._intake.distrust()
        editor = self._editor = Editor(self.session, self.outbox)
        self._lsp = Lsp(self.outbox.send, self._answer, self.close, editor.offer)
        self.session.pid = _peer(transport)
        self.session.heard = self._end_when_drained
        self.session.unread = lambda: self.outbox.unread

    def data_received(self, data: bytes) -> None:
        self._intake.received(data)

    def pause_writing(self) -> None:
        self.outbox.pause(True)

    def resume_writing(self) -> None:
        self.outbox.pause(False)

    def eof_received(self) -> bool:
        """The client sends no more. Its calls end, as nobody waits for them."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._intake.stop()
        self._heard()
        self._gate.leave(self)
        for request in self._requests.values():
            request.leave()
        self.session.close()
        if self._editor is not None:
            self._editor.close()
        self.outbox.pause(False)  # whoever waits for room goes on and finds its task cancelled
        self._closed(self)

    # What the host asks.

    def close(self) -> None:
        self.outbox.close()

    def move(self) -> None:
        """Send who understands it to the daemon that takes this one's place; what comes all the same is answered."""
        if self._moves and not self._moving:
            self._moving = True
            self._tell("libria/moved", {})

    def drain(self) -> None:
        """Answer new requests with "ending"; close once the last one is answered."""
        self.draining = True
        if self._made:
            self._end_when_drained()

    def turn_away(self, why: Why, error: RpcError) -> None:
        """What the gate says to who may not come in, or not stay."""
        self._intake.stop()
        if why in ("foreign", "stranger"):
            self._transport.abort()
            return
        self._refuse(None, error)
        self.close()

    # Messages.

    def _take(self, item: bytes | BadFrame) -> None:
        if self._strange:
            self._met(item)
            return
        if isinstance(item, BadFrame):
            self._refuse(None, RpcError(PARSE_ERROR, item.reason))
            return
        self._heard()
        self._receive(item)

    def _met(self, item: bytes | BadFrame) -> None:
        """Who comes by TCP says the word first, and nothing else."""
        answer = self._gate.admit(self, None if isinstance(item, BadFrame) else item)
        if answer is not None:
            self._strange = False
            self._intake.trust()
            self.outbox.send(answer)

    def _receive(self, body: bytes) -> None:
        try:
            value = decoded(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._refuse(None, RpcError(PARSE_ERROR, "The message is not valid JSON in UTF-8, or nested too deeply."))
            return
        deep = too_deep(body, value)
        message = cast(dict[str, Any], value) if isinstance(value, dict) else {}
        if deep:
            self._refuse(message.get("id"), RpcError(INVALID_REQUEST, _TOO_DEEP))
            return
        if message.get("jsonrpc") != "2.0":
            id = message.get("id")
            self._refuse(
                id, RpcError(INVALID_REQUEST, "The message must be one JSON-RPC 2.0 object; batches are not taken.")
            )
            return
        method, id = message.get("method"), message.get("id")
        try:
            if method is None and ("result" in message or "error" in message):
                if self._editor is not None:
                    self._editor.answered(message)
            elif not isinstance(method, str) or not (id is None or type(id) in (int, str)):
                raise RpcError(
                    INVALID_REQUEST, "A request has a method that is a string and an id that is a number or a string."
                )
            elif "id" not in message:
                self._notified(method, message)
            else:
                self._requested(method, id, message)
        except RpcError as error:
            if "id" in message:
                self._refuse(id, error)
            else:
                self._complain(error)

    def _notified(self, method: str, message: dict[str, Any]) -> None:
        params = message.get("params")
        if method == "$/cancelRequest":
            self._cancel(check(CancelParams, params).id)
        elif method == "window/workDoneProgress/cancel":
            token = check(WorkDoneCancelParams, params).token
            for request in list(self._requests.values()):
                if token in (request.work_done_token, request.task_token):
                    request.cancel(CANCELLED)
            for task_id in [one.task_id for one in self.session.awaited if token in one.tokens]:
                self._host.tasks.cancel_here(task_id)
        elif method == HELLO:
            self._hello(check(HelloParams, params))
        elif method == AGAIN:
            again = check(AgainParams, params)
            if len(self._again) < MOST_AGAIN:
                self._again[again.id] = Again(again.call_id, again.seq)
        elif self._editor is not None and (hear := self._editor.notifications.get(method)) is not None:
            hear(params)
        elif self._lsp.knows(method):
            self._lsp.handle(message)
        # Any other goes unheard, Libria's own methods too: what nobody waits for is not paid for.

    def _requested(self, method: str, id: int | str | None, message: dict[str, Any]) -> None:
        if id is None:
            raise RpcError(INVALID_REQUEST, "A request has an id that is a number or a string.")
        if method == PING:
            self._answer(id, None)
            return
        again = self._again.pop(id, None) if self._again else None
        if self._lsp.shut_down:
            raise RpcError(INVALID_REQUEST, "The client has shut this connection down; start a new one.")
        if id in self._requests:
            raise RpcError(INVALID_REQUEST, "A request with this id is still being answered.")
        if self.draining:
            raise DRAINING
        if len(self._requests) >= self._gate.bounds.requests:
            raise too_many(self._gate.bounds.requests)
        self._host.refresh()
        if method in METHODS:
            request = Request(id, self.outbox, self._forget, again=again)
            self._requests[id] = request
            self._start(METHODS[method], request, message.get("params"))
        elif self._editor is not None and (run := self._editor.requests.get(method)) is not None:
            request = Request(id, self.outbox, self._forget, again=again)
            self._requests[id] = request
            params = message.get("params")
            request.work_done_token = work_done_token(params)
            request.task = asyncio.get_running_loop().create_task(
                self._run(method, request, partial(run, request, params))
            )
        elif self._lsp.knows(method):
            if method == "initialize":
                self._greeted(message.get("params"))
            self._lsp.handle(message)
        else:
            raise unknown(method)

    def _start(self, method: Method, request: Request, params: object) -> None:
        """Params are checked here, so that a wrong request costs no task."""
        try:
            checked = check(method.params, params)
        except RpcError as error:
            self._intake.fault()
            request.fail(error)
            return
        request.work_done_token = getattr(checked, "work_done_token", None)
        if isinstance(checked, TaskParams):
            request.task_token = checked.partial_result_token
        context = Context(self.session, self._host, request)
        run = partial(method.run, context, checked)
        request.task = asyncio.get_running_loop().create_task(self._run(method.name, request, run))

    async def _run(self, method: str, request: Request, run: Callable[[], Awaitable[Json]]) -> None:
        try:
            request.answer(await run())
        except RpcError as error:
            request.fail(error)
        except asyncio.CancelledError:
            request.fail(DRAINING if self.draining else CANCELLED)
        except Exception as error:  # noqa: BLE001  # a fault of ours: the client hears that, the log hears where
            log.error("%s failed: %s", method, where(error))
            request.fail(RpcError(INTERNAL_ERROR, "The daemon failed at this request; see its log."))

    def _hello(self, params: HelloParams) -> None:
        """Whoever speaks another protocol is told so and hears no more; who understands it is told who is here."""
        if params.protocol != PROTOCOL:
            self._intake.stop()
            message = other_protocol(params)
            if params.moves:
                self._tell("libria/refused", {"message": message})
            else:
                self._refuse(None, RpcError(INVALID_REQUEST, message))
            self.close()
            return
        greet(self.session, params)
        self._moves = params.moves
        if self._moves:
            self._tell("libria/welcome", {"version": __version__, "protocol": PROTOCOL, "pid": os.getpid()})
            if self._host.moved:
                self.move()

    def _tell(self, method: str, params: dict[str, Any]) -> None:
        self.outbox.send_json({"jsonrpc": "2.0", "method": method, "params": params})

    def _greeted(self, params: object) -> None:
        """Who is there, and whose keys count. What is not as LSP has it, LSP will refuse."""
        name = at(params, "clientInfo", "name")
        if isinstance(name, str):
            self.session.client = name[:80]
        if self._editor is not None:
            self._editor.meet(at(params, "capabilities"))
        version = at(params, "clientInfo", "version")
        if isinstance(version, str):
            self.session.version = version[:40]
        env = at(params, "initializationOptions", "libria", "env")
        if isinstance(env, dict):
            given = cast(dict[str, object], env)
            self.session.env = {name: value for name, value in given.items() if isinstance(value, str)}

    def _cancel(self, id: int | str) -> None:
        request = self._requests.get(id)
        if request is not None:
            request.cancel(CANCELLED)

    def _forget(self, request: Request) -> None:
        self._requests.pop(request.id, None)
        self._end_when_drained()

    def _end_when_drained(self) -> None:
        if self.draining and not self.stays and not self._requests and not self.session.awaited:
            self.close()

    def _complain(self, error: RpcError) -> None:
        """To the log, as a notification has no answer; not for ever."""
        self._intake.fault()
        if self._complained < MAX_COMPLAINTS:
            self._complained += 1
            log.info("a notification was not right: %s", error.message)

    def _answer(self, id: int | str | None, result: Json) -> None:
        self.outbox.send_json({"jsonrpc": "2.0", "id": id, "result": result})

    def _refuse(self, id: object, error: RpcError) -> None:
        self._intake.fault()
        usable = id if type(id) in (int, str) else None
        self.outbox.send_json({"jsonrpc": "2.0", "id": usable, "error": error.to_json()})


def _peer(transport: asyncio.BaseTransport) -> int | None:
    connection = transport.get_extra_info("socket")
    return pid_of(connection) if connection is not None else None
