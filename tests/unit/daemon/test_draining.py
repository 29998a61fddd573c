"""A server that ends, and who comes just then."""

import asyncio
import socket

from libria.clock import SystemClock
from libria.config import Config
from libria.engine import Engine
from libria.rpc.server import Server


async def test_who_was_accepted_and_is_not_there_yet_does_not_keep_the_others_from_their_end() -> None:
    """The event loop makes the protocol object in one turn, and gives it its transport in a later one."""
    engine = Engine(Config(), SystemClock(), alone=True)
    server = Server(engine, address="here", gone=lambda: None)
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    later = server.connection()
    transport, there = await loop.connect_accepted_socket(server.connection, ours)
    server.drain()
    assert transport.is_closing()
    assert later.draining
    assert there.draining
    theirs.close()
    await engine.aclose()
