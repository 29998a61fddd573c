"""The real server, met by one fuzzed client after the other over socket pairs, in a loop of its own."""

import asyncio
import contextlib
import json
import logging
import os
import socket
from typing import Any

from libria.clock import SystemClock
from libria.config import Config
from libria.connect.loopback import Secrets
from libria.engine import Engine
from libria.rpc.gate import Bounds, Gate
from libria.rpc.server import Server

ROUNDS = int(os.environ.get("LIBRIA_TEST_FUZZ", "1"))
WITHIN = 20.0
STATUS = b'{"jsonrpc":"2.0","id":"fuzz","method":"libria/status","params":{}}'


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Arena:
    """`meet` sends one client's bytes and gives what it heard. Everything that must never happen fails it."""

    def __init__(self, secrets: Secrets | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._secrets = secrets
        self._faults: list[str] = []
        self._loop.set_exception_handler(lambda _loop, context: self._faults.append(str(context)))
        self._loop.run_until_complete(self._start())
        self._log = _Errors(self._faults)
        logging.getLogger("libria").addHandler(self._log)
        self.met = 0

    def meet(self, pieces: list[bytes], *, hangs_up: bool) -> list[Any]:
        self.met += 1
        heard = self._loop.run_until_complete(asyncio.wait_for(self._meet(pieces, hangs_up=hangs_up), WITHIN))
        assert not self._faults, self._faults
        return heard

    def end(self) -> None:
        logging.getLogger("libria").removeHandler(self._log)
        self._loop.run_until_complete(self._engine.aclose())
        self._loop.close()

    async def _start(self) -> None:
        self._engine = Engine(Config(), SystemClock(), alone=True)
        self._engine.start()
        self._server = Server(self._engine, address="nowhere", gone=lambda: None, secrets=self._secrets)
        self._server.gate = Gate(Bounds(faults=10**9), self._secrets)
        for _ in range(3):
            await asyncio.sleep(0)
        self._tasks = len(asyncio.all_tasks())

    async def _meet(self, pieces: list[bytes], *, hangs_up: bool) -> list[Any]:
        reader, writer = await self._connect()
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        if hangs_up:
            writer.write_eof()
        else:
            await self._another()
        heard = asyncio.ensure_future(reader.read())
        for _ in range(3):
            await self._another()  # what was sent is taken in by then; its answers are under way
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        with contextlib.suppress(ConnectionError):
            said = await heard
            await self._settled()
            return _messages(said, whole=hangs_up)
        await self._settled()
        return []

    async def _another(self) -> None:
        """A client that comes after, or meanwhile, is served."""
        reader, writer = await self._connect()
        if self._secrets is not None:
            word = {"jsonrpc": "2.0", "id": 0, "method": "libria/token", "params": {"token": self._secrets.token}}
            writer.write(frame(json.dumps(word).encode()))
        writer.write(frame(STATUS))
        expected = 1 if self._secrets is None else 2
        for _ in range(expected):
            length = int((await reader.readuntil(b"\r\n\r\n"))[16:])
            answer = json.loads(await reader.readexactly(length))
            assert "result" in answer, answer
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        await self._loop.connect_accepted_socket(self._server.connection, theirs)
        return await asyncio.open_connection(sock=ours)

    async def _settled(self) -> None:
        """Nothing is left of those that have gone."""
        gate: Any = self._server.gate
        for _ in range(2000):
            left = (self._server.sessions(), gate._inside, gate._held, gate._strangers, gate._held_sum)
            if not any(left) and len(asyncio.all_tasks()) <= self._tasks + 1:
                return
            await asyncio.sleep(0.001)
        raise AssertionError(f"something stays: {left} {asyncio.all_tasks()}")


class _Errors(logging.Handler):
    """A fault of ours is logged as an error: here it is one."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._faults = faults

    def emit(self, record: logging.LogRecord) -> None:
        self._faults.append(record.getMessage())


def _messages(said: bytes, *, whole: bool) -> list[Any]:
    """Each must be a frame that is JSON-RPC; the last may be cut where the client hung up first."""
    found: list[Any] = []
    while said:
        header, _, rest = said.partition(b"\r\n\r\n")
        assert header.startswith(b"Content-Length: "), said[:100]
        length = int(header[16:])
        if len(rest) < length and not whole:
            break
        message = json.loads(rest[:length])
        assert message["jsonrpc"] == "2.0"
        assert message.get("error", {}).get("code") != -32603, message
        found.append(message)
        said = rest[length:]
    return found
