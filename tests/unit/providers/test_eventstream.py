"""Amazon's binary event stream, in any pieces and with anything wrong."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import pairwise
from struct import pack
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libria_providers import frames
from libria_providers.errors import InvalidResponse
from libria_providers.eventstream import EventStreamReader


def header(name: str, kind: int, value: bytes) -> bytes:
    return bytes([len(name)]) + name.encode() + bytes([kind]) + value


def frame(named: Mapping[str, str], payload: bytes, other: bytes = b"") -> bytes:
    strings = (header(f":{name}", 7, pack(">H", len(value)) + value.encode()) for name, value in named.items())
    headers = other + b"".join(strings)
    prelude = pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + pack(">I", crc32(prelude)) + headers + payload
    return message + pack(">I", crc32(message))


def event(kind: str, payload: bytes) -> bytes:
    return frame({"message-type": "event", "event-type": kind, "content-type": "application/json"}, payload)


def read(*chunks: bytes) -> list[tuple[str, bytes]]:
    reader = EventStreamReader()
    return [pair for chunk in chunks for pair in reader.feed(chunk)] + reader.end()


EVERY_TYPE = (
    header("yes", 0, b"") + header("no", 1, b"") + header("byte", 2, b"\x80") + header("short", 3, b"\x80\x00")
    + header("int", 4, b"\x00" * 4) + header("long", 5, b"\xff" * 8) + header("bytes", 6, b"\x00\x03abc")
    + header("string", 7, b"\x00\x02\xc3\xa9") + header("time", 8, b"\x00" * 8) + header("uuid", 9, b"\x01" * 16)
)  # fmt: skip
FRAMES = (
    (event("messageStart", b'{"role":"assistant"}'), ("messageStart", b'{"role":"assistant"}')),
    (frame({"event-type": "metadata"}, b"{}", EVERY_TYPE), ("metadata", b"{}")),
    (
        frame({"message-type": "exception", "exception-type": "throttlingException"}, b'{"message":"slow"}'),
        ("exception/throttlingException", b'{"message":"slow"}'),
    ),
    (
        frame({"message-type": "error", "error-code": "InternalError", "error-message": 'a "b"'}, b""),
        ("exception/InternalError", b'{"message": "a \\"b\\""}'),
    ),
    (frame({}, b""), ("", b"")),
)
BODY = b"".join(data for data, _ in FRAMES)
PAIRS = [pair for _, pair in FRAMES]


@pytest.mark.parametrize(("data", "pair"), FRAMES)
def test_frame(data: bytes, pair: tuple[str, bytes]) -> None:
    assert read(data) == [pair]


def test_byte_by_byte() -> None:
    assert read(*(BODY[at : at + 1] for at in range(len(BODY)))) == PAIRS


@given(st.lists(st.integers(0, len(BODY)), max_size=8))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_any_pieces(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(BODY)]
    assert read(*(BODY[start:end] for start, end in pairwise(ends))) == PAIRS


def test_half_a_message_says_nothing() -> None:
    for end in range(len(FRAMES[0][0])):
        assert read(BODY[:end]) == []


def test_what_came_before_the_damage_was_given() -> None:
    reader = EventStreamReader()
    assert reader.feed(FRAMES[0][0]) == [PAIRS[0]]
    with pytest.raises(InvalidResponse):
        reader.feed(b"HTTP/1.1 500 Oops")


def changed(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :]


@pytest.mark.parametrize("at", range(len(FRAMES[0][0])))
def test_every_byte_is_checked(at: int) -> None:
    with pytest.raises(InvalidResponse):
        read(changed(FRAMES[0][0], at))


def with_lengths(whole: int, headers: int, rest: bytes = b"") -> bytes:
    prelude = pack(">II", whole, headers)
    return prelude + pack(">I", crc32(prelude)) + rest


@pytest.mark.parametrize(("whole", "headers"), [(0, 0), (15, 0), (16, 1), (100, 85), (16, 2**32 - 1)])
def test_lengths_that_cannot_be(whole: int, headers: int) -> None:
    with pytest.raises(InvalidResponse):
        read(with_lengths(whole, headers, bytes(200)))


def test_a_message_has_a_bound() -> None:
    with pytest.raises(InvalidResponse, match=str(frames.MAX_FRAME_BYTES)):
        read(with_lengths(frames.MAX_FRAME_BYTES + 1, 0))


def raw(headers: bytes) -> bytes:
    return frame({}, b"", headers)


@pytest.mark.parametrize(
    "headers",
    [
        b"\x05ab",  # a name that is longer than what is left
        b"\x01a",  # no type
        header("a", 10, b""),  # no such type
        header("a", 255, b""),
        header("a", 4, b"\x00"),  # half a value
        header("a", 7, b"\x00"),  # half a length
        header("a", 7, b"\x00\x05ab"),
        header("a", 9, b"\x00" * 15),
    ],
)
def test_headers_that_cannot_be(headers: bytes) -> None:
    with pytest.raises(InvalidResponse):
        read(raw(headers))


def test_words_that_are_no_text() -> None:
    assert read(raw(header(":event-type", 7, b"\x00\x02a\xff"))) == [("a\ufffd", b"")]


pieces = st.lists(st.binary(max_size=60) | st.sampled_from([data for data, _ in FRAMES]), max_size=8)


@given(pieces)
@settings(deadline=None, max_examples=200, derandomize=True)
def test_garbage(chunks: Iterable[bytes]) -> None:
    with suppress(InvalidResponse):
        read(*chunks)


@given(st.binary(max_size=80))
@settings(deadline=None, max_examples=200, derandomize=True)
def test_garbage_in_headers(headers: bytes) -> None:
    with suppress(InvalidResponse):
        assert len(read(raw(headers))) == 1
