"""The events in the body of a reply, whichever way the body comes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from libria_providers.dialects.base import Decoder, Exchange, Quirks
from libria_providers.errors import Disconnected, Interrupted, InvalidResponse, ProviderError
from libria_providers.frames import Frames
from libria_providers.http import Response
from libria_providers.reply import Batches
from libria_providers.types import Event, Finish

LAST_WORDS_SECONDS = 2.0
"""How long usage and the like are waited for once the provider has said that it is done: a server
that keeps the connection open after its last word must not hold an answer back."""

DRAIN_SECONDS = 0.05

_WHITE = b" \t\r\n\xef\xbb\xbf"  # with the bytes of a BOM


async def events(response: Response, exchange: Exchange, quirks: Quirks, *, stream: bool) -> Batches:
    """What the body holds decides, not what the head calls it: some servers answer a streaming
    request (`stream`) with one JSON body, some label a stream as JSON or text. Each read gives a batch, an
    empty one where it brought no event (a comment, a ping): so whoever waits knows of life."""
    async with aclosing(response.chunks()) as chunks:
        start = await _beginning(chunks)
        mark = start.lstrip(_WHITE)[:1]
        if mark == b"<":
            what = response.content_type or "HTML"
            raise InvalidResponse(f"The provider answered with {what} instead of a reply; check its address.")
        reader = exchange.frames(mark) if stream or mark not in (b"{", b"[") else None
        if reader is None:
            yield exchange.whole(await response.read(start=start.lstrip(_WHITE)), quirks)
            return
        decoder = exchange.decoder(quirks)
        chunk: bytes | None = start
        said = False  # any event at all
        while chunk is not None:
            found: list[Event] = []
            try:
                for event, data in reader.feed(chunk):
                    found += _read(decoder, event, data)
            except ProviderError:
                if found:
                    yield found
                raise
            if found and type(found[-1]) is Finish:
                await _drain(chunks)
                yield found
                return
            said = said or bool(found)
            yield found  # empty where the chunk held no event: a sign of life
            chunk = await _next(chunks, decoder, said)
    last = _end(decoder, reader)
    if not last or type(last[-1]) is not Finish:
        raise Interrupted("The provider broke off before the end of its reply; try again.")
    yield last


def _read(decoder: Decoder, event: str, data: bytes) -> list[Event]:
    """What cannot be read is passed over once the provider has said that it is done: the answer is whole,
    only figures can be missing."""
    try:
        return decoder.feed(event, data)
    except InvalidResponse:
        if not decoder.ending:
            raise
        return []


async def _beginning(chunks: AsyncGenerator[bytes, None]) -> bytes:
    """The body up to and with the first chunk that holds more than white space."""
    start = b""
    async for chunk in chunks:
        start += chunk
        if start.lstrip(_WHITE):
            break
    return start


async def _next(chunks: AsyncGenerator[bytes, None], decoder: Decoder, said: bool) -> bytes | None:
    """The next chunk, None at the end of bytes; also at a break, for what was said before it may be
    whole, and when only last words are missing and do not come: the decoder knows."""
    try:
        if not decoder.ending:
            return await chunks.__anext__()
        async with asyncio.timeout(LAST_WORDS_SECONDS):
            return await chunks.__anext__()
    except (StopAsyncIteration, TimeoutError):
        return None
    except Disconnected:
        if not said:
            raise
        return None


async def _drain(chunks: AsyncGenerator[bytes, None]) -> None:
    """Read the end of the body, which is mostly there already: only a connection whose reply was
    read to the end can be used again."""
    with suppress(TimeoutError, Disconnected):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in chunks:
                pass


def _end(decoder: Decoder, reader: Frames) -> list[Event]:
    events: list[Event] = []
    try:
        for event, data in reader.end():
            events += decoder.feed(event, data)
    except InvalidResponse:
        pass  # half a line: the end of bytes cut it off
    return events + decoder.end()
