"""Every recording over a real connection, through the provider, in the chunks in which it came."""

import asyncio
from contextlib import suppress

from wire_expectations import Heard, check
from wire_recordings import Recording

from libria_providers.errors import ProviderError
from libria_providers.http import Pools
from libria_providers.provider import Credential, Provider
from libria_providers.registry import headers
from libria_providers.types import Call, Message
from libria_providers.wiring import wiring

QUESTION = (Message("user", "Hello"),)


async def test_over_http(recording: Recording) -> None:
    server = await asyncio.start_server(lambda reader, writer: _serve(recording, reader, writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    pools = Pools()
    try:
        heard, request_id = await _ask(recording, f"http://127.0.0.1:{port}", pools)
    finally:
        await pools.aclose()
        server.close()
        await server.wait_closed()
    check(recording, heard)
    if heard.error is None:
        expected = recording.expected["request_id"]
        assert request_id == expected if expected else True


async def _ask(recording: Recording, address: str, pools: Pools) -> tuple[Heard, str | None]:
    row = recording.row
    pool = pools.open(wiring(row.name, address, {}))
    key = ("TEST_KEY", "key")
    provider = Provider(row, address=address, credential=Credential(*key), pool=pool, headers=headers(row, {}, key))
    heard = Heard([])
    request_id = None
    call = Call(model=f"{row.name}/model", messages=QUESTION, stream=recording.streamed)
    try:
        reply = await provider.send(call)
        request_id = reply.request_id
        try:
            async for batch in reply:
                heard.events += batch
        finally:
            await reply.aclose()
    except ProviderError as error:
        heard.error = error
    return heard, request_id


async def _serve(recording: Recording, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request with the recording; the next finds the connection closed."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    await reader.readexactly(length)
    lines = [f"HTTP/1.1 {recording.status} Recorded", "transfer-encoding: chunked"]
    lines += [f"{name}: {value}" for name, value in recording.headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1", "replace"))
    with suppress(ConnectionError):  # the client may leave an error's body unread
        for piece in recording.pieces():
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
    writer.close()
