"""Responses over a WebSocket: what goes over it, what by POST instead, what an error becomes, what a cancel leaves."""

import asyncio
import sys
from pathlib import Path

import pytest

from libria_providers.types import Timeouts

sys.path.insert(0, str(Path(__file__).parent))

from websocket_server import HEADERS, Asked, Server, ask, body, text_of, transport


async def test_a_streamed_call_is_one_message_and_its_reply_server_sent_events() -> None:
    async with Server() as server:
        sockets = transport(server.url)
        response = await sockets.send("POST", server.url, HEADERS, body("hi", temperature=0.5), Timeouts())
        assert (response.status, response.content_type) == (200, "text/event-stream")
        read = await response.read()
        await response.aclose()
        await sockets.aclose()
    assert read.startswith(b'data: {"type": "response.created"')
    assert read.endswith(b"}\n\n")
    fields = dict(server.asked[0].fields)
    assert fields.pop("stream_id")
    assert fields == {"type": "response.create", "model": "m", "input": "hi", "temperature": 0.5}
    assert server.opened[0].headers["authorization"] == "Bearer k"
    assert "content-type" not in server.opened[0].headers
    assert sockets._pool.calls == []


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("GET", "/v1/models", None),
        ("POST", "/v1/chat/completions", body()),
        ("POST", "/v1/responses/input_tokens", body()),
        ("POST", "/v1/responses", b'{"model":"m"}'),
        ("POST", "/v1/responses", b'{"model":"m","stream":false}'),
        ("POST", "/v1/responses", body(background=True)),
        ("POST", "/v1/responses", body("x" * 2_000_000)),
        ("POST", "/v1/responses", b"[1]"),
        ("POST", "/v1/responses", b"\xff"),
        ("POST", "/v1/responses", None),
    ],
)
async def test_everything_else_goes_to_the_pool(method: str, path: str, sent: bytes | None) -> None:
    sockets = transport("http://127.0.0.1:9")
    assert await sockets.send(method, f"http://127.0.0.1:9{path}", HEADERS, sent, Timeouts()) == "posted"
    assert sockets.open_connections == 0


async def test_a_header_that_cannot_be_sent_is_the_pools_to_refuse() -> None:
    sockets = transport("http://127.0.0.1:9/responses")
    headers = {**HEADERS, "authorization": "Bearer a\r\nx: y"}
    assert await sockets.send("POST", "http://127.0.0.1:9/responses", headers, body(), Timeouts()) == "posted"
    assert sockets.open_connections == 0


@pytest.mark.parametrize("status", [400, 404, 426, 429, 503, 302])
async def test_a_refused_handshake_means_post_and_no_new_try_for_a_while(status: int) -> None:
    async with Server(refuse=lambda _request: status) as server:
        sockets = transport(server.url)
        for headers in (HEADERS, HEADERS, {"authorization": "Bearer other"}):
            assert await sockets.send("POST", server.url, headers, body(), Timeouts()) == "posted"
        assert (len(server.opened), len(sockets._pool.calls), sockets.opened) == (1, 3, 0)
        await sockets.aclose()


async def test_a_redirect_does_not_carry_the_key_elsewhere() -> None:
    async with Server() as elsewhere, Server(refuse=lambda _request: 307) as server:
        server.location = elsewhere.url.replace("http", "ws", 1)
        sockets = transport(server.url)
        assert await sockets.send("POST", server.url, HEADERS, body(), Timeouts()) == "posted"
        assert (len(server.opened), elsewhere.opened) == (1, [])
        await sockets.aclose()


async def test_after_a_while_it_is_tried_again() -> None:
    refusals = [503]
    async with Server(refuse=lambda _request: refusals.pop() if refusals else None) as server:
        sockets = transport(server.url, refused=0.0)
        assert await sockets.send("POST", server.url, HEADERS, body(), Timeouts()) == "posted"
        assert text_of(await ask(sockets, server.url)) == "hi"
        await sockets.aclose()


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_goes_by_post_and_another_key_is_not_kept_off(status: int) -> None:
    async with Server(refuse=lambda request: None if "good" in request.headers["authorization"] else status) as server:
        sockets = transport(server.url)
        assert await sockets.send("POST", server.url, HEADERS, body(), Timeouts()) == "posted"
        assert text_of(await ask(sockets, server.url, headers={"authorization": "Bearer good"})) == "hi"
        await sockets.aclose()


async def test_nobody_listens_or_nobody_answers_the_handshake() -> None:
    hung: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _reader, writer: hung.append(writer), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}/responses"
    sockets = transport(url)
    assert await sockets.send("POST", url, HEADERS, body(), Timeouts(connect=0.05)) == "posted"
    assert await sockets.send("POST", "http://127.0.0.1:1/responses", HEADERS, body(), Timeouts()) == "posted"
    await sockets.aclose()
    assert sockets.open_connections == 0
    silent.close()
    for writer in hung:
        writer.close()


