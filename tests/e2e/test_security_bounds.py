"""How much of everything one client and all together may take: the real server on a real socket, with small bounds."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from e2e_client import WITHIN, Client

from libria.clock import SystemClock
from libria.config import Config
from libria.engine import Engine
from libria.listening import Listening
from libria.rpc.gate import Bounds, Gate
from libria.rpc.nesting import MAX_LEVELS
from libria.rpc.server import Server

Serve = Callable[..., Awaitable[Callable[[], Awaitable[Client]]]]


@pytest.fixture
async def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Serve]:
    """Serves within these bounds; gives what opens a client."""
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    engine = Engine(Config(), SystemClock(), alone=True)
    engine.start()
    clients: list[Client] = []
    servers: list[Server] = []

    async def start(**bounds: Any) -> Callable[[], Awaitable[Client]]:
        listening = Listening()
        server = Server(engine, address=listening.path, gone=listening.withdraw)
        server.gate = Gate(Bounds(**bounds))
        await server.listen(listening.socket)
        listening.publish()
        servers.append(server)

        async def connect() -> Client:
            clients.append(Client(*await asyncio.open_unix_connection(listening.path)))
            return clients[-1]

        return connect

    yield start
    await asyncio.gather(*(client.close() for client in clients))
    for server in servers:
        server.drain()
        async with asyncio.timeout(WITHIN):
            await server.ended.wait()
    await engine.aclose()


async def closed(client: Client) -> dict[str, Any]:
    """The last that it heard, once it was hung up on."""
    async with asyncio.timeout(WITHIN):
        await client.closed.wait()
    assert client.fault is None
    return client.messages[-1] if client.messages else {}


def is_error(message: dict[str, Any]) -> bool:
    return "error" in message and message["id"] is None


async def test_who_says_nothing_whole_in_time_has_to_go(serve: Serve) -> None:
    connect = await serve(first_frame=0.2)
    speaks, silent, drips, babbles = [await connect() for _ in range(4)]
    await speaks.request("libria/status", {})
    drips.send_raw(b"Content-Length: 1000000\r\n\r\n")
    while not drips.closed.is_set():
        with contextlib.suppress(OSError):
            drips.send_raw(b" ")
            babbles.send_raw(b"x" * 100)
        await asyncio.sleep(0.005)  # the pace of the drops
    assert "has to say something within 0.2 s" in (await closed(silent))["error"]["message"]
    for client in (drips, babbles):
        await closed(client)  # who is still writing as it is hung up on may not hear why
    speaks.send_raw(b"Content-Length: ")  # the limit is for the first alone
    assert not speaks.closed.is_set()


async def test_one_session_too_many_is_told_and_the_others_do_not_feel_it(serve: Serve) -> None:
    connect = await serve(sessions=3)
    inside = [await connect() for _ in range(3)]
    for client in inside:
        await client.request("libria/status", {})
    for _ in range(20):
        error = (await closed(await connect()))["error"]
        assert error["code"] == -32803
        assert (error["data"]["kind"], error["data"]["retryable"]) == ("overloaded", True)
        assert "3 clients" in error["message"]
    for client in inside:
        assert len((await client.request("libria/status", {}))["clients"]) <= 4
    await inside[0].close()
    while True:  # until the daemon has seen that
        again = await connect()
        pending = again.start("libria/status", {})
        answer = await again.until(lambda message: True, "an answer or a refusal")
        if answer["id"] == pending.id:
            break


async def test_requests_in_flight_are_bounded_and_the_connection_stays_usable(serve: Serve) -> None:
    connect = await serve(requests=3)
    client, other = await connect(), await connect()
    chats = [client.chat("simulate/fast:10+stall:0.3") for _ in range(3)]
    for chat in chats:
        await chat.seen("delta")
    error = await client.start("libria/status", {}).error()
    assert (error.code, error.data["kind"], error.data["retryable"]) == (-32803, "overloaded", True)
    assert error.message.endswith(".")
    assert (await other.request("libria/status", {}))["pid"]
    chats[0].cancel()
    assert (await chats[0].error()).code == -32800
    assert (await client.request("libria/status", {}))["pid"]


def nested(levels: int) -> Any:
    value: Any = "x"
    for i in range(levels):
        value = {"a": value} if i % 2 else [value]
    return value


DEEP: list[tuple[str, Callable[[Any], dict[str, Any]]]] = [
    ("initialize", lambda value: {"capabilities": {"experimental": value}, "processId": None, "rootUri": None}),
    ("initialize", lambda value: {"capabilities": {}, "initializationOptions": value, "rootUri": None}),
    ("workspace/executeCommand", lambda value: {"command": "none", "arguments": [value]}),
    ("libria/chat", lambda value: {"model": "simulate/fast:2", "messages": [{"role": "user", "content": "a"}],
                                   "providerOptions": {"deep": value}}),
    ("libria/chat", lambda value: {"model": "simulate/fast:2", "messages": [{"role": "user", "content": "a"}],
                                   "tools": [{"name": "t", "parameters": {"x": value}}]}),
    ("libria/chat", lambda value: {"model": "simulate/fast:2", "responseFormat":
                                   {"type": "jsonSchema", "name": "n", "schema": {"type": "object", "x": value}},
                                   "messages": [{"role": "user", "content": "a"}]}),
    ("libria/embed", lambda value: {"model": "simulate/fast", "input": [value]}),
    ("nothing/known", lambda value: {"x": value}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "params"), DEEP)
async def test_depth_is_refused_before_anything_walks_into_it(
    serve: Serve, method: str, params: Callable[[Any], dict[str, Any]]
) -> None:
    connect = await serve()
    client, other = await connect(), await connect()
    within = MAX_LEVELS - 8  # what lies around it has some
    response = await client.start(method, params(nested(within))).response()
    if "error" in response:
        assert response["error"]["code"] != -32603, response["error"]
    error = await client.start(method, params(nested(MAX_LEVELS + 1)), id="deep").error()
    assert (error.code, error.message) == (-32600, f"The message is nested deeper than {MAX_LEVELS} levels.")
    client.notify(method, params(nested(500)))
    await client.until(is_error, "a refusal of the notification")
    client.send_raw(b"Content-Length: 2000000\r\n\r\n" + b"[" * 2_000_000)
    assert (await other.request("libria/status", {}))["pid"]
    assert (await client.request("libria/status", {}))["pid"]


async def test_unfinished_messages_of_all_together_are_bounded(serve: Serve) -> None:
    connect = await serve(held=1_000_000)
    hoarder, sender, idle = await connect(), await connect(), await connect()
    await hoarder.request("libria/status", {})
    idle.send_raw(b"Content-Length: 500\r\n\r\n{")  # next to nothing
    hoarder.send_raw(b"Content-Length: 900000\r\n\r\n" + b" " * 600_000)
    await hoarder.drain()
    await sender.request("libria/status", {})
    body = json.dumps({"jsonrpc": "2.0", "id": "big", "method": "libria/status", "params": {}}).encode()
    large = body + b" " * 700_000
    sender.send_raw(b"Content-Length: %d\r\n\r\n" % len(large))
    for start in range(0, len(large), 50_000):
        sender.send_raw(large[start : start + 50_000])
        await sender.drain()
    assert "too many unfinished messages" in (await closed(hoarder))["error"]["message"]
    assert (await sender.until(lambda message: message["id"] == "big", "the answer"))["result"]["pid"]
    assert not idle.closed.is_set()


async def test_nonsense_is_answered_no_faster_than_it_is_allowed_and_costs_nobody_a_turn(serve: Serve) -> None:
    """By counts: the other client's requests are all answered, each a turn of the loop, while the flood goes on."""
    connect = await serve(faults=100, faults_per_second=50.0)
    flood, other = await connect(), await connect()
    await other.request("libria/status", {})
    flood.send_raw(b"Content-Length: 1\r\n\r\nx" * 50_000)
    for _ in range(50):
        assert (await other.request("libria/status", {}))["pid"]
    answered = len(flood.messages)
    assert answered < 5000, "it was read to its end as fast as it came"
    assert not flood.closed.is_set()
    flood._writer.transport.abort()  # what it still has to send nobody will read
