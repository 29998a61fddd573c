"""Scenarios: the provider cannot be reached at all. The next target answers, and the error says what to look at."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trustme
from e2e_client import Client
from e2e_home import OpenClient
from scenario_stage import on_the_socket, scenario

from libria_providers.simulator import Simulator

GOES_ON = ["groq/fast:5"]


async def test_dns_failure(open_client: OpenClient, sim: Simulator, mode: str) -> None:
    """RFC 6761 sees to it that nobody has this name."""
    client = await open_client({"OPENAI_BASE_URL": f"http://{mode}.invalid/v1"})
    await unreachable(client, sim, "check the network and the address")


async def test_tls_failure(open_client: OpenClient, sim: Simulator) -> None:
    """The certificate is by somebody of whom this machine has never heard."""
    async with stranger() as (address, seen):
        client = await open_client({"OPENAI_BASE_URL": f"{address}/v1"})
        await unreachable(client, sim, "SSL_CERT_FILE")
        assert seen == [], "nothing is said to a stranger"


@on_the_socket
async def test_nobody_listens(open_client: OpenClient, sim: Simulator, closed_port: int) -> None:
    client = await open_client({"OPENAI_BASE_URL": f"http://127.0.0.1:{closed_port}/v1"})
    await unreachable(client, sim, "cannot be reached")


@on_the_socket
async def test_nobody_accepts(open_client: OpenClient, sim: Simulator, full_backlog: int) -> None:
    client = await open_client({"OPENAI_BASE_URL": f"http://127.0.0.1:{full_backlog}/v1"})
    async with scenario(client, sim, then="groq/fast:20") as run:
        told = await run.ask("openai/fast:20", fallbacks=GOES_ON, timeouts={"connect": 0.2})
        assert told.outcomes == [("openai", "timedOut"), ("groq", "ok")]
        assert 0.2 <= told.seconds < 0.7


async def unreachable(client: Client, sim: Simulator, said: str) -> None:
    async with scenario(client, sim, then="groq/fast:20") as run:
        told = await run.ask("openai/fast:20", fallbacks=GOES_ON)
        assert told.outcomes == [("openai", "disconnected")] * 3 + [("groq", "ok")]
        assert (await told.chat.seen("status", state="fallback"))["reason"] == "disconnected"
        alone = await run.ask("openai/fast:20")
        assert (alone.error["kind"], alone.error["retryable"]) == ("disconnected", True)
        assert said in alone.error["message"]
        assert [call.path for call in sim.calls] == ["/openai/v1/chat/completions"]


@asynccontextmanager
async def stranger() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A TLS server whose certificate nobody trusts: its address, and what it was told."""
    seen: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(100))
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = await asyncio.start_server(hear, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen
    finally:
        server.close()
        await server.wait_closed()
