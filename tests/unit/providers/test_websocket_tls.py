"""A WebSocket through real TLS and a real proxy on loopback; what it costs who wants none; what it must not log."""

import asyncio
import logging
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from libria_providers.types import Timeouts

sys.path.insert(0, str(Path(__file__).parent))

from websocket_server import HEADERS, Server, ask, body, text_of, transport


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2", "http/1.1"])  # as at the vendors': h2 must not be agreed on
    authority.issue_cert("provider.test", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@asynccontextmanager
async def connect_proxy(port: int) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Answers CONNECT to whatever name by joining to `port`; gives its own port and the heads that came."""
    heads: list[bytes] = []
    tasks: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer), return_exceptions=True)

    def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.ensure_future(serve(reader, writer)))

    server = await asyncio.start_server(served, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heads
    finally:
        server.close()
        await asyncio.wait_for(asyncio.gather(*tasks), 5)


async def test_a_companys_ca(context: ssl.SSLContext, ca_file: str) -> None:
    async with Server(ssl=context) as server:
        sockets = transport(server.url, {"SSL_CERT_FILE": ca_file})
        assert text_of(await ask(sockets, server.url)) == "hi"
        tls = server.asked[0].connection.transport.get_extra_info("ssl_object")
        assert tls.selected_alpn_protocol() == "http/1.1"
        await sockets.aclose()


async def test_a_certificate_that_is_not_trusted_means_post(context: ssl.SSLContext) -> None:
    async with Server(ssl=context) as server:
        sockets = transport(server.url)
        assert await sockets.send("POST", server.url, HEADERS, body(), Timeouts()) == "posted"
        assert server.asked == []
        await sockets.aclose()


async def test_through_a_proxy(context: ssl.SSLContext, ca_file: str) -> None:
    async with (
        Server(ssl=context) as server,
        connect_proxy(int(server.url.split(":")[2].split("/")[0])) as (port, heads),
    ):
        url = "https://provider.test/v1/responses"
        sockets = transport(url, {"HTTPS_PROXY": f"http://127.0.0.1:{port}", "SSL_CERT_FILE": ca_file})
        assert text_of(await ask(sockets, url)) == "hi"
        await sockets.aclose()
    assert heads[0].startswith(b"CONNECT provider.test:443")
    assert b"Bearer" not in heads[0]


async def test_neither_key_nor_prompt_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with Server(logger=logging.Logger("server", logging.CRITICAL)) as server:
        sockets = transport(server.url)
        await ask(sockets, server.url, "a secret")
        await sockets.aclose()
    assert "secret" not in caplog.text
    assert "Bearer" not in caplog.text


def test_nobody_pays_for_what_he_does_not_use() -> None:
    code = "import sys, libria_providers.websocket.transport; sys.exit('websockets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
