"""Pools: what they share, what a cancel leaves, which wiring an environment asks for."""

import asyncio
import socket
from contextlib import suppress

import pytest

from libria_providers.errors import BadRequest, Disconnected, ProviderError, TimedOut
from libria_providers.http import Pools
from libria_providers.simulator import Simulator
from libria_providers.types import Timeouts
from libria_providers.wiring import proxy_for, wiring

BODY = b'{"model":"fast:50","stream":true,"messages":[{"role":"user","content":"x"}]}'
HEADERS = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("address", "env", "proxy"),
    [
        ("https://api.openai.com/v1", {}, None),
        ("https://api.openai.com/v1", {"HTTPS_PROXY": "http://p:3128"}, "http://p:3128"),
        ("https://api.openai.com/v1", {"https_proxy": "p:3128"}, "http://p:3128"),
        ("https://api.openai.com/v1", {"HTTP_PROXY": "http://p:3128"}, None),
        ("https://api.openai.com/v1", {"ALL_PROXY": "socks5://p:1"}, "socks5://p:1"),
        ("https://api.openai.com/v1", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "openai.com"}, None),
        ("https://api.openai.com/v1", {"HTTPS_PROXY": "http://p:1", "no_proxy": ".openai.com,x"}, None),
        ("https://api.openai.com/v1", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, None),
        ("https://api.openai.com/v1", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "example.com"}, "http://p:1"),
        ("http://127.0.0.1:11434/v1", {"HTTP_PROXY": "http://p:1", "ALL_PROXY": "http://p:1"}, None),
        ("http://localhost:11434/v1", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://box:11434/v1", {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
        ("https://x/v1", {"ALL_PROXY": "socks://p:1/"}, "socks5://p:1/"),
        ("http://[::1", {"HTTP_PROXY": "http://p:1"}, None),
    ],
)
def test_the_proxy_that_an_environment_asks_for(address: str, env: dict[str, str], proxy: str | None) -> None:
    assert proxy_for(address, env) == proxy


async def test_one_pool_for_equal_wiring_and_another_for_another_ca() -> None:
    pools = Pools()
    first = pools.open(wiring("openai", "http://x/v1", {"OPENAI_API_KEY": "a"}))
    assert pools.open(wiring("openai", "http://x/v1", {"OPENAI_API_KEY": "b"})) is first
    assert pools.open(wiring("openai", "http://x/v1", {"SSL_CERT_FILE": "/ca.pem"})) is not first
    await pools.aclose()


async def test_a_connection_is_used_again() -> None:
    async with Simulator() as sim:
        pools = Pools()
        pool = pools.open(wiring("x", sim.url, {}))
        for _ in range(5):
            response = await pool.send("POST", f"{sim.url}/v1/chat/completions", HEADERS, BODY, Timeouts())
            assert b"[DONE]" in await response.read()
            await response.aclose()
        assert pool.opened == 1
        await pools.aclose()


async def test_a_cancel_at_any_moment_leaves_no_connection_behind() -> None:
    """httpcore's PR 1099: a cancel between connect and send kept socket and slot for ever."""
    async with Simulator() as sim:
        pools = Pools()
        pool = pools.open(wiring("x", sim.url, {}))
        for steps in range(60):
            task = asyncio.ensure_future(pool.send("POST", f"{sim.url}/v1/chat/completions", HEADERS, BODY, Timeouts()))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await (await task).aclose()
            assert pool.open_connections == 0, f"cancelled after {steps} turns of the loop"
        await pools.aclose()


async def test_cancels_into_the_closing_of_a_cancelled_request_leave_nothing_behind() -> None:
    async with Simulator(pace=0) as sim, Pools() as pools:
        pool = pools.open(wiring("openai", f"{sim.url}/v1", {}))
        body = BODY.replace(b"fast:50", b"silent")

        async def ask() -> None:
            response = await pool.send("POST", f"{sim.url}/v1/chat/completions", HEADERS, body, Timeouts())
            await response.aclose()

        for turns in range(1, 12):
            seen = len(sim.calls)
            task = asyncio.create_task(ask())
            await sim.wait_for(lambda call: call.state == "open", count=1)
            for _ in range(turns):
                task.cancel()
                await asyncio.sleep(0)
            with suppress(asyncio.CancelledError):
                await task
            await sim.wait_for(lambda call: call.state == "hung up", count=seen + 1)
            for _ in range(20):
                await asyncio.sleep(0)
            assert (pool.in_use, pool.open_connections) == (0, 0), f"cancelled in {turns} turns of the loop"


async def test_a_closed_kept_connection_is_replaced_unseen() -> None:
    """llama.cpp closes after each stream though it announced keep-alive."""
    served = 0
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        writers.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(len(BODY))
        served += 1
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await reader.read(1)  # the next request has begun: only now hang up
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    pools = Pools()
    pool = pools.open(wiring("x", url, {}))
    for _ in range(3):
        response = await pool.send("POST", url, HEADERS, BODY, Timeouts())
        assert await response.read() == b"ok"
        await response.aclose()
    assert (served, pool.opened) == (3, 3)
    await pools.aclose()
    server.close()
    for writer in writers:
        writer.close()
        await writer.wait_closed()


async def test_several_closed_kept_connections_are_replaced_unseen() -> None:
    """Only a fresh one that fails is a failure: two stale ones in a row were one too many."""
    writers: list[asyncio.StreamWriter] = []
    heads = asyncio.Barrier(3)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(len(BODY))
        if len(writers) <= 3:
            await heads.wait()  # three at once, so that three connections are kept
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with Pools() as pools:
        pool = pools.open(wiring("x", url, {}))

        async def ask() -> bytes:
            response = await pool.send("POST", url, HEADERS, BODY, Timeouts())
            body = await response.read()
            await response.aclose()
            return body

        assert await asyncio.gather(ask(), ask(), ask()) == [b"ok"] * 3
        assert await ask() == b"ok"
        assert pool.opened == 4
    server.close()
    for writer in writers:
        writer.close()
        await writer.wait_closed()


async def send_to(url: str, env: dict[str, str] | None = None, **timeouts: float) -> ProviderError:
    pools = Pools()
    try:
        pool = pools.open(wiring("x", url, env or {}))
        with pytest.raises(ProviderError) as caught:
            await pool.send("POST", url, HEADERS, BODY, Timeouts(**timeouts))
        return caught.value
    finally:
        await pools.aclose()


async def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = await send_to(f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert isinstance(error, Disconnected)


async def test_a_name_that_does_not_exist() -> None:
    error = await send_to("http://nowhere.invalid/", connect=5.0)
    assert isinstance(error, Disconnected | TimedOut)


@pytest.mark.parametrize("url", ["ftp://x/", "http://[::1", "nonsense", "http://127.0.0.1:99999/"])
async def test_an_address_that_is_none(url: str) -> None:
    assert isinstance(await send_to(url), Disconnected | BadRequest)


async def test_a_proxy_that_is_none() -> None:
    assert isinstance(await send_to("http://box/", {"HTTP_PROXY": "gopher://p:1"}), BadRequest)


async def test_a_ca_file_that_cannot_be_read_is_named() -> None:
    error = await send_to("https://127.0.0.1:1/", {"SSL_CERT_FILE": "/no/such/ca.pem"})
    assert "/no/such/ca.pem" in error.message
