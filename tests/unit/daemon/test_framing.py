"""Frames out of bytes in any pieces, and back to the next frame after anything else."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libria.rpc.framing import BadFrame, FrameReader, frame

bodies = st.lists(st.binary(max_size=200), max_size=8)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(marks)]


def read(pieces: list[bytes], **options: int) -> list[bytes | BadFrame]:
    reader = FrameReader(**options)
    return [found for piece in pieces for found in reader.feed(piece)]


@given(bodies, st.lists(st.integers(min_value=0), max_size=30))
def test_any_bodies_come_through_any_cuts(bodies: list[bytes], places: list[int]) -> None:
    assert read(cut(b"".join(map(frame, bodies)), places)) == bodies


@given(st.binary(max_size=300), st.lists(st.integers(min_value=0), max_size=20))
def test_garbage_never_raises_and_never_makes_a_body_of_its_own(garbage: bytes, places: list[int]) -> None:
    if b"content-length" in garbage.lower():
        return
    found = read(cut(garbage, places))
    assert all(isinstance(item, BadFrame) for item in found)
    assert len(found) <= 1  # one stretch, one complaint


@given(st.text(max_size=100), st.lists(st.integers(min_value=0), max_size=10))
def test_a_frame_after_garbage_is_found(garbage: str, places: list[int]) -> None:
    start = garbage.replace("\r", "").replace("\n", "").encode() + b"\r\n\r\n"
    found = read(cut(start + frame(b'{"x":1}'), places))
    assert found[-1] == b'{"x":1}'


@pytest.mark.parametrize(
    "header",
    [
        b"content-length: 2\r\n\r\n",
        b"CONTENT-LENGTH:2\r\n\r\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 2\r\nContent-Type: x\r\n\r\n",
    ],
)
def test_headers_in_any_spelling_and_order(header: bytes) -> None:
    assert read([header + b"{}"]) == [b"{}"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello\r\n\r\n",
        b"{}\n{}\n",
        b"Content-Length: -5\r\n\r\n",
        b"Content-Length: x\r\n\r\n",
        b"Content-Length: 999999999999999999999999\r\n\r\n",
        b"Content-Length: 1000000000000\r\n\r\n",
        b"Content-Type: x\r\n\r\n",
        b"\x00\xff\xfe" * 10,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"A" * 20000,
    ],
)
def test_reading_goes_on_after(garbage: bytes) -> None:
    found = read([garbage, frame(b"[1]"), frame(b"[2]")])
    assert isinstance(found[0], BadFrame)
    assert found[1:] == [b"[1]", b"[2]"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"Content-Length: 1 x\r\n" * 20_000,
        b"Content-Length: 9999999999\r\n\r\n" * 10_000,
        b"Content-Length: x\r\n\r\n" * 10_000,
        b"\r\n" * 50_000,
    ],
)
def test_a_flood_of_garbage_is_one_complaint(garbage: bytes) -> None:
    """Each line once had an answer of its own, after a search through all the rest."""
    found = read([garbage, b"\r\n\r\n" + frame(b"[1]"), frame(b"[2]"), b"garbage\r\n\r\n", frame(b"[3]")])
    assert [item if isinstance(item, bytes) else "bad" for item in found] == ["bad", b"[1]", b"[2]", "bad", b"[3]"]


def test_a_body_over_the_limit_is_skipped_without_being_held() -> None:
    reader = FrameReader(max_bytes=1000)
    found = reader.feed(b"Content-Length: 5000000\r\n\r\n")
    for _ in range(50):
        found += reader.feed(b"x" * 100_000)
        assert len(reader._buffer) < 1000
    found += reader.feed(frame(b"[]"))
    assert [type(item) for item in found] == [BadFrame, bytes]


def test_a_large_body_in_small_pieces_is_not_read_twice() -> None:
    body = b"x" * 3_000_000
    data = frame(body)
    assert read([data[i : i + 4096] for i in range(0, len(data), 4096)]) == [body]
