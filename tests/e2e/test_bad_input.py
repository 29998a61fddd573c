"""What is not right: an error of the contract's codes, and everything goes on, for everyone."""

import json

import pytest
from e2e_client import Client, Json, Pending
from e2e_home import OpenClient

from libria_providers.simulator import Simulator


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def message(**fields: Json) -> bytes:
    return frame(json.dumps({"jsonrpc": "2.0", **fields}).encode())


REFUSED: list[tuple[str, bytes, int]] = [
    ("broken JSON", frame(b'{"jsonrpc": "2.0", "id": 5, '), -32700),
    ("invalid UTF-8", frame(b'{"jsonrpc": "2.0", "id": 5, "method": "\xff\xfe"}'), -32700),
    ("an empty body", frame(b""), -32700),
    ("very deep JSON", frame(b"[" * 200_000 + b"]" * 200_000), -32700),
    ("two values in one frame", frame(b"{}{}"), -32700),
    ("no object", frame(b"42"), -32600),
    ("a batch", frame(b'[{"jsonrpc": "2.0", "id": 5, "method": "libria/status"}]'), -32600),
    ("an empty batch", frame(b"[]"), -32600),
    ("no version", frame(b'{"id": "x", "method": "libria/status"}'), -32600),
    ("another version", frame(b'{"jsonrpc": "1.0", "id": "x", "method": "libria/status"}'), -32600),
    ("no method", message(id="x"), -32600),
    ("a method that is a number", message(id="x", method=7), -32600),
    ("an id that is an object", message(id={}, method="libria/status"), -32600),
    ("an id that is a truth value", message(id=True, method="libria/status"), -32600),
    ("an id that is null", message(id=None, method="libria/status"), -32600),
    ("an unknown method", message(id="x", method="libria/chatt"), -32601),
    ("an unknown $ method", message(id="x", method="$/nothing"), -32601),
    ("no method at all", message(id="x", method=""), -32601),
    ("params that are a list", message(id="x", method="libria/status", params=[1]), -32602),
    ("params that are a string", message(id="x", method="libria/chat", params="hello"), -32602),
    ("wrong params of LSP", message(id="x", method="initialize", params={"capabilities": 3}), -32602),
    ("HTTP", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", -32700),
    ("a header without a length", b"Content-Type: application/json\r\n\r\n", -32700),
    ("a length that is no number", b"Content-Length: ten\r\n\r\n{}", -32700),
    ("a negative length", b"Content-Length: -5\r\n\r\n{}", -32700),
    ("an absurd length", b"Content-Length: 9999999999\r\n\r\n{}", -32700),
    ("a length of forty digits", b"Content-Length: " + b"9" * 40 + b"\r\n\r\n{}", -32700),
    ("an endless header", b"X-Filler: " + b"y" * 100_000, -32700),
    ("binary garbage", bytes(range(256)) * 8, -32700),
    ("JSON without a frame", b'{"jsonrpc": "2.0", "id": 5, "method": "libria/status"}\n', -32700),
]


async def test_each_is_refused_and_nothing_else_suffers(open_client: OpenClient) -> None:
    client, bystander = await open_client(), await open_client()
    for name, sent, code in REFUSED:
        seen = len(client.messages)
        client.send_raw(sent)
        assert (await client.request("libria/status", {}))["pid"], f"after {name}"
        refusals = [one for one in client.messages[seen:] if "error" in one]
        assert [one["error"]["code"] for one in refusals] == [code], name
        assert refusals[0]["id"] in ("x", None), name
        assert refusals[0]["error"]["message"].endswith("."), name
        assert "Traceback" not in json.dumps(refusals), name
        assert (await bystander.request("libria/status", {}))["pid"], f"after {name}"
    assert (await client.chat("openai/fast:3").result())["content"]
    assert (await bystander.chat("openai/fast:3").result())["content"]


async def test_a_frame_with_a_wrong_length_costs_at_most_what_it_overlaps(client: Client) -> None:
    body = message(id=900, method="libria/status").partition(b"\r\n\r\n")[2]
    client.send_raw(b"Content-Length: 5\r\n\r\n" + body)
    assert (await client.request("libria/status", {}))["pid"]
    client.send_raw(b"Content-Length: %d\r\n\r\n" % (len(body) + 20) + body)
    client.start("libria/status", {})  # its first bytes are taken for the end of the other's
    assert (await client.request("libria/status", {}))["pid"]


STATUS = b'{"jsonrpc": "2.0", "id": "it", "method": "libria/status"}'


@pytest.mark.parametrize(
    "sent",
    [
        b"content-length:%d\r\n\r\n" % len(STATUS) + STATUS,
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n" + frame(STATUS),
        frame(b"  \n" + STATUS + b"\n\n"),
    ],
    ids=["lower case", "another header", "white space"],
)
async def test_what_is_unusual_but_right_is_taken(client: Client, sent: bytes) -> None:
    client.send_raw(sent)
    answer = await client.until(lambda one: one.get("id") == "it", "answer")
    assert answer["result"]["pid"]


async def test_bytes_in_any_pieces(client: Client) -> None:
    for byte in message(id="slow", method="libria/status"):
        client.send_raw(bytes([byte]))
        await client.drain()
    many = b"".join(message(id=f"many-{i}", method="libria/status") for i in range(50))
    client.send_raw(many)
    for wanted in ("slow", *(f"many-{i}" for i in range(50))):
        assert (await Pending(client, wanted).result())["pid"]


WRONG: list[tuple[Json, str]] = [
    ({}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": "hello"}, "messages"),
    ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
    ({"messages": [{"role": "robot", "content": ""}]}, "messages[0].role"),
    ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "messages[0].content[0]"),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].toolCallId"),
    ({"temprature": 1}, "temprature"),
    ({"max_tokens": 1}, "max_tokens"),
    ({"maxTokens": 0}, "maxTokens"),
    ({"maxTokens": "5"}, "maxTokens"),
    ({"timeouts": {"firstToken": -1}}, "timeouts.firstToken"),
    ({"timeouts": {"first": 1}}, "timeouts.first"),
    ({"tools": [{"name": "a", "parameters": []}]}, "tools[0].parameters"),
    ({"toolChoice": {"name": "nothing"}}, "toolChoice"),
    ({"responseFormat": {"type": "jsonSchema"}}, "responseFormat.schema"),
    ({"cache": {"mode": "sometimes"}}, "cache.mode"),
    ({"fallbacks": "openai/story"}, "fallbacks"),
    ({"onDisconnect": "wait"}, "onDisconnect"),
]


