"""The daemon's log: a line for all that was asked, nothing of what was said, whatever becomes of the disk."""

import asyncio
import contextlib
import json
import os
import pty
import resource
from collections.abc import AsyncIterator, Mapping

import pytest
from e2e_client import WITHIN, Client, Json, RpcFailed
from e2e_home import Home, command, provider_env

from libria_providers.simulator import Simulator

KEYS = {
    "OPENAI_API_KEY": "sk-proj-CANARYcanary0123456789abcdefghijk",
    "ANTHROPIC_API_KEY": "a key of words, like no vendor's",
    "GROQ_API_KEY": 'gsk_"quoted\\and/odd+CANARY=',
    "MISTRAL_API_KEY": "CANARY" * 200,
}
PROMPT = 'CANARY-of-the-prompt-4711 says "so" and\nCANARY-of-the-second-line-4712\tÄÖÜ-CANARY-beyond-ascii-4713'
SYSTEM = "CANARY-of-the-system-text-4714"
TOOL = "CANARY-of-the-tools-description-4715"
PREFIX, SUFFIX = "def CANARY_of_the_prefix_4716", "return CANARY_of_the_suffix_4717"
TEXTS = ["CANARY-of-the-embedding-4718", "short"]
SHAPES = ("CANARY", "a key of words", "4711", "4712", "4713", "4714", "4715", "4716", "4717", "4718")


