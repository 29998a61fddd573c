"""The floor: HTTP bytes over one asyncio socket, counted and not decoded."""

import asyncio
import json
from collections.abc import Callable

from tests.bench.rig import Rig
from tests.bench.tally import Tally

DELTA = b'"delta":{"content":"'
END = b"\r\n0\r\n\r\n"
REFUSED = b"HTTP/1.1 4"


class Bare:
    """One kept connection. Make it with `bare`."""

    def __init__(self) -> None:
        self.tally = Tally(DELTA, END, fatal=REFUSED)
        self.send: Callable[[bytes], object]
        self.close: Callable[[], object]


async def bare(rig: Rig) -> Bare:
    connection = Bare()
    transport, _ = await asyncio.get_running_loop().create_connection(
        lambda: _Protocol(connection.tally), "127.0.0.1", rig.port
    )
    connection.send, connection.close = transport.write, transport.close
    return connection


class _Protocol(asyncio.Protocol):
    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def data_received(self, data: bytes) -> None:
        self._tally.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._tally.end()


def request(model: str) -> bytes:
    """What the daemon sends for the same call, as far as it matters to the simulator."""
    body = json.dumps({
        "model": model,
        "messages": [{"role": "user", "content": "Why share one daemon?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }).encode()  # fmt: skip
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer bench\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