async def test_wrong_params_are_named_by_their_path(client: Client, sim: Simulator) -> None:
    right = {"model": "openai/story", "messages": [{"role": "user", "content": "A private prompt."}]}
    for wrong, path in WRONG:
        error = await client.start("libria/chat", {**right, **wrong} if wrong else {"model": "openai/story"}).error()
        assert error.code == -32602, wrong
        assert path in error.message, wrong
        assert error.data["kind"] == "invalidParams", wrong
        assert error.data["retryable"] is False
        assert "private prompt" not in json.dumps(error.data) + error.message
    assert sim.calls == []


async def test_an_unknown_method_names_what_is_near(client: Client) -> None:
    error = await client.start("libria/chatt", {}).error()
    assert "libria/chat" in error.message.replace("libria/chatt", "")


async def test_an_id_that_is_in_use_is_refused(client: Client, sim: Simulator) -> None:
    chat = client.chat("openai/silent")
    await sim.wait_for(lambda call: call.state == "open")
    client.start("libria/status", {}, id=chat.id)
    refused = await client.until(lambda one: one.get("id") == chat.id, "refusal")
    assert refused["error"]["code"] == -32600
    chat.cancel()
    await client.until(lambda one: one.get("id") == chat.id and one is not refused, "the first request's own answer")
    client.start("libria/status", {}, id=chat.id)
    await client.until(lambda one: one.get("id") == chat.id and "result" in one, "answer to the id used again")


async def test_a_prompt_of_fifty_megabytes(open_client: OpenClient, sim: Simulator) -> None:
    client, bystander = await open_client(), await open_client()
    big = client.chat("openai/fast:3", "0123456789abcdef" * (50 * 1024 * 64))
    assert (await bystander.chat("openai/fast:3").result())["content"]
    assert (await big.result())["content"]
    assert max(len(call.raw) for call in sim.calls) > 50 * 1024 * 1024
    assert (await client.chat("openai/fast:3").result())["content"]


async def test_a_client_that_leaves_in_the_middle_of_a_frame(open_client: OpenClient) -> None:
    leaving, bystander = await open_client(), await open_client()
    leaving.send_raw(b"Content-Length: 1000\r\n\r\n{")
    await leaving.drain()
    await leaving.close()
    assert (await bystander.request("libria/status", {}))["pid"]
