"""Responses over a WebSocket, when something breaks: lost connections, errors, silence, cancels."""

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from libria_providers.errors import Disconnected, InvalidResponse, TimedOut
from libria_providers.http import Pools
from libria_providers.types import Timeouts
from libria_providers.websocket.transport import Sockets
from libria_providers.wiring import wiring

sys.path.insert(0, str(Path(__file__).parent))

from websocket_server import HEADERS, Asked, Server, ask, body, echo_text, text_of, transport


@pytest.mark.parametrize("how", ["abort", "goodbye"])
async def test_a_connection_lost_within_the_reply_is_disconnected_after_what_came(how: str) -> None:
    async def answer(asked: Asked) -> None:
        await asked.say("response.created", "response.in_progress")
        await asked.connection.close() if how == "goodbye" else asked.connection.transport.close()

    async with Server(answer) as server:
        sockets = transport(server.url)
        response = await sockets.send("POST", server.url, HEADERS, body(), Timeouts())
        assert (await response.read_error()).count(b"data: ") == 2  # what came before it broke
        with pytest.raises(Disconnected):
            await response._lane.next(1.0, "idle")
        await response.aclose()
        assert (sockets._pool.calls, sockets.in_use) == ([], 0)
        await sockets.aclose()


@pytest.mark.parametrize("code", ["websocket_connection_limit_reached", "websocket_stream_limit_reached"])
@pytest.mark.parametrize("named", [True, False])
async def test_a_spent_connection_is_replaced_and_the_call_sent_again(code: str, named: bool) -> None:
    async def answer(asked: Asked) -> None:
        if len(server.asked) == 2:
            asked.lane = asked.lane if named else None
            await asked.say("error", status=400, error={"type": "invalid_request_error", "code": code, "message": "x"})
        else:
            await asked.answer(asked.text)

    async with Server(answer) as server:
        sockets = transport(server.url)
        await ask(sockets, server.url)
        assert text_of(await ask(sockets, server.url, "again")) == "again"
        assert sockets.opened == 2
        await server.until(lambda: len(server.live) == 1)
        await sockets.aclose()


async def test_a_server_whose_every_connection_is_spent_is_posted_to() -> None:
    async def answer(asked: Asked) -> None:
        await asked.say("error", error={"code": "websocket_connection_limit_reached", "message": "x", "type": "t"})

    async with Server(answer) as server:
        sockets = transport(server.url)
        assert await sockets.send("POST", server.url, HEADERS, body(), Timeouts()) == "posted"
        assert len(server.opened) == 3
        await sockets.aclose()


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_an_error_that_says_its_status_is_as_a_refused_post(status: int) -> None:
    async def answer(asked: Asked) -> None:
        error = {"type": "t", "code": "c", "message": "no", "headers": {"Retry-After": "7"}}
        await asked.say("error", status=status, error=error)

    async with Server(answer) as server:
        sockets = transport(server.url)
        response = await sockets.send("POST", server.url, HEADERS, body(), Timeouts())
        assert (response.status, response.headers["retry-after"]) == (status, "7")
        assert json.loads(await response.read_error())["error"]["message"] == "no"
        await response.aclose()
        server.answer = echo_text
        assert text_of(await ask(sockets, server.url)) == "hi"
        assert sockets.opened == 1  # an error of a call is none of its connection
        await sockets.aclose()


@pytest.mark.parametrize(
    ("message", "status", "first"),
    [
        ('{"error":{"message":"no","type":"api_error"}}', 200, b'data: {"type":"error","error"'),  # xAI
        ('{"type":"error","code":"server_error","message":"no"}', 200, b'data: {"type":"error","code"'),
        ('\n{"error":{"code":503,"message":"no"}}', 503, b'{"type":"error","error"'),
        ('{"type":"error",\n"error":{"message":"no"}}', 200, b'data: {"type":"error",\ndata: "error"'),
    ],
)
async def test_errors_of_other_shapes_end_the_reply(message: str, status: int, first: bytes) -> None:
    async with Server() as server:
        sockets = transport(server.url)
        await ask(sockets, server.url)

        async def answer(asked: Asked) -> None:
            await asked.connection.send(message)

        server.answer = answer
        response = await sockets.send("POST", server.url, HEADERS, body(), Timeouts())
        assert response.status == status
        assert (await response.read()).startswith(first)
        await response.aclose()
        await sockets.aclose()


