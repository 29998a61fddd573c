"""A client that has left leaves nothing: pygls 2.1.1 caches methods of its protocol objects with the objects."""

import asyncio
import gc
import json
import socket
import weakref
from typing import Any

from libria.clock import SystemClock
from libria.config import Config
from libria.engine import Engine
from libria.rpc.server import Server

HELLO = {"processId": None, "rootUri": None, "capabilities": {}}


def frame(id: int, method: str, params: Any) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


async def test_its_connection_is_forgotten() -> None:
    engine = Engine(Config(), SystemClock())
    server = Server(engine, address="nowhere", gone=lambda: None)
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.connect_accepted_socket(server.connection, theirs)
    reader, writer = await asyncio.open_connection(sock=ours)
    writer.write(frame(1, "initialize", HELLO))
    await reader.readuntil(b'"capabilities"')
    writer.write(frame(2, "libria/status", {}))
    await reader.readuntil(b'"uptimeSeconds"')
    [connection] = map(weakref.ref, server._connections)
    writer.close()
    await writer.wait_closed()
    while server.sessions():  # noqa: ASYNC110  # it hears of the end in a turn or two
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    gc.collect()
    assert connection() is None, "and with it the session, whose environment holds keys"
    server.drain()
    await engine.aclose()
