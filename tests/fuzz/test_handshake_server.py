"""Messages of a handshake in any order, with anything in them; and strangers, who never hear a word."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fuzz_bytes import EXAMPLES, cut, json_values, stretches
from fuzz_server import ROUNDS, Arena, frame
from hypothesis import given
from hypothesis import strategies as st

from libria.connect.loopback import Secrets

pytestmark = pytest.mark.timeout(60 * ROUNDS)

SECRETS = Secrets("5" * 64, "7" * 64)

METHODS = (
    "libria/hello", "libria/again", "libria/ping", "libria/status", "libria/resume", "libria/cacheStats", "libria/chat",
    "initialize", "initialized", "shutdown", "exit", "$/cancelRequest", "$/setTrace", "$/progress", "libria/token",
    "window/workDoneProgress/cancel", "textDocument/didOpen", "textDocument/didChange", "textDocument/didClose",
    "workspace/didChangeConfiguration", "workspace/executeCommand", "textDocument/codeAction", "none",
)  # fmt: skip

params = st.one_of(
    json_values,
    st.fixed_dictionaries(
        {},
        optional={
            "version": st.sampled_from(["0.1.0", "99.0", "", "x"]) | json_values,
            "client": st.text(max_size=200) | json_values,
            "env": st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=3) | json_values,
            "protocol": st.integers(-1, 5) | json_values,
            "moves": st.booleans(),
            "capabilities": st.just({}) | json_values,
            "processId": st.none() | st.integers(-2, 2**40),
            "initializationOptions": json_values,
            "clientInfo": st.fixed_dictionaries({"name": st.text(max_size=100)}) | json_values,
            "id": st.integers() | st.text(max_size=5) | json_values,
            "token": st.sampled_from(["4" * 64, SECRETS.proof]) | json_values,
            "callId": st.text(max_size=30),
            "seq": st.integers(-2, 10**6),
            "afterSeq": st.integers(-2, 10**6),
        },
    ),
)
messages = st.builds(
    lambda method, params, id, version: {
        "jsonrpc": version,
        "method": method,
        **({} if params is None else {"params": params}),
        **({} if id == "none" else {"id": id}),
    },
    st.sampled_from(METHODS) | st.text(max_size=10),
    params,
    st.sampled_from(["none", None, 0, -1, 2**60, "", "libria/x", 1.5]) | json_values,
    st.sampled_from(["2.0"] * 9 + ["1.0"]),
)
RIGHT = (
    {"method": "libria/hello", "params": {"version": "0.1.0", "client": "c", "env": {"A_KEY": "v"}, "moves": True}},
    {"method": "libria/hello", "params": {"version": "9.0.0", "protocol": 1}},
    {"method": "libria/hello", "params": {"version": "9.0.0", "protocol": 2}},
    {"method": "libria/again", "params": {"id": 7, "callId": "call-1", "seq": 3}},
    {"method": "libria/ping", "id": "libria/1"},
    {"method": "libria/status", "id": 7, "params": {}},
    {"method": "libria/chat", "id": 7, "params": {"model": "none/x", "messages": [{"role": "user", "content": "a"}]}},
    {"method": "libria/resume", "id": 8, "params": {"callId": "call-1", "afterSeq": -1}},
    {"method": "initialize", "id": 1, "params": {"capabilities": {}, "processId": None, "rootUri": None}},
    {"method": "initialized", "params": {}},
    {"method": "shutdown", "id": 2},
    {"method": "exit"},
    {"method": "$/cancelRequest", "params": {"id": 7}},
)
right = st.sampled_from(RIGHT).map(lambda message: {"jsonrpc": "2.0", **message})
framed = st.one_of(right, right, right, messages).map(lambda message: frame(json.dumps(message).encode()))
talks = st.lists(framed, max_size=10) | st.lists(framed | stretches, max_size=10)


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    arena = Arena()
    yield arena
    arena.end()


@pytest.fixture(scope="module")
def guarded() -> Iterator[Arena]:
    arena = Arena(SECRETS)
    yield arena
    arena.end()


@given(talks, st.lists(st.integers(0, 10**4), max_size=6), st.booleans())
@EXAMPLES
def test_any_handshake(arena: Arena, sent: list[bytes], places: list[int], hangs_up: bool) -> None:
    arena.meet(cut(b"".join(sent), places), hangs_up=hangs_up)


@given(talks, st.lists(st.integers(0, 10**4), max_size=6), st.booleans())
@EXAMPLES
def test_a_stranger_hears_nothing_whatever_it_says(
    guarded: Arena, sent: list[bytes], places: list[int], hangs_up: bool
) -> None:
    heard: list[Any] = guarded.meet(cut(b"".join(sent), places), hangs_up=hangs_up)
    assert heard == []
