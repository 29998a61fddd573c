"""Where Unix sockets do not work: loopback, and a word that only this user's tools can know."""

import asyncio
import json
from typing import Any

import pytest
from e2e_client import WITHIN, Client
from e2e_home import Home, provider_env

from libria_providers.simulator import Simulator


@pytest.fixture
async def tcp_home(own_home: Home) -> Home:
    own_home.write_config('[daemon]\ntransport = "tcp"\n')
    code, out, err = await own_home.command("socket")
    assert code == 0, err
    assert out == f"{own_home.path / 'run' / 'libria.port'}\n"
    return own_home


def said(home: Home) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home.path / "run" / "libria.port").read_text())
    return found


def frame(message: Any) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def word(token: str) -> bytes:
    return frame({"jsonrpc": "2.0", "id": "libria/token", "method": "libria/token", "params": {"token": token}})


STATUS = frame({"jsonrpc": "2.0", "id": 1, "method": "libria/status", "params": {}})
STOP = frame({"jsonrpc": "2.0", "id": 2, "method": "libria/stop", "params": {}})


async def heard(port: int, sent: bytes) -> bytes:
    """All that comes back until the daemon hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(WITHIN):
            writer.write(sent)
            try:
                return await reader.read()
            except ConnectionError:
                return b""
    finally:
        writer.close()


async def test_the_tools_work_as_ever(tcp_home: Home, sim: Simulator) -> None:
    assert (tcp_home.path / "run" / "libria.port").stat().st_mode & 0o777 == 0o600
    assert not tcp_home.socket_file.exists()
    assert {entry.name for entry in (tcp_home.path / "run").iterdir()} >= {"libria.port"}
    editor = await tcp_home.stdio(env=provider_env(sim))
    async with editor:
        await editor.initialize()
        chat = editor.chat("openai/fast:20")
        assert (await chat.result())["content"] == chat.text()
        status = await editor.request("libria/status", {})
        assert status["socket"] == f"127.0.0.1:{said(tcp_home)['port']}"
    code, out, err = await tcp_home.command("ask", "-m", "openai/fast:5", "hello", env=provider_env(sim))
    assert (code, bool(out)) == (0, True), err
    assert len(tcp_home.processes("serve")) == 1
    code, _, err = await tcp_home.command("stop")
    assert code == 0, err
    assert not (tcp_home.path / "run" / "libria.port").exists()


async def test_a_script_says_the_word_first_and_then_what_it_likes(tcp_home: Home) -> None:
    found = said(tcp_home)
    reader, writer = await asyncio.open_connection("127.0.0.1", found["port"])
    client = Client(reader, writer)
    async with client:
        client.send_raw(word(found["token"]) + STATUS)
        answer = await client.until(lambda message: message["id"] == "libria/token", "the proof")
        assert answer["result"] == {"proof": found["proof"]}
        assert (await client.until(lambda message: message["id"] == 1, "the status"))["result"]["pid"]


def _browser(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: rebound.example:80\r\nContent-Type: text/plain\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def test_without_the_word_nothing_is_answered_and_nothing_is_done(tcp_home: Home) -> None:
    """Among them what a web page can have a browser send to a port whose name it has rebound."""
    found = said(tcp_home)
    pid = tcp_home.processes("serve")
    wrong = "0" * 64
    attempts = {
        "no word": STATUS,
        "a wrong word": word(wrong) + STATUS,
        "half the word": word(found["token"][:32]) + STATUS,
        "the proof for the word": word(found["proof"]) + STATUS,
        "the word second": STOP + word(found["token"]) + STOP,
        "an unframed word": found["token"].encode() + b"\r\n\r\n" + STOP,
        "a page's form": _browser("/", STOP),
        "a page's form with everything in it": _browser("/", word(found["token"]) + STOP),
        "a page's request in the path": _browser("/" + STOP.decode().replace(" ", "%20"), b""),
        "garbage": bytes(range(256)) * 100,
        "a long first message": frame({"a": "x" * 5000}) + STOP,
        "an absurd length": b"Content-Length: 99999999\r\n\r\n" + b"x" * 2000,
    }
    for name, sent in attempts.items():
        assert await heard(found["port"], sent) == b"", name
    reader, writer = await asyncio.open_connection("127.0.0.1", found["port"])
    client = Client(reader, writer)
    async with client:
        client.send_raw(word(found["token"]))
        status = await client.request("libria/status", {})
        assert [status["pid"]] == pid == tcp_home.processes("serve")
        assert len(status["clients"]) == 1
    log = tcp_home.log.read_text()
    assert "turned a client away (stranger)" in log
    assert found["token"] not in log
    assert found["proof"] not in log
    assert len(log.splitlines()) < 40


async def test_a_port_that_somebody_else_took_over_hears_no_key(own_home: Home, sim: Simulator) -> None:
    """The daemon died without taking its file away; whoever listens there now is not it."""
    own_home.write_config('[daemon]\ntransport = "tcp"\n')
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65536))
        writer.write(frame({"jsonrpc": "2.0", "id": "libria/token", "result": {"proof": "0" * 64}}))
        heard.append(await reader.read(65536))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        run = own_home.path / "run"
        run.mkdir(mode=0o700)
        port = server.sockets[0].getsockname()[1]
        stale = {"port": port, "token": "1" * 64, "proof": "2" * 64, "pid": 1}
        (run / "libria.port").write_text(json.dumps(stale))
        (run / "libria.port").chmod(0o600)
        code, _, err = await own_home.command("ask", "-m", "openai/fast:5", "hello", env=provider_env(sim))
        assert code == 0, err
        assert said(own_home)["port"] != port
    words = b"".join(heard)
    assert b"1" * 64 in words
    assert not any(key in words for key in (b"fake-openai", b"API_KEY", b"hello"))
