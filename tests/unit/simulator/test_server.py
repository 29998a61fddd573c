"""The server itself: connections, records, scripts, keys, pace and back-pressure."""

import asyncio
import contextlib
import json
import os
import sys
from typing import Any

import httpx
import pytest

from libria_providers.simulator import Simulator, UnknownModel

pytestmark = pytest.mark.asyncio

PATH = "/v1/chat/completions"
ECHO = {"model": "echo", "messages": [{"role": "user", "content": "hello"}]}


def request(body: Any, *headers: str) -> bytes:
    data = json.dumps(body).encode()
    lines = [f"POST {PATH} HTTP/1.1", "Host: x", f"Content-Length: {len(data)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + data


async def connect(sim: Simulator) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = sim.url.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


async def read_reply(reader: asyncio.StreamReader) -> Any:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return json.loads(await reader.readexactly(length))


async def test_keep_alive_and_pipelining() -> None:
    async with Simulator() as sim:
        reader, writer = await connect(sim)
        writer.write(request(ECHO) * 3)
        for _ in range(3):
            assert (await read_reply(reader))["object"] == "chat.completion"
        assert [(call.connection, call.use) for call in sim.calls] == [(1, 1), (1, 2), (1, 3)]
        assert (sim.connections, sim.connections_made, sim.requests) == (1, 1, 3)
        writer.close()


async def test_chunked_request_in_single_bytes() -> None:
    data = json.dumps(ECHO).encode()
    body = b"%x;note=1\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (9, data[:9], len(data) - 9, data[9:])
    raw = b"POST %b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" % PATH.encode() + body
    async with Simulator() as sim:
        reader, writer = await connect(sim)
        for i in range(len(raw)):
            writer.write(raw[i : i + 1])
            await writer.drain()
        assert (await read_reply(reader))["choices"][0]["message"]["content"] == "hello"
        assert sim.calls[0].body == ECHO
        writer.close()


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 70_000, 431),
    ],
)
async def test_what_is_not_http(raw: bytes, status: int) -> None:
    async with Simulator() as sim:
        reader, writer = await connect(sim)
        writer.write(raw)
        assert (await reader.read()).startswith(b"HTTP/1.1 %d " % status)
        writer.close()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/chat/completions", 200), ("/chat/completions", 200), ("/openai/v1/chat/completions", 200),
        ("/v1/chat/completions?api-version=1", 200), ("/v1/nothing", 404), ("/v1/models", 405),
    ],
)  # fmt: skip
async def test_paths(path: str, status: int) -> None:
    async with Simulator() as sim, httpx.AsyncClient(base_url=sim.url) as client:
        assert (await client.post(path, json=ECHO)).status_code == status


async def test_script() -> None:
    async with Simulator() as sim, httpx.AsyncClient(base_url=sim.url) as client:
        sim.script(["status:500", "+status:429", "", "code"])
        replies = [await client.post(PATH, json=ECHO) for _ in range(5)]
        assert [reply.status_code for reply in replies] == [500, 429, 200, 200, 200]
        assert "Counter" in replies[3].text
        assert replies[3].json()["model"] == "echo"
        assert [call.played for call in sim.calls] == [
            "status:500",
            "echo+status:429",
            "echo",
            "code",
            "echo",
        ]
        with pytest.raises(UnknownModel):
            sim.script(["nonsense"])


@pytest.mark.parametrize("headers", [{"authorization": "Bearer right"}, {"x-api-key": "right"}])
async def test_keys_are_checked_and_never_kept(headers: dict[str, str]) -> None:
    async with Simulator(key="right") as sim, httpx.AsyncClient(base_url=sim.url) as client:
        assert (await client.post(PATH, json=ECHO, headers=headers)).status_code == 200
        wrong = {name: value.replace("right", "wrong") for name, value in headers.items()}
        assert (await client.post(PATH, json=ECHO, headers=wrong)).json()["error"]["code"] == "invalid_api_key"
        assert (await client.post(PATH, json=ECHO)).status_code == 401
        assert "right" not in repr(sim.calls)
        assert "wrong" not in repr(sim.calls)
        keys = [call.key for call in sim.calls]
        assert keys[0] != keys[1]
        assert keys[2] is None