@pytest.mark.parametrize("env", [{"HTTP_PROXY": "gopher://p:1"}, {"HTTP_PROXY": "socks5://127.0.0.1:1"}])
async def test_a_proxy_that_cannot_be_used_means_post(env: dict[str, str]) -> None:
    sockets = transport("http://box/v1", env)
    assert await sockets.send("POST", "http://box/v1/responses", HEADERS, body(), Timeouts()) == "posted"
    await sockets.aclose()


async def test_a_ca_file_that_cannot_be_read_means_post() -> None:
    sockets = transport("https://127.0.0.1:1", {"SSL_CERT_FILE": "/no/such/ca.pem"})
    assert await sockets.send("POST", "https://127.0.0.1:1/responses", HEADERS, body(), Timeouts()) == "posted"
    await sockets.aclose()


async def test_a_connection_is_kept_and_used_again() -> None:
    async with Server() as server:
        sockets = transport(server.url)
        for number in range(70):  # names of lanes come round
            assert text_of(await ask(sockets, server.url, str(number))) == str(number)
        assert (sockets.opened, len(server.opened), sockets.in_use) == (1, 1, 0)
        assert len({asked.lane for asked in server.asked}) == 32
        await sockets.aclose()
        assert sockets.open_connections == 0


async def test_each_key_has_its_own_connection() -> None:
    async with Server() as server:
        sockets = transport(server.url)
        for key, extra in (("a", {}), ("b", {}), ("a", {"openai-organization": "o"}), ("a", {"x-request-id": "1"})):
            await ask(sockets, server.url, headers={"authorization": f"Bearer {key}", **extra})
        assert sockets.opened == 3  # a request's own id is nobody's identity
        await sockets.aclose()


async def test_keys_that_are_renewed_do_not_pile_up() -> None:
    async with Server() as server:
        sockets = transport(server.url, ping=0.01, idle=0.0)
        for number in range(3):
            await ask(sockets, server.url, headers={"authorization": f"Bearer {number}"})
            await server.until(lambda: not server.live)
        assert len(sockets._keys) == 1
        await sockets.aclose()


async def test_an_unused_connection_closes_and_the_next_call_opens_another() -> None:
    async with Server() as server:
        sockets = transport(server.url, ping=0.01, idle=0.02)
        await ask(sockets, server.url)
        await server.until(lambda: not server.live)
        assert text_of(await ask(sockets, server.url)) == "hi"
        assert sockets.opened == 2
        await sockets.aclose()


async def test_an_old_connection_takes_no_new_call_and_ends_with_its_last() -> None:
    go = asyncio.Event()

    async def answer(asked: Asked) -> None:
        await asked.say("response.created")
        await go.wait()
        await asked.answer(asked.text)

    async with Server(answer) as server:
        sockets = transport(server.url, age=0.0)
        first = await sockets.send("POST", server.url, HEADERS, body("old"), Timeouts())
        second = asyncio.ensure_future(ask(sockets, server.url, "new"))
        await server.until(lambda: len(server.asked) == 2)
        assert server.asked[0].connection is not server.asked[1].connection
        go.set()
        assert b'"old"' in await first.read()
        await first.aclose()
        assert text_of(await second) == "new"
        await server.until(lambda: not server.live)
        await sockets.aclose()


async def test_a_kept_connection_that_died_is_replaced_unseen() -> None:
    async def answer(asked: Asked) -> None:
        if len(server.asked) == 2:
            asked.connection.transport.abort()
        else:
            await asked.answer(asked.text)

    async with Server(answer) as server:
        sockets = transport(server.url)
        await ask(sockets, server.url)
        assert text_of(await ask(sockets, server.url, "again")) == "again"
        assert (sockets.opened, sockets._pool.calls) == (2, [])
        await sockets.aclose()


async def test_a_kept_connection_that_died_without_a_word_is_replaced_unseen() -> None:
    """A laptop that slept: nothing comes back, not even that nobody is there."""
    async with Server() as server:
        sockets = transport(server.url, pong=0.03)
        await ask(sockets, server.url)
        server.asked[0].connection.transport.pause_reading()
        (kept,) = next(iter(sockets._keys.values())).connections
        kept._heard -= 60  # a minute ago
        assert text_of(await ask(sockets, server.url, "again")) == "again"
        assert (sockets.opened, sockets._pool.calls) == (2, [])
        await sockets.aclose()


async def test_a_fresh_connection_lost_before_the_reply_means_post() -> None:
    async def answer(asked: Asked) -> None:
        await asked.connection.close(1011)

    async with Server(answer) as server:
        sockets = transport(server.url)
        for _ in range(2):
            assert await sockets.send("POST", server.url, HEADERS, body(), Timeouts()) == "posted"
        assert len(server.opened) == 1
        await sockets.aclose()


async def test_a_call_too_large_for_the_server_goes_by_post_and_the_next_does_not() -> None:
    async with Server(max_size=1000) as server:
        sockets = transport(server.url)
        assert await sockets.send("POST", server.url, HEADERS, body("x" * 2000), Timeouts()) == "posted"
        assert text_of(await ask(sockets, server.url)) == "hi"
        await sockets.aclose()
