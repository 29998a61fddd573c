"""Every fault, seen from the client's side as bytes and from the provider's as a record."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest

from libria_providers.simulator import Simulator

pytestmark = pytest.mark.asyncio

OPENAI, GROQ, ANTHROPIC = "/v1/chat/completions", "/openai/v1/chat/completions", "/v1/messages"


@dataclass
class Wire:
    """What a client read: until the end, or until the reset."""

    raw: bytes
    reset: bool

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ")[1])

    @property
    def headers(self) -> dict[str, str]:
        lines = self.raw.split(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return dict(line.split(": ", 1) for line in lines)

    @property
    def body(self) -> bytes:
        return self.raw.split(b"\r\n\r\n", 1)[1]

    @property
    def chunks(self) -> list[bytes]:
        """HTTP chunks; the empty one is the terminator."""
        rest, found = self.body, list[bytes]()
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            found.append(rest[: int(size, 16)])
            rest = rest[int(size, 16) + 2 :]
        return found

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def request(model: str, path: str = OPENAI, *, close: bool = True, **more: Any) -> bytes:
    body = {"model": model, "max_tokens": 9999, "messages": [{"role": "user", "content": "a b c d"}], **more}
    data = json.dumps({"stream": True, **body}).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nanthropic-version: 2023-06-01\r\ncontent-length: {len(data)}\r\n"
    return head.encode() + (b"connection: close\r\n" if close else b"") + b"\r\n" + data


async def ask(sim: Simulator, model: str, path: str = OPENAI, **more: Any) -> Wire:
    reader, writer = await asyncio.open_connection(*sim.url.removeprefix("http://").split(":"))
    writer.write(request(model, path, **more))
    raw, reset = b"", False
    try:
        while data := await reader.read(65536):
            raw += data
    except ConnectionResetError:
        reset = True
    writer.close()
    return Wire(raw, reset)


@pytest.mark.parametrize(
    ("path", "name", "status", "type_", "code"),
    [
        (OPENAI, "status:400", 400, "invalid_request_error", None),
        (OPENAI, "status:401", 401, "invalid_request_error", "invalid_api_key"),
        (OPENAI, "status:403", 403, "invalid_request_error", None),
        (OPENAI, "status:429", 429, "tokens", "rate_limit_exceeded"),
        (OPENAI, "quota", 429, "insufficient_quota", "insufficient_quota"),
        (OPENAI, "context-length", 400, "invalid_request_error", "context_length_exceeded"),
        (OPENAI, "prompt-filter", 400, None, "content_filter"),
        (OPENAI, "status:500", 500, "server_error", None),
        (OPENAI, "status:503", 503, "server_error", None),
        (OPENAI, "status:599", 599, "server_error", None),
        (OPENAI, "no-such-model", 404, "invalid_request_error", "model_not_found"),
        (GROQ, "status:413", 413, "tokens", "rate_limit_exceeded"),
        (GROQ, "status:498", 498, "capacity_exceeded", "capacity_exceeded"),
        (GROQ, "status:503", 503, "internal_server_error", None),
        (GROQ, "no-such-model", 404, "invalid_request_error", "model_not_found"),
        (ANTHROPIC, "status:401", 401, "authentication_error", None),
        (ANTHROPIC, "status:403", 403, "permission_error", None),
        (ANTHROPIC, "status:429", 429, "rate_limit_error", None),
        (ANTHROPIC, "status:500", 500, "api_error", None),
        (ANTHROPIC, "status:504", 504, "timeout_error", None),
        (ANTHROPIC, "status:529", 529, "overloaded_error", None),
        (ANTHROPIC, "quota", 402, "billing_error", None),
        (ANTHROPIC, "context-length", 400, "invalid_request_error", None),
        (ANTHROPIC, "prompt-filter", 400, "invalid_request_error", None),
        (ANTHROPIC, "no-such-model", 404, "not_found_error", None),
    ],
)
async def test_errors_are_the_vendors(path: str, name: str, status: int, type_: str | None, code: str | None) -> None:
    async with Simulator() as sim:
        wire = await ask(sim, name, path)
        assert sim.calls[0].status == status
    error = wire.json["error"]
    assert (wire.status, error["type"], error.get("code")) == (status, type_, code)
    if path == ANTHROPIC:
        assert wire.json["request_id"] == wire.headers["request-id"]
    else:
        assert ("param" in error) == (path == OPENAI)


@pytest.mark.parametrize(
    ("path", "name"), [(OPENAI, "status:502"), (ANTHROPIC, "status:502"), (ANTHROPIC, "status:413")]
)
async def test_proxies_answer_in_html(path: str, name: str) -> None:
    async with Simulator() as sim:
        wire = await ask(sim, name, path)
    assert wire.headers["content-type"].startswith("text/html")
    assert wire.body.startswith(b"<html>")


async def test_headers_on_request() -> None:
    name = "status:429+retry-after:2+retry-after-ms:300+x-should-retry:false+header:X-Note=a: b"
    async with Simulator() as sim:
        wire = await ask(sim, name, ANTHROPIC)
        usual = await ask(sim, "status:429", ANTHROPIC)
    expected = {"retry-after": "2", "retry-after-ms": "300", "x-should-retry": "false", "x-note": "a: b"}
    assert expected.items() <= wire.headers.items()
    assert usual.headers["x-should-retry"] == "true"


@pytest.mark.parametrize(
    ("path", "header"),
    [
        (OPENAI, "x-ratelimit-remaining-tokens"),
        (GROQ, "x-ratelimit-limit-requests"),
        (ANTHROPIC, "anthropic-ratelimit-input-tokens-reset"),
    ],
)
async def test_limits_are_off_until_asked_for(path: str, header: str) -> None:
    async with Simulator() as sim:
        assert header in (await ask(sim, "echo+limits", path)).headers
        assert header not in (await ask(sim, "echo", path)).headers


@pytest.mark.parametrize(("name", "reset"), [("reset", True), ("close", False)])
async def test_nothing_at_all(name: str, reset: bool) -> None:
    async with Simulator() as sim:
        wire = await ask(sim, name)
        assert (sim.calls[0].state, sim.calls[0].sent) == ("done", 0)
    assert (wire.raw, wire.reset) == (b"", reset)


@pytest.mark.parametrize("name", ["silent", "stall:0.5", "first:999999", "headers:999999", "rate:0.001"])
async def test_waits_end_when_the_client_hangs_up(name: str) -> None:
    async with Simulator() as sim:
        reader, writer = await asyncio.open_connection(*sim.url.removeprefix("http://").split(":"))
        writer.write(request("echo+" + name, close=False))
        call = await sim.wait_for(lambda call: call.state == "open")
        if name.startswith("stall"):
            await reader.readuntil(b'" b"')
        writer.close()
        await sim.wait_for(lambda call: call.state == "hung up")
        assert (
            call.events == {"silent": 0, "stall:0.5": 3, "first:999999": 1, "headers:999999": 0, "rate:0.001": 2}[name]
        )


@pytest.mark.parametrize("path", [OPENAI, GROQ, ANTHROPIC])
@pytest.mark.parametrize(("name", "reset"), [("cut:0.5", True), ("cut-fin:0.5", False)])
async def test_cut(path: str, name: str, reset: bool) -> None:
    async with Simulator() as sim:
        wire = await ask(sim, "echo+" + name, path)
        assert sim.calls[0].state == "done"
    assert wire.reset == reset
    assert b'" b"' in wire.chunks[-1]
    assert b'" c"' not in wire.raw


@pytest.mark.parametrize(("name", "reset"), [("cut:0.5", True), ("cut-fin:0.5", False)])
async def test_cut_of_a_whole_body(name: str, reset: bool) -> None:
    async with Simulator() as sim:
        wire = await ask(sim, "echo+" + name, stream=False)
    assert wire.reset == reset
    assert len(wire.body) == int(wire.headers["content-length"]) // 2


async def test_end_without_a_finish() -> None:
    async with Simulator() as sim:
        wire = await ask(sim, "echo+end:0.5")
    assert wire.chunks[-1] == b""
    assert b'" b"' in wire.chunks[-2]
    assert b"[DONE]" not in wire.raw
    assert b'"stop"' not in wire.raw


@pytest.mark.parametrize(
    ("path", "event"),
    [
        (OPENAI, b'data: {"error":{'),
        (GROQ, b"event: error\ndata: {"),
        (ANTHROPIC, b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"'),
    ],
)
async def test_error_event(path: str, event: bytes) -> None:
    async with Simulator() as sim:
        wire = await ask(sim, "echo+error:0.5", path)
        whole = await ask(sim, "echo+error:0.5", path, stream=False)
    assert wire.chunks[-2].startswith(event)
    assert wire.chunks[-1] == b""
    assert whole.status == 200
    assert "error" in whole.json


async def test_malformed_event() -> None:
    async with Simulator() as sim:
        wire = await ask(sim, "fast:20+malformed")
    broken = [i for i, chunk in enumerate(wire.chunks[:-2]) if not _is_json(chunk.removeprefix(b"data: "))]
    assert broken == [9]


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "path", "absent", "present"),
    [
        ("no-done", OPENAI, b"[DONE]", b'"finish_reason":"stop"'),
        ("no-finish", OPENAI, b'"finish_reason":"stop"', b"[DONE]"),
        ("no-done", ANTHROPIC, b"message_stop", b"message_delta"),
        ("no-finish", ANTHROPIC, b"message_delta", b"message_stop"),
    ],
)
async def test_missing_ends(name: str, path: str, absent: bytes, present: bytes) -> None:
    async with Simulator() as sim:
        wire = await ask(sim, "echo+" + name, path)
    assert absent not in wire.raw
    assert present in wire.raw
    assert wire.chunks[-1] == b""


@pytest.mark.parametrize(
    ("name", "type_", "start"),
    [
        ("html", "text/html; charset=utf-8", b"<!DOCTYPE html>"),
        ("json-body", "application/json", b'{"id":"chatcmpl-'),
        ("error-200", "application/json", b'{"error":'),
    ],
)
async def test_wrong_kinds_of_success(name: str, type_: str, start: bytes) -> None:
    async with Simulator() as sim:
        wire = await ask(sim, "echo+" + name)
    assert (wire.status, wire.headers["content-type"]) == (200, type_)
    assert wire.body.startswith(start)


@pytest.mark.parametrize("path", [OPENAI, GROQ, ANTHROPIC])
async def test_one_chunk_an_event(path: str) -> None:
    async with Simulator() as sim:
        wire = await ask(sim, "echo", path)
    assert all(chunk.count(b"\n\n") == 1 and chunk.endswith(b"\n\n") for chunk in wire.chunks[:-1])


@pytest.mark.parametrize("name", ["split", "split:1", "trickle:0.01"])
async def test_framing_does_not_change_the_events(name: str) -> None:
    async with Simulator(now=lambda: 0) as sim, Simulator(now=lambda: 0) as other:
        odd, plain = await ask(sim, "echo+" + name), await ask(other, "echo")
    assert b"".join(odd.chunks).replace(f"echo+{name}".encode(), b"echo") == b"".join(plain.chunks)
    assert {len(chunk) for chunk in odd.chunks[:-2]} == {1 if name == "split:1" else 7}


async def test_crlf_and_comments() -> None:
    async with Simulator() as sim:
        crlf = await ask(sim, "echo+crlf")
        comments = await ask(sim, "echo+comments:2")
        blank = await ask(sim, "echo+comments", stream=False)
    body = b"".join(crlf.chunks)
    assert body.count(b"\r\n\r\n") == 7
    assert body.count(b"\n") == body.count(b"\r\n")
    assert b"".join(comments.chunks).count(b": keep-alive\n\n") == 4
    assert blank.body.startswith(b"\n")
    assert blank.json["object"] == "chat.completion"


async def test_prefill() -> None:
    turns = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "{"}]
    async with Simulator() as sim:
        assert (await ask(sim, "echo+no-prefill", ANTHROPIC, messages=turns)).status == 400
        assert (await ask(sim, "echo+no-prefill", ANTHROPIC)).status == 200
        assert (await ask(sim, "echo", ANTHROPIC, messages=turns)).status == 200


async def test_once_and_times() -> None:
    async with Simulator() as sim:
        assert [(await ask(sim, "echo+status:500+once")).status for _ in range(3)] == [500, 200, 200]
        assert [(await ask(sim, "echo+status:500+times:2")).status for _ in range(3)] == [500, 500, 200]
        assert (await ask(sim, "x/echo+status:500+once")).status == 500


async def test_slow_first_delta_still_arrives() -> None:
    async with Simulator() as sim:
        wire = await ask(sim, "echo+first:1+headers:1+rate:2000")
        assert sim.calls[0].state == "done"
    assert wire.chunks[-2] == b"data: [DONE]\n\n"
