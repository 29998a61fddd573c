"""A body through the code that reads one from a connection, without a connection."""

import asyncio
import os
import random
from collections.abc import AsyncGenerator, Iterable
from struct import pack
from typing import Any, cast
from zlib import crc32

from wire_expectations import Heard

from libria_providers.body import events
from libria_providers.dialects.base import Exchange, Quirks
from libria_providers.errors import ProviderError
from libria_providers.http import Response

ROUNDS = int(os.environ.get("LIBRIA_TEST_FUZZ", "8"))
"""Mutations of each recording."""

HANGS = 5.0
"""Seconds in which any body of ours has been read."""


def dice(seed: str) -> random.Random:
    """The same cases each time."""
    return random.Random(seed)  # noqa: S311  # nothing is kept secret with it


class Body:
    """What body.py wants of a response."""

    content_type = "application/json"

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._chunks = self._read(pieces)

    def chunks(self) -> AsyncGenerator[bytes, None]:
        return self._chunks

    async def read(self, start: bytes = b"") -> bytes:
        return b"".join([start, *[chunk async for chunk in self._chunks]])

    async def _read(self, pieces: Iterable[bytes]) -> AsyncGenerator[bytes, None]:
        for piece in pieces:
            if piece:
                yield piece


def hear(exchange: Exchange, quirks: Quirks, pieces: Iterable[bytes], *, stream: bool) -> Heard:
    """Anything but events and one ProviderError is raised."""
    global _runner
    if _runner is None:
        _runner = asyncio.Runner()
    return _runner.run(_hear(exchange, quirks, pieces, stream=stream))


_runner: asyncio.Runner | None = None  # a loop for each body would take longer than the body


def close() -> None:
    """Once, after the last `hear`."""
    if _runner is not None:
        _runner.close()


async def _hear(exchange: Exchange, quirks: Quirks, pieces: Iterable[bytes], *, stream: bool) -> Heard:
    heard = Heard()
    body: Any = Body(pieces)
    batches = events(cast(Response, body), exchange, quirks, stream=stream)
    try:
        async with asyncio.timeout(HANGS):
            async for batch in batches:
                heard.events += batch
    except ProviderError as error:
        heard.error = error
    finally:
        await batches.aclose()
    return heard


def framed(name: str, payload: bytes) -> bytes:
    """A message of Amazon's event stream."""
    value = name.encode()
    headers = b"\x0b:event-type\x07" + pack(">H", len(value)) + value
    prelude = pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + pack(">I", crc32(prelude)) + headers + payload
    return message + pack(">I", crc32(message))
