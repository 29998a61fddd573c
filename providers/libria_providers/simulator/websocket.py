"""A connection that has become a WebSocket: each message is a request, answered on its lane.

https://developers.openai.com/api/docs/guides/websocket-mode
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
from websockets.frames import Frame, Opcode
from websockets.http11 import Request as Handshake
from websockets.server import ServerProtocol

from libria_providers.simulator.frames import message
from libria_providers.simulator.sender import Sender
from libria_providers.simulator.wire import Request

Json = Any
Answer = Callable[[Request, str | None, Callable[[], None]], Sender]
"""Begins to answer a request on its lane; the callback is called when that is done."""

MOST_LANES = 32
_MOST_MESSAGE = 64 * 1024 * 1024
_SILENT = logging.Logger("websockets", logging.CRITICAL + 1)  # it would log headers and messages


class WebSocket:
    """Messages with the same `stream_id`, or without one, are answered one after the other, those of
    different lanes at once. `handshake` is the request that asked for it."""

    def __init__(self, handshake: Request, transport: asyncio.Transport, answer: Answer) -> None:
        self._handshake = handshake
        self._transport = transport
        self._answer = answer
        self._protocol = ServerProtocol(max_size=_MOST_MESSAGE, logger=_SILENT)
        self._message = bytearray()
        self._lanes: dict[str | None, deque[Request]] = {}
        self._senders: dict[str | None, Sender] = {}
        self._paused = False
        self.feed(_again(handshake))

    def feed(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Handshake):
                self._protocol.send_response(self._protocol.accept(event))
            elif isinstance(event, Frame):
                self._framed(event)
        for out in self._protocol.data_to_send():
            if out:
                self._transport.write(out)
            else:
                self._transport.close()

    def pause(self) -> None:
        self._paused = True
        for sender in self._senders.values():
            sender.pause()

    def resume(self) -> None:
        self._paused = False
        for sender in list(self._senders.values()):
            sender.resume()

    def lost(self) -> None:
        for sender in self._senders.values():
            sender.lost()

    def _framed(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self._message += frame.data
            if frame.fin:
                text = bytes(self._message)
                self._message.clear()
                self._received(text)
        elif frame.opcode is Opcode.CLOSE:
            self.lost()

    def _received(self, text: bytes) -> None:
        try:
            fields = msgspec.json.decode(text, type=dict[str, Json])
        except msgspec.DecodeError:
            self._refuse("Invalid JSON in the message.", "invalid_json", None)
            return
        lane = fields.pop("stream_id", None)
        kind = fields.pop("type", None)
        if kind != "response.create":
            self._refuse(f"Unknown message type '{kind}'.", "invalid_value", lane)
        elif lane not in self._lanes and len(self._lanes) == MOST_LANES:
            self._refuse("This connection has no more lanes.", "websocket_stream_limit_reached", lane)
        else:
            body = msgspec.json.encode({**fields, "stream": True})
            self._lanes.setdefault(lane, deque()).append(replace(self._handshake, method="POST", body=body))
            if lane not in self._senders:
                self._next(lane)

    def _next(self, lane: str | None) -> None:
        if not self._lanes[lane] or self._transport.is_closing():
            return
        sender = self._answer(self._lanes[lane].popleft(), lane, lambda: self._done(lane))
        self._senders[lane] = sender
        if self._paused:
            sender.pause()
        sender.start()

    def _done(self, lane: str | None) -> None:
        del self._senders[lane]
        asyncio.get_running_loop().call_soon(self._next, lane)

    def _refuse(self, why: str, code: str, lane: Json) -> None:
        error = {"type": "invalid_request_error", "code": code, "message": why, "param": None}
        said: Json = {"type": "error", "status": 400, "error": error}
        self._transport.write(message(msgspec.json.encode({**said, "stream_id": lane} if lane else said)))


def _again(handshake: Request) -> bytes:
    """The handshake as it came, for who reads it from its beginning."""
    query = f"?{handshake.query}" if handshake.query else ""
    lines = [
        f"GET {handshake.path}{query} HTTP/1.1",
        *(f"{name}: {value}" for name, value in handshake.headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
