"""Every reader of pieces: cuts never matter, garbage gives pairs or InvalidResponse, nothing is held for ever."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from fuzz_body import framed
from hypothesis import given, settings
from hypothesis import strategies as st

from libria_providers.dialects.gemini_frames import GeminiSSE
from libria_providers.errors import InvalidResponse
from libria_providers.eventstream import EventStreamReader
from libria_providers.frames import Frames, JSONReader
from libria_providers.sse import SSEReader

Pairs = list[tuple[str, bytes]]
READERS: dict[str, Callable[[], Frames]] = {
    "sse": SSEReader,
    "gemini": GeminiSSE,
    "json": JSONReader,
    "eventstream": EventStreamReader,
}
every = pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
many = settings(deadline=None, max_examples=200, derandomize=True)

MARKS = [
    b"data:", b"data: ", b"event: e", b"\n", b"\r", b"\r\n", b"\n\n", b":", b": c", b"{", b"}", b"[", b"]", b'"',
    b"\\", b",", b" ", b"\xef\xbb\xbf", b'{"a":1}', b"\x00\x00\x00\x10", b"x",
]  # fmt: skip
BODIES = st.lists(st.sampled_from(MARKS) | st.binary(max_size=5), max_size=40).map(b"".join)
PLACES = st.lists(st.integers(0, 400), max_size=20)

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=4), JSON, max_size=4), max_size=6)
GAPS = st.sampled_from(["", " ", "\n", "\r\n", "\n\n"])


def read(reader: Frames, body: bytes, places: list[int] | None = None) -> Pairs:
    marks = sorted({min(place, len(body)) for place in places or ()} | {0, len(body)})
    found: Pairs = []
    for a, b in pairwise(marks):
        found += reader.feed(body[a:b])
    return found + reader.end()


def outcome(reader: Frames, body: bytes, places: list[int] | None = None) -> Pairs | None:
    """None for InvalidResponse; anything else is raised."""
    try:
        return read(reader, body, places)
    except InvalidResponse:
        return None


@every
@given(BODIES, PLACES)
@many
def test_garbage_cut_anywhere_is_what_it_is_in_one_piece(
    reader: Callable[[], Frames], body: bytes, places: list[int]
) -> None:
    assert outcome(reader(), body, places) == outcome(reader(), body)


@given(OBJECTS, PLACES, GAPS, GAPS, st.sampled_from([None, 2]), st.booleans())
@many
def test_json_that_is_written_is_read(
    objects: list[dict[str, Any]], places: list[int], before: str, after: str, indent: int | None, ascii: bool
) -> None:
    texts = [json.dumps(one, indent=indent, ensure_ascii=ascii) for one in objects]
    lines = "".join(before + text + after for text in texts).encode("utf-8", "surrogatepass")
    array = ("[" + f"{after},{before}".join(texts) + "]").encode("utf-8", "surrogatepass")
    for body in (lines, array):
        assert [json.loads(data) for _, data in read(JSONReader(), body, places)] == objects


@given(st.lists(st.tuples(st.text(max_size=9), st.binary(max_size=60)), max_size=6), PLACES)
@many
def test_an_event_stream_that_is_written_is_read(said: list[tuple[str, bytes]], places: list[int]) -> None:
    said = [(name, data) for name, data in said if len(name.encode("utf-8", "ignore")) == len(name)]
    body = b"".join(framed(name, data) for name, data in said)
    assert read(EventStreamReader(), body, places) == said


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=4), st.integers(0, 1000), st.integers(1, 255))
@many
def test_a_flipped_byte_of_an_event_stream_never_makes_another_message(said: list[bytes], at: int, flip: int) -> None:
    body = bytearray(b"".join(framed("e", data) for data in said))
    body[at % len(body)] ^= flip
    found = outcome(EventStreamReader(), bytes(body))
    assert found is None or found == [("e", data) for data in said][: len(found)]
