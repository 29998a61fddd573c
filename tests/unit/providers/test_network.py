"""The lean sockets beneath the pools: their patience, their bound, their end."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpcore
import pytest

from libria_providers.network import MOST_UNREAD, Network

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Connect = Callable[[Talk], Awaitable[httpcore.AsyncNetworkStream]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """A connection to a server that talks so."""
    servers: list[asyncio.Server] = []
    streams: list[httpcore.AsyncNetworkStream] = []
    ended = asyncio.Semaphore(0)

    async def connect(talk: Talk) -> httpcore.AsyncNetworkStream:
        async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await talk(reader, writer)
            finally:
                writer.close()
                await asyncio.gather(writer.wait_closed(), return_exceptions=True)
                ended.release()

        servers.append(await asyncio.start_server(whole, "127.0.0.1", 0))
        streams.append(await Network().connect_tcp("127.0.0.1", servers[-1].sockets[0].getsockname()[1], 5))
        return streams[-1]

    yield connect
    for stream in streams:
        await stream.aclose()
    for server in servers:
        await ended.acquire()
        server.close()
        await server.wait_closed()


async def test_bytes_come_as_they_were_sent_and_no_more_than_asked_for(connect: Connect) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read(100)) * 3)

    stream = await connect(talk)
    await stream.write(b"abc")
    pieces = [await stream.read(4, 5)]
    while pieces[-1]:
        pieces.append(await stream.read(4, 5))
    assert b"".join(pieces) == b"abcabcabc"
    assert max(map(len, pieces)) == 4
    assert stream.get_extra_info("is_readable") is True, "an idle connection that has ended is not used again"


async def test_each_read_has_its_own_patience(connect: Connect) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)

    stream = await connect(talk)
    await stream.write(b"a")
    assert await stream.read(10, 60) == b"a"  # leaves a timer that is far away
    assert stream.get_extra_info("is_readable") is False
    for _ in range(2):
        begun = time.monotonic()
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(10, 0.02)
        assert 0.015 < time.monotonic() - begun < 5
    await stream.write(b"b")
    assert await stream.read(10, None) == b"b"


async def test_who_sends_more_than_is_read_has_to_wait(connect: Connect) -> None:
    size = 100 * MOST_UNREAD
    sent = asyncio.Event()

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x" * size)
        await writer.drain()
        sent.set()

    stream = await connect(talk)
    came = len(await stream.read(1, 5))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not sent.is_set()
    while data := await stream.read(65536, 5):
        came += len(data)
    assert came == size


async def test_a_cancelled_read_loses_nothing(connect: Connect) -> None:
    go = asyncio.Event()

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        writer.write(b"late")

    stream = await connect(talk)
    reading = asyncio.create_task(stream.read(10, 60))
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    go.set()
    assert await stream.read(10, 5) == b"late"