class Parrot:
    """A vendor that says everything it was sent, in its errors, its headers and its model's name."""

    def __init__(self) -> None:
        self.asked = 0
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Parrot":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """The daemon has ended before, and left."""
        self._server.close()
        await asyncio.gather(*self._serving)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                lower = {name.lower(): value for name, value in headers.items()}
                body = await reader.readexactly(int(lower.get("content-length", "0")))
                self.asked += 1
                writer.write(self._answer(head, lower, body.decode()))
                await writer.drain()
        writer.close()

    def _answer(self, head: str, headers: Mapping[str, str], body: str) -> bytes:
        key = headers.get("authorization", headers.get("x-api-key", "")).removeprefix("Bearer ")
        if '"stream":true' in body.replace(" ", "") and '"parrot-200"' in body:
            chunk = {"id": "x", "object": "chat.completion.chunk", "model": key, "choices": [
                {"index": 0, "delta": {"content": "CANARY of the answer"}, "finish_reason": "stop"}]}  # fmt: skip
            return _http(200, f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n", key, "text/event-stream")
        status = next((int(one) for one in ("401", "429", "503") if f"parrot-{one}" in body), 400)
        said = f"You sent {head} {body} with {key}: {json.loads(body) if body else ''}"
        return _http(status, json.dumps({"error": {"message": said, "type": key, "code": key}}), key)


def _http(status: int, body: str, key: str, type: str = "application/json") -> bytes:
    sent = body.encode()
    head = (
        f"HTTP/1.1 {status} Said\r\ncontent-type: {type}\r\ncontent-length: {len(sent)}\r\nx-request-id: {key}\r\n\r\n"
    )
    return head.encode("latin-1") + sent


@pytest.fixture
async def parrot() -> AsyncIterator[Parrot]:
    async with Parrot() as parrot:
        yield parrot


@contextlib.asynccontextmanager
async def a_client(home: Home, env: Mapping[str, str], name: str = "tester") -> AsyncIterator[Client]:
    async with await home.join() as client:
        await client.initialize(initializationOptions={"libria": {"env": dict(env)}}, clientInfo={"name": name})
        yield client


async def lines(home: Home, *options: str, count: int) -> list[dict[str, Json]]:
    """`libria log --json`, once it has at least so many lines: they are written a moment later."""
    async with asyncio.timeout(WITHIN):
        while True:
            code, out, err = await home.command("log", "--json", *options)
            assert (code, err) == (0, "")
            found = [json.loads(line) for line in out.splitlines()]
            if len(found) >= count:
                return found


async def test_a_line_for_each_attempt_and_one_for_the_call(own_home: Home, sim: Simulator) -> None:
    own_home.write_config("[retry]\nbase_delay = 0.01\n")
    async with a_client(own_home, provider_env(sim)) as client:
        failing, target = "openai/story+status:503", "anthropic/fast:9"
        result = await client.chat(failing, fallbacks=[target]).result()
        told = await lines(own_home, "--call", result["callId"], count=5)
        again = await client.chat(target, temperature=0).result()
        hit = await client.chat(target, temperature=0).result()
        assert hit["cache"]["hit"]
        (cached,) = await lines(own_home, "--call", hit["callId"], count=1)
        assert (await lines(own_home, "--call", again["callId"], count=2))[-1]["cacheHit"] is False
        error = await client.chat(failing).error()
        failed = (await lines(own_home, "--level", "warning", count=6))[-1]
    *attempts, call = told
    assert [(line["event"], line["target"], line["outcome"], line["status"]) for line in attempts] == [
        *[("attempt", failing, "overloaded", 503)] * 3,
        ("attempt", target, "ok", 200),
    ]
    names = ("target", "outcome", "status", "requestId", "startedMs", "durationMs")
    said = [{name: line.get(name) for name in names} for line in attempts]
    assert said == result["attempts"]
    assert {line["client"] for line in told} == {"tester"}
    assert (attempts[-1]["inputTokens"], attempts[-1]["outputTokens"]) == (
        result["usage"]["inputTokens"], result["usage"]["outputTokens"],
    )  # fmt: skip
    assert (call["event"], call["model"], call["target"], call["outcome"]) == ("call", failing, target, "ok")
    assert (call["attempts"], call["cacheHit"], call["stopReason"]) == (4, False, "stop")
    assert (cached["cacheHit"], cached["attempts"]) == (True, 0)
    assert (failed["event"], failed["outcome"], failed["message"]) == ("call", "overloaded", error.message)


async def test_no_key_and_nothing_that_was_said_is_in_any_file(own_home: Home, parrot: Parrot, sim: Simulator) -> None:
    own_home.write_config(
        '[daemon]\nlog_level = "debug"\n[retry]\nbase_delay = 0.001\n[cache]\nmode = "off"\n'
        f'[providers.own]\nbase_url = "{parrot.url}/v1"\napi_key_env = "MISTRAL_API_KEY"\n'
    )
    env = {
        **KEYS, "OPENAI_BASE_URL": f"{parrot.url}/v1", "ANTHROPIC_BASE_URL": parrot.url,
        "GROQ_BASE_URL": parrot.url, "MISTRAL_BASE_URL": parrot.url,
    }  # fmt: skip
    messages = [{"role": "user", "content": PROMPT}]
    tools = [{"name": "look", "description": TOOL, "parameters": {"type": "object", "properties": {}}}]
    name = f"editor {KEYS['OPENAI_API_KEY']} \x1b[2J"
    async with (
        a_client(own_home, env, name) as client,
        a_client(own_home, {**KEYS, **provider_env(sim), **KEYS}) as other,
    ):
        for provider in ("openai", "anthropic", "groq", "mistral", "own"):
            for model in ("parrot-400", "parrot-401", KEYS["OPENAI_API_KEY"]):
                asked = {"model": f"{provider}/{model}", "messages": messages, "system": SYSTEM, "tools": tools}
                with pytest.raises(RpcFailed):
                    await client.request("libria/chat", asked)
            for method, more in (
                ("libria/complete", {"prefix": PREFIX, "suffix": SUFFIX}),
                ("libria/embed", {"input": TEXTS}),
                ("libria/countTokens", {"messages": messages}),
            ):
                with contextlib.suppress(RpcFailed):
                    await client.request(method, {"model": f"{provider}/parrot-400", **more})
        for model in ("parrot-503", "parrot-429"):
            asked = {"model": f"own/{model}", "messages": messages, "timeouts": {"total": 0.5}}
            with pytest.raises(RpcFailed):
                await client.request("libria/chat", asked)
        result = await client.request("libria/chat", {"model": "openai/parrot-200", "messages": messages})
        assert result["content"] == "CANARY of the answer"
        for model in ("echo", "fast:9+cut", "fast:9+status:500+once", f"{KEYS['GROQ_API_KEY']}"):
            with contextlib.suppress(RpcFailed):
                await other.request("libria/chat", {"model": f"openai/{model}", "messages": messages})
        client.notify("libria/chat", {"model": PROMPT})
        client.send_raw(b"Content-Length: 30\r\n\r\n" + PROMPT.encode()[:30])
        await client.request("libria/status", {})
        told = await lines(own_home, count=50)
    own_home.end()
    assert parrot.asked > 20
    assert {line["outcome"] for line in told if "outcome" in line} >= {"ok", "badRequest", "credentialRejected"}
    for path in (own_home.path / "state").rglob("*"):
        text = path.read_bytes() if path.is_file() else b""
        found = [shape for shape in SHAPES if shape.encode() in text]
        assert not found, (path, found, [line for line in text.splitlines() if found[0].encode() in line][:1])


async def test_with_log_content_the_call_says_it_and_without_it_no_more(own_home: Home, sim: Simulator) -> None:
    own_home.write_config("[log]\ncontent = true\n")
    env = {**provider_env(sim), "OPENAI_API_KEY": KEYS["OPENAI_API_KEY"]}
    async with a_client(own_home, env) as client:
        asked = f"Do not print {KEYS['OPENAI_API_KEY']}."
        result = await client.chat("openai/echo", prompt=asked).result()
        attempt, call = await lines(own_home, "--call", result["callId"], count=2)
    assert call["asked"] == [{"role": "user", "content": "Do not print [key]."}]
    assert call["answer"] == {"text": "Do not print [key]."}
    assert not {"asked", "answer"} & set(attempt)


async def test_full_files_are_put_aside_and_followed(own_home: Home, sim: Simulator) -> None:
    own_home.write_config("[log]\nmax_bytes = 10000\nkeep = 20\n")
    async with a_client(own_home, provider_env(sim)) as client:
        follower = await asyncio.create_subprocess_exec(
            *command(), "log", "--follow", "--json", env=own_home.env(), stdout=asyncio.subprocess.PIPE
        )
        assert follower.stdout is not None
        try:
            first = json.loads(await follower.stdout.readline())
            assert first["message"] == "listening"
            results = [await client.chat("openai/fast:3", partialResultToken=None).result() for _ in range(40)]
            seen: list[str] = []
            async with asyncio.timeout(WITHIN):
                while len(seen) < 80:
                    seen.append(json.loads(await follower.stdout.readline())["callId"])
        finally:
            follower.terminate()
            await follower.wait()
        assert seen == [result["callId"] for result in results for _ in range(2)]
    names = sorted(path.name for path in (own_home.path / "state").glob("libria.log*"))
    assert {"libria.log", "libria.log.1", "libria.log.2", "libria.log.3"} <= set(names)
    kept = await lines(own_home, count=81)
    assert [line["callId"] for line in kept if "callId" in line] == seen


async def test_a_disk_that_takes_nothing_stops_nobody_and_the_loss_is_said(own_home: Home, sim: Simulator) -> None:
    async with a_client(own_home, provider_env(sim)) as client:
        pid = (await client.request("libria/status", {}))["pid"]
        limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (own_home.log.stat().st_size + 100, limits[1]))
        for _ in range(3):
            assert (await client.chat("openai/fast:3").result())["content"]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
        last = await client.chat("openai/fast:3").result()
        told = await lines(own_home, "--level", "warning", count=1)
        assert [line["event"] for line in told if line["event"] == "lost"] == ["lost"]
        assert (await lines(own_home, "--call", last["callId"], count=1))[-1]["event"] == "call"


@pytest.mark.parametrize("how", ["deleted", "a folder"])
async def test_a_log_that_is_gone_stops_nobody(own_home: Home, sim: Simulator, how: str) -> None:
    async with a_client(own_home, provider_env(sim)) as client:
        await client.chat("openai/fast:3").result()
        own_home.log.unlink()
        if how == "a folder":
            own_home.log.mkdir()
        assert (await client.chat("openai/fast:3").result())["content"]
        if how == "a folder":
            own_home.log.rmdir()
        last = await client.chat("openai/fast:3").result()
        assert len(await lines(own_home, "--call", last["callId"], count=2)) == 2
    assert own_home.log.stat().st_mode & 0o777 == 0o600


async def test_in_the_foreground_it_is_for_people(own_home: Home, sim: Simulator) -> None:
    screen, terminal = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *command(), "serve", env=own_home.env(), stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    said = b""

    async def until(word: bytes) -> None:
        nonlocal said
        async with asyncio.timeout(WITHIN):
            while word not in said:
                said += await asyncio.to_thread(os.read, screen, 4096)

    try:
        await until(b"listening\r\n")
        async with a_client(own_home, provider_env(sim), name="evil \x1b[2J name") as client:
            await client.chat("openai/fast:3").result()
            await until(b"call-")
        assert b"\x1b[2J" not in said
        assert b"evil \\x1b[2J name" in said
        assert b'{"ts"' not in said
        assert (await lines(own_home, count=3))[0]["message"] == "listening"
    finally:
        process.terminate()
        await process.wait()
        os.close(screen)


async def test_spans_go_where_the_environment_says(own_home: Home, sim: Simulator) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")
    posts: asyncio.Queue[bytes] = asyncio.Queue()
    left = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                posts.put_nowait(await reader.readexactly(length))
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()
        left.set()

    receiver = await asyncio.start_server(take, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{receiver.sockets[0].getsockname()[1]}"
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_SCHEDULE_DELAY": "10"}
    code, path, err = await own_home.command("socket", env=settings)  # starts the daemon
    assert (code, err) == (0, "")
    async with await own_home.join(path.strip()) as client:
        env = {**provider_env(sim), "OPENAI_API_KEY": KEYS["OPENAI_API_KEY"]}
        await client.initialize(initializationOptions={"libria": {"env": env}})
        await client.chat("openai/fast:3", prompt=PROMPT).result()
        exported = b""
        async with asyncio.timeout(WITHIN):
            while b"chat fast:3" not in exported or b"libria/chat" not in exported:
                exported += await posts.get()
    assert b"gen_ai.usage.output_tokens" in exported
    assert not [shape for shape in SHAPES if shape.encode() in exported]
    own_home.end()
    await left.wait()
    receiver.close()


async def test_a_collector_that_is_away_holds_nothing_up(own_home: Home, sim: Simulator, closed_port: int) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")
    own_home.write_config(f'[otel]\nendpoint = "http://127.0.0.1:{closed_port}"\n')
    async with a_client(own_home, provider_env(sim)) as client:
        for _ in range(3):
            await client.chat("openai/fast:3").result()
    code, out, _ = await own_home.command("stop", "--wait", "15")
    assert (code, out) == (0, "The daemon has ended.\n")