async def test_silence_before_and_within_the_reply() -> None:
    async def answer(asked: Asked) -> None:
        if asked.text == "begins":
            await asked.say("response.created")

    async with Server(answer) as server:
        sockets = transport(server.url)
        with pytest.raises(TimedOut) as caught:
            await ask(sockets, server.url, first_token=0.05, idle=0.05)
        assert caught.value.phase == "firstToken"
        with pytest.raises(TimedOut) as caught:
            await ask(sockets, server.url, "begins", first_token=0.05, idle=0.05)
        assert caught.value.phase == "idle"
        await server.until(lambda: not server.live)  # who went silent is stopped
        assert (sockets.in_use, sockets._pool.calls) == (0, [])
        await sockets.aclose()


async def test_a_dead_end_is_noticed_by_its_silence_to_pings() -> None:
    async def answer(asked: Asked) -> None:
        asked.connection.transport.pause_reading()  # no pong, no goodbye

    async with Server(answer) as server:
        sockets = transport(server.url, ping=0.02, pong=0.02)
        assert await sockets.send("POST", server.url, HEADERS, body(), Timeouts()) == "posted"
        await sockets.aclose()


async def test_a_big_message_comes_whole_and_one_beyond_all_bounds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Server() as server:
        big = "x" * 500_000
        sockets = transport(server.url)
        assert text_of(await ask(sockets, server.url, big)) == big
        await sockets.aclose()
        monkeypatch.setattr("libria_providers.websocket.dial.MAX_FRAME_BYTES", 1000)
        sockets = transport(server.url)
        with pytest.raises(InvalidResponse):
            await ask(sockets, server.url, big)
        assert sockets._pool.calls == []
        await sockets.aclose()


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_messages_in_pieces(size: int) -> None:
    async def answer(asked: Asked) -> None:
        for kind in ("response.created", "response.output_text.delta", "response.completed"):
            message = json.dumps({"type": kind, "stream_id": asked.lane, "delta": "é€😀"}, ensure_ascii=False)
            await asked.connection.send(message[at : at + size] for at in range(0, len(message), size))

    async with Server(answer) as server:
        sockets = transport(server.url)
        assert text_of(await ask(sockets, server.url)) == "é€😀" * 3
        await sockets.aclose()


async def test_a_cancelled_reply_closes_its_connection() -> None:
    async def answer(asked: Asked) -> None:
        await asked.say("response.created")
        await asyncio.Event().wait()

    async with Server(answer) as server:
        sockets = transport(server.url)
        response = await sockets.send("POST", server.url, HEADERS, body(), Timeouts())
        started = asyncio.get_running_loop().time()
        await response.aclose()
        await response.aclose()
        await server.until(lambda: not server.live)
        assert asyncio.get_running_loop().time() - started < 0.25
        assert sockets.in_use == 0
        await sockets.aclose()


@pytest.mark.parametrize("warm", [False, True])
async def test_a_cancel_at_any_moment_leaves_nothing_behind(warm: bool) -> None:
    async with Server() as server:
        for steps in range(80):
            sockets = transport(server.url)
            if warm:
                await ask(sockets, server.url)
            before = asyncio.all_tasks()
            task = asyncio.ensure_future(ask(sockets, server.url))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            assert sockets.in_use == 0, f"cancelled after {steps} turns of the loop"
            assert all(not key.connections or not key.connections[0]._lanes for key in sockets._keys.values())
            await sockets.aclose()
            assert sockets.open_connections == 0
            await server.until(lambda: not server.live)
            await asyncio.sleep(0)
            ours = {one for one in asyncio.all_tasks() - before if "libria_providers" in str(one.get_coro())}
            assert not ours


async def test_closing_the_transport_ends_the_replies_on_it() -> None:
    async def answer(asked: Asked) -> None:
        await asked.say("response.created")
        await asyncio.Event().wait()

    async with Server(answer) as server, Pools() as pools:
        sockets = Sockets()
        transport = sockets.open(pools.open(wiring("x", server.url, {})))
        assert sockets.open(pools.open(wiring("x", server.url, {}))) is transport
        response = await transport.send("POST", server.url, HEADERS, body(), Timeouts())
        await sockets.aclose()
        with pytest.raises(Disconnected):
            await response.read()
        await response.aclose()
        await server.until(lambda: not server.live)


async def test_a_real_pool_posts_what_the_handshake_refused() -> None:
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b"upgrade: websocket" in head:
            writer.write(b"HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n")
        else:
            await reader.readexactly(len(body()))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9\r\n\r\ndata: 1\n\n")

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/responses"
    async with Pools() as pools, Sockets() as sockets:
        response = await sockets.open(pools.open(wiring("x", url, {}))).send("POST", url, HEADERS, body(), Timeouts())
        assert await response.read() == b"data: 1\n\n"
        await response.aclose()
    server.close()
    for writer in writers:
        writer.close()
