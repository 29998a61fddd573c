"""The reader against the rules of the WHATWG, whatever the cuts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libria_providers import sse
from libria_providers.errors import InvalidResponse
from libria_providers.sse import SSEReader

Events = list[tuple[str, bytes]]

CASES: list[tuple[str, bytes, Events]] = [
    ("one", b"data: a\n\n", [("", b"a")]),
    ("no space", b"data:a\n\n", [("", b"a")]),
    ("only the first space goes", b"data:  a\n\n", [("", b" a")]),
    ("crlf", b"data: a\r\n\r\ndata: b\r\n\r\n", [("", b"a"), ("", b"b")]),
    ("cr", b"data: a\r\rdata: b\r\r", [("", b"a"), ("", b"b")]),
    ("mixed ends", b"data: a\r\n\ndata: b\n\r\n", [("", b"a"), ("", b"b")]),
    ("several lines", b"data: a\ndata: b\ndata\ndata:\n\n", [("", b"a\nb\n\n")]),
    ("comments", b": keep-alive\n\n:\n\ndata: a\n: in between\n\n", [("", b"a")]),
    ("named", b"event: ping\ndata: {}\n\ndata: x\n\n", [("ping", b"{}"), ("", b"x")]),
    ("a name without data is nothing", b"event: ping\n\ndata: x\n\n", [("", b"x")]),
    ("the last name counts", b"event: a\nevent: b\ndata: x\n\n", [("b", b"x")]),
    ("other fields", b"id: 7\nretry: 10\nfoo: bar\nfoo\ndata: x\n\n", [("", b"x")]),
    ("bom", b"\xef\xbb\xbfdata: a\n\n", [("", b"a")]),
    ("a later bom is text", b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [("", b"a")]),
    ("blank lines", b"\n\n\ndata: a\n\n\n\n", [("", b"a")]),
    ("no final blank line", b"data: a\n\ndata: b\n", [("", b"a"), ("", b"b")]),
    ("no final line end", b"data: [DONE]", [("", b"[DONE]")]),
    (
        "line separators of Unicode are text",
        "data: a\u2028b\x0bc\x85\n\n".encode(),
        [("", "a\u2028b\x0bc\x85".encode())],
    ),
    ("nothing", b"", []),
]


def read(pieces: list[bytes]) -> Events:
    reader = SSEReader()
    found = [event for piece in pieces for event in reader.feed(piece)]
    return found + reader.end()


@pytest.mark.parametrize(("data", "events"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_rules(data: bytes, events: Events) -> None:
    assert read([data]) == events
    assert read([data[i : i + 1] for i in range(len(data))]) == events
    for place in range(len(data)):
        assert read([data[:place], data[place:]]) == events


@given(st.binary(max_size=300), st.lists(st.integers(min_value=0, max_value=300), max_size=20))
def test_the_cuts_never_matter(data: bytes, places: list[int]) -> None:
    marks = sorted({min(place, len(data)) for place in places} | {0, len(data)})
    assert read([data[a:b] for a, b in pairwise(marks)]) == read([data])


lines = st.binary(max_size=30).map(lambda line: line.replace(b"\r", b"").replace(b"\n", b""))


@given(st.lists(st.lists(lines, min_size=1, max_size=4), max_size=6), st.sampled_from([b"\n", b"\r", b"\r\n"]))
def test_what_is_written_is_read(events: list[list[bytes]], end: bytes) -> None:
    data = b"".join(b"".join(b"data: " + line + end for line in event) + end for event in events)
    assert read([data]) == [("", b"\n".join(event)) for event in events]


def test_a_line_without_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_FRAME_BYTES", 1000)
    reader = SSEReader()
    for _ in range(10):
        assert reader.feed(b"x" * 100) == []
    with pytest.raises(InvalidResponse):
        reader.feed(b"x")


def test_the_bound_is_of_one_event_not_of_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_FRAME_BYTES", 1000)
    reader = SSEReader()
    for _ in range(100):
        assert reader.feed(b"data: " + b"x" * 300 + b"\n\nda") == [("", b"x" * 300)]
        assert reader.feed(b"ta: y\n\n") == [("", b"y")]
