"""One client's connection: bytes in, requests to the method table or to LSP, answers out."""

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Any, cast

import msgspec

from libria.rpc.codes import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    REQUEST_CANCELLED,
    SERVER_CANCELLED,
    RpcError,
)  # fmt: skip
from libria.rpc.framing import BadFrame, FrameReader
from libria.rpc.lsp import Lsp
from libria.rpc.methods import HELLO, METHODS, Context, Host, Method, greet
from libria.rpc.outbox import Outbox
from libria.rpc.params import CancelParams, HelloParams, WorkDoneCancelParams, check
from libria.rpc.request import Request
from libria.session import Session
from libria_providers.registry import near
from libria_providers.surrogates import mended

log = logging.getLogger("libria.rpc")

_decode = msgspec.json.Decoder().decode

CANCELLED = RpcError(REQUEST_CANCELLED, "The request was cancelled.")
DRAINING = RpcError(
    SERVER_CANCELLED, "The daemon is ending; ask again and a new one starts.", {"retryable": True, "attempts": []}
)


class Connection(asyncio.Protocol):
    """`closed` hears of the end."""

    def __init__(self, host: Host, session: Session, closed: Callable[["Connection"], None]) -> None:
        self.session = session
        self._host = host
        self._closed = closed
        self._reader = FrameReader()
        self._requests: dict[int | str, Request] = {}
        self.draining = False
        self.stays = False  # open until the process ends: whoever asked for that waits for it
        self.outbox: Outbox
        self._lsp: Lsp

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.outbox = Outbox(cast(asyncio.Transport, transport))  # uvloop's are none by inheritance
        self._lsp = Lsp(self.outbox.send, self.close)

    def data_received(self, data: bytes) -> None:
        for body in self._reader.feed(data):
            if isinstance(body, BadFrame):
                self._refuse(None, RpcError(PARSE_ERROR, body.reason))
            else:
                self._receive(body)

    def pause_writing(self) -> None:
        self.outbox.pause(True)

    def resume_writing(self) -> None:
        self.outbox.pause(False)

    def eof_received(self) -> bool:
        """The client sends no more. Its calls end, as nobody waits for them."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.session.close()
        self.outbox.pause(False)  # whoever waits for room goes on and finds its task cancelled
        self._closed(self)

    # What the host asks.

    def close(self) -> None:
        self.outbox.close()

    def drain(self) -> None:
        """Answer new requests with "ending"; close once the last one is answered."""
        self.draining = True
        self._end_when_drained()

    # Messages.

    def _receive(self, body: bytes) -> None:
        try:
            decoded = _decoded(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._refuse(None, RpcError(PARSE_ERROR, "The message is not valid JSON in UTF-8."))
            return
        message = cast(dict[str, Any], decoded) if isinstance(decoded, dict) else {}
        if message.get("jsonrpc") != "2.0":
            id = message.get("id")
            self._refuse(
                id, RpcError(INVALID_REQUEST, "The message must be one JSON-RPC 2.0 object; batches are not taken.")
            )
            return
        method, id = message.get("method"), message.get("id")
        try:
            if method is None and ("result" in message or "error" in message):
                self._lsp.handle(message)
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
                log.info("a notification was not right: %s", error.message)

    def _notified(self, method: str, message: dict[str, Any]) -> None:
        params = message.get("params")
        if method == "$/cancelRequest":
            self._cancel(check(CancelParams, params).id)
        elif method == "window/workDoneProgress/cancel":
            token = check(WorkDoneCancelParams, params).token
            for request in list(self._requests.values()):
                if request.work_done_token == token:
                    request.cancel(CANCELLED)
        elif method == HELLO:
            greet(self.session, check(HelloParams, params))
        elif self._lsp.knows(method):
            self._lsp.handle(message)
        # Any other goes unheard, Libria's own methods too: what nobody waits for is not paid for.

    def _requested(self, method: str, id: int | str | None, message: dict[str, Any]) -> None:
        if id is None:
            raise RpcError(INVALID_REQUEST, "A request has an id that is a number or a string.")
        if self._lsp.shut_down:
            raise RpcError(INVALID_REQUEST, "The client has shut this connection down; start a new one.")
        if id in self._requests:
            raise RpcError(INVALID_REQUEST, "A request with this id is still being answered.")
        if self.draining:
            raise DRAINING
        self._host.refresh()
        if method in METHODS:
            request = Request(id, self.outbox, self._forget)
            self._requests[id] = request
            self._start(METHODS[method], request, message.get("params"))
        elif self._lsp.knows(method):
            if method == "initialize":
                self._greeted(message.get("params"))
            self._lsp.handle({"params": None, **message})
        else:
            raise _unknown(method)

    def _start(self, method: Method, request: Request, params: object) -> None:
        """Params are checked here, so that a wrong request costs no task."""
        try:
            checked = check(method.params, params)
        except RpcError as error:
            request.fail(error)
            return
        request.work_done_token = getattr(checked, "work_done_token", None)
        context = Context(self.session, self._host, request)
        request.task = asyncio.get_running_loop().create_task(self._run(method, context, checked))

    async def _run(self, method: Method, context: Context, params: object) -> None:
        request = context.request
        try:
            request.answer(await method.run(context, params))
        except RpcError as error:
            request.fail(error)
        except asyncio.CancelledError:
            request.fail(DRAINING if self.draining else CANCELLED)
        except Exception as error:  # noqa: BLE001  # a fault of ours: the client hears that, the log hears where
            log.error("%s failed: %s", method.name, _where(error))
            request.fail(RpcError(INTERNAL_ERROR, "The daemon failed at this request; see its log."))

    def _greeted(self, params: object) -> None:
        """Who is there, and whose keys count. What is not as LSP has it, LSP will refuse."""
        name = _at(params, "clientInfo", "name")
        if isinstance(name, str):
            self.session.client = name[:80]
        env = _at(params, "initializationOptions", "libria", "env")
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
        if self.draining and not self.stays and not self._requests:
            self.close()

    def _refuse(self, id: object, error: RpcError) -> None:
        usable = id if type(id) in (int, str) else None
        self.outbox.send_json({"jsonrpc": "2.0", "id": usable, "error": error.to_json()})


def _decoded(body: bytes) -> object:
    """Raises what msgspec raises."""
    try:
        return _decode(body)
    except msgspec.DecodeError:
        better = mended(body)
        if better is None:
            raise
        return _decode(better)


def _at(value: object, *path: str) -> object:
    """What lies at `path`, or None."""
    for name in path:
        value = cast(dict[str, object], value).get(name) if isinstance(value, dict) else None
    return value


def _unknown(method: str) -> RpcError:
    name = re.sub(r"[^\w/$.-]", "?", method)[:80]
    alike = near(name, list(METHODS))
    hint = f" Near: {', '.join(alike)}." if alike else ""
    return RpcError(METHOD_NOT_FOUND, f"There is no method {name}.{hint}")


def _where(error: Exception) -> str:
    """The kind and the place, never the text, which may hold a prompt or a key."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {place}"
