"""Bytes that a client may send, from nearly right to anything at all."""

import json
from itertools import pairwise

from fuzz_server import ROUNDS, frame
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES = settings(
    max_examples=150 * ROUNDS,
    deadline=None,
    derandomize=ROUNDS == 1,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

numbers = st.one_of(st.integers(-3, 300), st.integers(10**6, 10**19))
headers = st.builds(
    lambda name, gap, length, end: name + b":" + gap + length + end,
    st.sampled_from([b"Content-Length", b"content-length", b"CONTENT-LENGTH", b"Content-Type", b"Content-Lengt", b""]),
    st.sampled_from([b"", b" ", b"\t", b" " * 40]),
    st.one_of(numbers.map(lambda number: b"%d" % number), st.binary(max_size=8)),
    st.sampled_from([b"\r\n\r\n", b"\r\n", b"\n\n", b"\r\r", b""]),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
stretches = st.one_of(
    st.binary(max_size=300),
    headers,
    json_values.map(lambda value: frame(json.dumps(value).encode())),
    st.binary(max_size=100).map(frame),
    st.integers(0, 600).map(lambda levels: frame(b"[" * levels + b"]" * levels)),
    st.builds(lambda body, off: b"Content-Length: %d\r\n\r\n%b" % (max(0, len(body) + off), body),
              st.binary(max_size=60), st.integers(-20, 20)),
    st.sampled_from([b"\r\n" * 500, b"A" * 9000, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"]),
)  # fmt: skip


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(marks)]