async def test_only_so_many_calls_are_kept() -> None:
    async with Simulator(keep=2) as sim, httpx.AsyncClient(base_url=sim.url) as client:
        for content in "abc":
            await client.post(PATH, json={"model": "echo", "messages": [{"role": "user", "content": content}]})
        assert [call.body["messages"][0]["content"] for call in sim.calls] == ["b", "c"]
        assert sim.requests == 3


async def test_wait_for_counts_and_gives_up() -> None:
    async with Simulator() as sim, httpx.AsyncClient(base_url=sim.url) as client:
        waiting = asyncio.create_task(sim.wait_for(lambda call: call.state == "done", count=2))
        await client.post(PATH, json=ECHO)
        await client.post(PATH, json=ECHO)
        assert (await waiting).use == 2
        with pytest.raises(TimeoutError):
            await sim.wait_for(lambda call: call.status == 500, within=0.001)


async def test_stale_connection() -> None:
    stale = {**ECHO, "model": "echo+stale"}
    async with Simulator() as sim:
        reader, writer = await connect(sim)
        writer.write(request(stale))
        await read_reply(reader)
        writer.write(request(stale))
        assert await reader.read() == b""
        writer.close()


async def test_drop_promises_keep_alive_and_closes() -> None:
    async with Simulator() as sim:
        reader, writer = await connect(sim)
        writer.write(request({**ECHO, "model": "echo+drop"}))
        await read_reply(reader)
        assert await reader.read() == b""
        writer.close()


async def test_hang_up_in_the_middle_of_a_paced_stream() -> None:
    async with Simulator(pace=500) as sim:
        reader, writer = await connect(sim)
        writer.write(request({**ECHO, "model": "story", "stream": True}))
        await reader.readuntil(b'"Why"')
        writer.close()
        call = await sim.wait_for(lambda call: call.state == "hung up")
        assert 2 <= call.events < 300


async def test_pace_is_no_faster_than_asked() -> None:
    async with Simulator() as sim:
        reader, writer = await connect(sim)
        loop = asyncio.get_running_loop()
        started = loop.time()
        writer.write(request({**ECHO, "model": "fast:10+rate:1000", "stream": True}))
        await reader.readuntil(b"[DONE]")
        assert loop.time() - started >= 0.009
        writer.close()


async def test_a_client_that_does_not_read_is_waited_for() -> None:
    deltas = 100_000
    async with Simulator() as sim:
        reader, writer = await connect(sim)
        writer.write(request({**ECHO, "model": f"fast:{deltas}", "stream": True}))
        call = await sim.wait_for(lambda call: call.sent > 0)
        for _ in range(200):
            await asyncio.sleep(0)
        assert call.state == "open"
        assert call.events < deltas
        received = 0
        while received < call.sent or call.state == "open":
            received += len(await reader.read(1 << 20))
        assert call.events == deltas + 4
        writer.close()


async def test_stop_ends_open_streams() -> None:
    async with Simulator() as sim:
        reader, writer = await connect(sim)
        writer.write(request({**ECHO, "model": "echo+stall", "stream": True}))
        await sim.wait_for(lambda call: call.events > 0)
    with contextlib.suppress(ConnectionResetError):
        await reader.read()
    assert sim.connections == 0
    writer.close()


async def test_program_says_its_address_first() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "libria_providers.simulator", "--pace", "0",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    async with httpx.AsyncClient(base_url=url) as client:
        assert (await client.post(PATH, json=ECHO)).status_code == 200
    process.terminate()
    _, hint = await process.communicate()
    assert f"OPENAI_BASE_URL={url}/v1".encode() in hint
    assert process.returncode == 0
