"""Recordings through the readers: without a connection as body.py reads one, and over loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress

from wire_exchanges import Answerer
from wire_expectations import Heard
from wire_recordings import Recording

from libria_providers.errors import InvalidResponse, ProviderError

_WHITE = b" \t\r\n\xef\xbb\xbf"


def read(recording: Recording, answerer: Answerer, pieces: Iterable[bytes]) -> Heard:
    """What the exchange makes of a body that comes in `pieces`."""
    heard = Heard()
    exchange, quirks = answerer.exchange, answerer.quirks
    try:
        if not 200 <= recording.status < 300:
            raise exchange.error(recording.status, recording.headers, recording.body)
        mark = recording.body.lstrip(_WHITE)[:1]
        reader = exchange.frames(mark) if recording.streamed or mark not in (b"{", b"[") else None
        if reader is None:
            heard.events += exchange.whole(recording.body, quirks)
            return heard
        decoder = exchange.decoder(quirks)
        for piece in pieces:
            for event, data in reader.feed(piece):
                heard.events += decoder.feed(event, data)
        with suppress(InvalidResponse):  # half a message, which the end of bytes cut off
            for event, data in reader.end():
                heard.events += decoder.feed(event, data)
        heard.events += decoder.end()
    except ProviderError as error:
        heard.error = error
    return heard


@asynccontextmanager
async def served(choose: Callable[[str], Recording]) -> AsyncIterator[str]:
    """The address of a server that answers each request with the recording that `choose` has for its path."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):  # a client may leave an error's body unread
            await _serve(choose, reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


async def _serve(
    choose: Callable[[str], Recording], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer one request; the next finds the connection closed."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    lengths = [int(line.partition(b":")[2]) for line in lines if line.lower().startswith(b"content-length")]
    await reader.readexactly(sum(lengths))
    recording = choose(lines[0].split(b" ")[1].decode())
    answer = [f"HTTP/1.1 {recording.status} Recorded", "transfer-encoding: chunked", "connection: close"]
    answer += [f"{name}: {value}" for name, value in recording.headers.items()]
    writer.write("\r\n".join([*answer, "", ""]).encode("latin-1", "replace"))
    for piece in recording.pieces():
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    await writer.drain()
