"""A provider over real sockets: what servers do that no document says."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from libria_providers import body
from libria_providers.errors import (
    CredentialMissing,
    CredentialRejected,
    Disconnected,
    Interrupted,
    InvalidResponse,
    Overloaded,
    ProviderError,
)
from libria_providers.http import Pools
from libria_providers.provider import open_provider
from libria_providers.reply import Answer
from libria_providers.simulator import Simulator
from libria_providers.types import Finish, Timeouts, Usage

DELTA = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
STOP = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = b'data: {"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}\n\n'
DONE = b"data: [DONE]\n\n"
WHOLE = (
    b'{"id":"c","model":"m","choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":3,"completion_tokens":1}}'
)
ERROR = b'{"error":{"message":"no such key","type":"invalid_request_error","code":"invalid_api_key"}}'
SSE = "text/event-stream"


@asynccontextmanager
async def server(*pieces: bytes, kind: str = SSE, status: str = "200 OK", stays: bool = False) -> AsyncIterator[str]:
    """Answers every request with `pieces`, one HTTP chunk each; with `stays` the body has no end."""
    writers: list[asyncio.StreamWriter] = []
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while head := await _head(reader):
            await reader.readexactly(int(head.get("content-length", "0")))
            line = f"content-type: {kind}\r\n" if kind else ""
            writer.write(f"HTTP/1.1 {status}\r\n{line}transfer-encoding: chunked\r\n\r\n".encode())
            for piece in pieces:
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                await writer.drain()
            if stays:
                await gone.wait()
            writer.write(b"0\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    finally:
        gone.set()
        listening.close()
        for writer in writers:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def _head(reader: asyncio.StreamReader) -> Mapping[str, str]:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return {}
    lines = head.decode().split("\r\n")[1:-2]
    return dict(line.lower().split(": ", 1) for line in lines)


async def ask(url: str, times: int = 1) -> tuple[Answer, int]:
    """The last answer, and how many connections were opened for all of them."""
    pools = Pools()
    try:
        env = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "sk-secret"}
        for _ in range(times):
            reply = await open_provider("openai", pools, env).send_message("m", "Hello")
        assert reply.answer is not None
        return reply.answer, pools.all()[0].opened
    finally:
        await pools.aclose()


GOOD = {
    "as documented": ((DELTA, STOP, USAGE, DONE), SSE),
    "all in one chunk": ((DELTA + STOP + USAGE + DONE,), SSE),
    "no [DONE]": ((DELTA, STOP, USAGE), SSE),
    "with a charset": ((DELTA, STOP, USAGE, DONE), "text/event-stream; charset=utf-8"),
    "a stream called JSON": ((DELTA, STOP, USAGE, DONE), "application/json"),
    "a stream called text": ((b": hello\n\n", DELTA, STOP, USAGE, DONE), "text/plain"),
    "a stream called nothing": ((DELTA, STOP, USAGE, DONE), ""),
    "a body as documented": ((WHOLE,), "application/json"),
    "a body in pieces after blank lines": ((b"\n\n", b" \r\n", WHOLE[:50], WHOLE[50:]), "application/json"),
    "a body with a BOM": ((b"\xef\xbb\xbf" + WHOLE,), "application/json"),
    "a body called a stream": ((WHOLE,), SSE),
}


@pytest.mark.parametrize(("pieces", "kind"), GOOD.values(), ids=GOOD.keys())
async def test_the_same_answer_in_whatever_way_it_comes(pieces: tuple[bytes, ...], kind: str) -> None:
    async with server(*pieces, kind=kind) as url:
        answer, opened = await ask(url, times=3)
    assert answer.text == "Hi"
    assert answer.finish == Finish("stop", Usage(3, 1), "m")
    assert opened == 1  # each reply was read to its end, so the connection was used again


BAD: dict[str, tuple[tuple[bytes, ...], str, type[ProviderError]]] = {
    "html": ((b"<html><body>Bad gateway</body></html>",), "text/html", InvalidResponse),
    "html called a stream": ((b"\n<!DOCTYPE html>",), SSE, InvalidResponse),
    "an error in a 200": ((ERROR,), "application/json", CredentialRejected),
    "an error in a 200 called a stream": ((ERROR,), SSE, CredentialRejected),
    "an error event": ((b"data: " + ERROR + b"\n\n",), SSE, CredentialRejected),
    "nothing": ((), SSE, Disconnected),
    "only comments": ((b": keep-alive\n\n",) * 3, SSE, Disconnected),
    "a list": ((b"[1, 2]",), "application/json", InvalidResponse),
    "half a body": ((WHOLE[:60],), "application/json", InvalidResponse),
    "cut before the end was said": ((DELTA,), SSE, Interrupted),
    "cut within an event": ((DELTA, STOP[:40]), SSE, Interrupted),
}


@pytest.mark.parametrize(("pieces", "kind", "error"), BAD.values(), ids=BAD.keys())
async def test_what_is_no_answer_is_an_error(pieces: tuple[bytes, ...], kind: str, error: type[ProviderError]) -> None:
    async with server(*pieces, kind=kind) as url:
        with pytest.raises(error) as caught:
            await ask(url)
    assert (caught.value.provider, caught.value.model) == ("openai", "m")
    assert "sk-secret" not in caught.value.message


@pytest.mark.parametrize("pieces", [(DELTA, STOP, USAGE, DONE), (DELTA, STOP, USAGE), (DELTA, STOP)])
async def test_a_server_that_never_ends_its_body_holds_no_answer_back(
    pieces: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "LAST_WORDS_SECONDS", 0.05)
    async with server(*pieces, stays=True) as url:
        answer, _ = await ask(url)
    assert answer.text == "Hi"
    assert answer.finish is not None
    assert answer.finish.stop_reason == "stop"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("301 Moved Permanently", InvalidResponse),
        ("401 Unauthorized", CredentialRejected),
        ("502 Bad Gateway", Overloaded),
    ],
)
async def test_a_status_that_is_no_success(status: str, error: type[ProviderError]) -> None:
    async with server(b"<html><title>nginx</title></html>", kind="text/html", status=status) as url:
        with pytest.raises(error) as caught:
            await ask(url)
    assert caught.value.status == int(status[:3])


async def test_an_error_in_very_many_pieces_is_read_in_time() -> None:
    """Each piece once summed up all before it: 60,000 of them held everyone up for half a minute."""
    async with server(*[b"x"] * 20_000, kind="text/plain", status="500 Internal Server Error") as url:
        with pytest.raises(Overloaded):
            await ask(url)


async def test_the_head_tells_the_request_of_an_error_in_the_body() -> None:
    async with server(DELTA, b"data: " + ERROR + b"\n\n", kind=f"{SSE}\r\nx-request-id: req-7") as url:
        with pytest.raises(CredentialRejected) as caught:
            await ask(url)
    assert caught.value.request_id == "req-7"


async def test_a_compression_that_nobody_asked_for_is_named() -> None:
    async with server(b"\x0b\x02\x80", kind=f"{SSE}\r\ncontent-encoding: br") as url:
        with pytest.raises(InvalidResponse, match="br"):
            await ask(url)


@pytest.mark.parametrize("key", ["sk-\u200bsecret", "“sk-secret”", "sk-sec\nret", "sk-\ufeff", "schlüssel"])
async def test_a_key_that_cannot_be_one_names_its_variable(key: str) -> None:
    async with Pools() as pools:
        provider = open_provider("openai", pools, {"OPENAI_API_KEY": key, "OPENAI_BASE_URL": "http://127.0.0.1:9"})
        with pytest.raises(CredentialRejected, match="OPENAI_API_KEY") as caught:
            await provider.send_message("m", "Hello")
    assert key not in caught.value.message


async def test_a_missing_key_names_its_variable_before_anything_is_sent() -> None:
    async with Simulator() as sim:
        pools = Pools()
        with pytest.raises(CredentialMissing, match="OPENAI_API_KEY"):
            await open_provider("openai", pools, {"OPENAI_BASE_URL": sim.url}).send_message("m", "Hello")
        assert sim.calls == []
        await pools.aclose()


async def test_events_one_by_one_and_a_reader_that_leaves() -> None:
    async with Simulator() as sim:
        pools = Pools()
        provider = open_provider("anthropic", pools, {"ANTHROPIC_BASE_URL": sim.url, "ANTHROPIC_API_KEY": "k"})
        events = [event async for event in provider.stream_message("fast:5", "Hello")]
        assert isinstance(events[-1], Finish)
        async for _ in provider.stream_message("fast:100000+rate:50", "Hello"):
            break
        await sim.wait_for(lambda call: call.state == "hung up")
        await pools.aclose()


async def test_the_list_of_models() -> None:
    async with Simulator() as sim:
        pools = Pools()
        provider = open_provider("openai", pools, {"OPENAI_BASE_URL": f"{sim.url}/v1", "OPENAI_API_KEY": "k"})
        assert "openai/story" in [model.id for model in await provider.models(Timeouts())]
        await pools.aclose()


@pytest.mark.parametrize("drain", [0.0, 0.05])
async def test_a_burst_leaves_every_connection_usable(drain: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancel in the middle of httpcore's own closing once cost the slot for ever."""
    monkeypatch.setattr(body, "DRAIN_SECONDS", drain)
    async with Simulator() as sim, Pools() as pools:
        provider = open_provider("openai", pools, {"OPENAI_BASE_URL": f"{sim.url}/v1", "OPENAI_API_KEY": "k"})
        for _ in range(3):
            replies = await asyncio.gather(*(provider.send_message("fast:20", "Hello") for _ in range(60)))
            assert all(reply.answer and reply.answer.finish for reply in replies)
            pool = pools.all()[0]
            assert pool.in_use == 0
            assert pool.open_connections <= 30  # what a burst opened beyond that is closed after it


async def test_cancels_in_mid_stream_leave_every_connection_usable() -> None:
    async with Simulator() as sim, Pools() as pools:
        provider = open_provider("openai", pools, {"OPENAI_BASE_URL": f"{sim.url}/v1", "OPENAI_API_KEY": "k"})
        for turns in range(40):
            task = asyncio.ensure_future(provider.send_message("fast:3", "Hello"))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        pool = pools.all()[0]
        assert pool.in_use == 0
        assert (await provider.send_message("fast:3", "Hello")).text
