"""Real TLS and a real proxy on loopback: a company's CA, one that is not trusted, CONNECT."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from libria_providers.errors import Disconnected, ProviderError
from libria_providers.http import Pools
from libria_providers.simulator import Simulator
from libria_providers.types import Timeouts
from libria_providers.wiring import wiring

BODY = b'{"model":"fast:5","stream":true,"messages":[{"role":"user","content":"x"}]}'
HEADERS = {"content-type": "application/json"}

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def relay(
    upstream: Callable[[asyncio.StreamReader, asyncio.StreamWriter], "asyncio.Future[Streams]"],
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    """A server that joins whoever comes to what `upstream` opens; gives its port."""
    tasks: set[asyncio.Task[None]] = set()

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await upstream(reader, writer)
        await asyncio.gather(pipe(reader, far_writer), pipe(far_reader, writer))

    def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.ensure_future(join(reader, writer)))

    server = await asyncio.start_server(joined, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@asynccontextmanager
async def tls_simulator(authority: trustme.CA) -> AsyncIterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("provider.test", "127.0.0.1").configure_cert(context)
    async with Simulator() as sim:

        def plain(*_: object) -> "asyncio.Future[Streams]":
            return asyncio.ensure_future(asyncio.open_connection("127.0.0.1", port_of(sim.url)))

        async with relay(plain, context) as port:
            yield f"https://127.0.0.1:{port}"


async def ask(url: str, env: dict[str, str]) -> bytes:
    pools = Pools()
    try:
        response = await pools.open(wiring("x", url, env)).send(
            "POST", f"{url}/v1/chat/completions", HEADERS, BODY, Timeouts()
        )
        try:
            return await response.read()
        finally:
            await response.aclose()
    finally:
        await pools.aclose()


async def test_a_ca_of_the_users_own(authority: trustme.CA, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    async with tls_simulator(authority) as url:
        assert b"[DONE]" in await ask(url, {"SSL_CERT_FILE": str(file)})


async def test_a_certificate_that_is_not_trusted_is_told_with_the_way_out(authority: trustme.CA) -> None:
    async with tls_simulator(authority) as url:
        with pytest.raises(Disconnected, match="SSL_CERT_FILE"):
            await ask(url, {})


@pytest.mark.parametrize("scheme", ["HTTPS", "Https", " https"])
async def test_a_scheme_in_capitals_is_verified_all_the_same(authority: trustme.CA, scheme: str) -> None:
    async with tls_simulator(authority) as url:
        with pytest.raises(ProviderError):
            await ask(url.replace("https", scheme), {})


async def test_a_certificate_for_another_name_is_told_so(authority: trustme.CA, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    async with tls_simulator(authority) as url:
        with pytest.raises(Disconnected, match="another name"):
            await ask(url.replace("127.0.0.1", "localhost"), {"SSL_CERT_FILE": str(file)})


async def test_tls_that_is_spoken_to_in_the_clear_is_a_broken_connection(authority: trustme.CA) -> None:
    async with tls_simulator(authority) as url:
        with pytest.raises(Disconnected):
            await ask(url.replace("https", "http"), {})


async def connect_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> Streams:
    """What a proxy does with CONNECT: the far end is the simulator, whatever name was asked for."""
    await reader.readuntil(b"\r\n\r\n")
    streams = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    return streams


async def test_https_goes_through_the_proxy(authority: trustme.CA, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    seen = 0

    async with tls_simulator(authority) as url:
        port = port_of(url)

        def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> "asyncio.Future[Streams]":
            nonlocal seen
            seen += 1
            return asyncio.ensure_future(connect_request(reader, writer, port))

        async with relay(through) as proxy:
            env = {"SSL_CERT_FILE": str(file), "HTTPS_PROXY": f"http://127.0.0.1:{proxy}"}
            assert b"[DONE]" in await ask("https://provider.test", env)
            assert seen == 1


async def test_a_proxy_that_refuses_is_named() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(Disconnected, match="HTTPS_PROXY"):
        await ask("https://provider.test", {"HTTPS_PROXY": f"http://127.0.0.1:{port}"})
    server.close()
