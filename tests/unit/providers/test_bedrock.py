"""Where Bedrock is, and one call over a real connection."""

import asyncio
import json
from collections.abc import Mapping
from struct import pack
from zlib import crc32

import pytest

from libria_providers.errors import CredentialMissing
from libria_providers.http import Pools
from libria_providers.provider import open_provider
from libria_providers.registry import address, endpoint, find
from libria_providers.types import Call, Usage

REGION = {"AWS_REGION": "us-east-1"}


@pytest.mark.parametrize(
    ("name", "override", "env", "where"),
    [
        ("bedrock", None, REGION, "https://bedrock-runtime.us-east-1.amazonaws.com"),
        ("bedrock", None, {"AWS_DEFAULT_REGION": "eu-west-3"}, "https://bedrock-runtime.eu-west-3.amazonaws.com"),
        ("bedrock", None, {**REGION, "AWS_DEFAULT_REGION": "eu-west-3"},
         "https://bedrock-runtime.us-east-1.amazonaws.com"),
        ("bedrock", None, {"AWS_REGION": "us-gov-west-1"}, "https://bedrock-runtime.us-gov-west-1.amazonaws.com"),
        ("bedrock", None, {"AWS_REGION": "eusc-de-east-1"}, "https://bedrock-runtime.eusc-de-east-1.amazonaws.eu"),
        ("bedrock", None, {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://h:1/"}, "http://h:1"),
        ("bedrock", "http://h/x/", REGION, "http://h/x"),
        ("bedrock-mantle", None, REGION, "https://bedrock-mantle.us-east-1.api.aws/v1"),
        ("bedrock-mantle", "http://h/", {}, "http://h/v1"),
        ("bedrock-mantle", "http://h/v1", {}, "http://h/v1"),
    ],
)  # fmt: skip
def test_address(name: str, override: str | None, env: Mapping[str, str], where: str) -> None:
    assert address(find(name), override, env) == where


@pytest.mark.parametrize("region", ["", " ", "x.example.com/", "us-east-1.example.com", "US", "us-east-1@h"])
@pytest.mark.parametrize("name", ["bedrock", "bedrock-mantle"])
def test_no_region(name: str, region: str) -> None:
    """What is no region must not decide to which host the key goes."""
    with pytest.raises(CredentialMissing, match="AWS_REGION"):
        address(find(name), None, {"AWS_REGION": region})


@pytest.mark.parametrize(
    ("model", "dialect", "path"),
    [
        ("openai.gpt-oss-120b", "openai-chat", "/v1"),
        ("qwen.qwen3-32b", "openai-chat", "/v1"),
        ("openai.gpt-5.6-luna", "openai-responses", "/openai/v1"),
        ("anthropic.claude-haiku-4-5", "anthropic", "/anthropic/v1"),
    ],
)
def test_who_answers_at_mantle(model: str, dialect: str, path: str) -> None:
    row = find("bedrock-mantle")
    exchange = row.exchange(Call(model=f"bedrock-mantle/{model}"), model)
    assert exchange is not None
    assert exchange.name == dialect
    route = row.route(model)
    where = address(row, None, REGION)
    url = endpoint(where, "/x", model, prefix=row.prefix, instead=route.prefix if route else None)
    assert url == f"https://bedrock-mantle.us-east-1.api.aws{path}/x"


async def test_no_key() -> None:
    pools = Pools()
    provider = open_provider("bedrock", pools, REGION)
    with pytest.raises(CredentialMissing, match="AWS_BEARER_TOKEN_BEDROCK"):
        await provider.send_message("m", "Hi")
    await pools.aclose()


async def test_stream_over_a_connection() -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line)
        asked.extend((head, await reader.readexactly(size)))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\n")
        writer.write(b"x-amzn-requestid: r1\r\nconnection: close\r\n\r\n")
        for at in range(0, len(BODY), 7):
            writer.write(BODY[at : at + 7])
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    pools = Pools()
    try:
        where = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        env = {"AWS_BEARER_TOKEN_BEDROCK": "k1", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": where}
        reply = await open_provider("bedrock", pools, env).send_message("us.a:0", "Hi")
    finally:
        await pools.aclose()
        server.close()
        await server.wait_closed()
    assert reply.text == "Hello"
    assert reply.request_id == "r1"
    assert reply.answer is not None
    assert reply.answer.finish is not None
    assert reply.answer.finish.usage == Usage(3, 2)
    assert asked[0].startswith(b"POST /model/us.a%3A0/converse-stream HTTP/1.1")
    assert b"authorization: bearer k1" in asked[0].lower()
    assert json.loads(asked[1]) == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}


def _frame(kind: str, payload: object) -> bytes:
    name, body = b":event-type", json.dumps(payload).encode()
    headers = bytes([len(name)]) + name + b"\x07" + pack(">H", len(kind)) + kind.encode()
    prelude = pack(">II", 16 + len(headers) + len(body), len(headers))
    message = prelude + pack(">I", crc32(prelude)) + headers + body
    return message + pack(">I", crc32(message))


BODY = b"".join(
    (
        _frame("messageStart", {"role": "assistant"}),
        _frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hel"}}),
        _frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "lo"}}),
        _frame("contentBlockStop", {"contentBlockIndex": 0}),
        _frame("messageStop", {"stopReason": "end_turn"}),
        _frame("metadata", {"usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}}),
    )
)
