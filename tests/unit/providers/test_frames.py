"""The reader of JSON objects one after another, whatever the cuts: NDJSON, and Gemini's array."""

import json

import pytest

from libria_providers import frames
from libria_providers.errors import InvalidResponse
from libria_providers.frames import JSONReader

CASES: list[tuple[str, bytes, list[bytes]]] = [
    ("lines", b'{"a":1}\n{"b":2}\n', [b'{"a":1}', b'{"b":2}']),
    ("crlf", b'{"a":1}\r\n{"b":2}\r\n', [b'{"a":1}', b'{"b":2}']),
    ("no end of the last line", b'{"a":1}\n{"b":2}', [b'{"a":1}', b'{"b":2}']),
    ("blank lines", b'\n\n{"a":1}\n\n \n{"b":2}\n\n', [b'{"a":1}', b'{"b":2}']),
    ("nothing between", b'{"a":1}{"b":2}', [b'{"a":1}', b'{"b":2}']),
    ("bom", b'\xef\xbb\xbf{"a":1}', [b'{"a":1}']),
    ("pretty", b'{\n  "a": [\n    1\n  ]\n}\n', [b'{\n  "a": [\n    1\n  ]\n}']),
    ("array", b'[{"a":1}\n,\r\n{"b":2}]', [b'{"a":1}', b'{"b":2}']),
    ("array of one", b'[{"a":1}]', [b'{"a":1}']),
    ("empty array", b"[]", []),
    ("array and more", b'[{"a":1}]\n[{"b":2}]', [b'{"a":1}', b'{"b":2}']),
    ("arrays within", b'[{"a":[[1],{"x":[]}]},{"b":2}]', [b'{"a":[[1],{"x":[]}]}', b'{"b":2}']),
    ("array in array", b"[[1,2],[3]]", [b"[1,2]", b"[3]"]),
    ("braces in text", b'{"a":"}{][\\"}"}{"b":"\\\\"}', [b'{"a":"}{][\\"}"}', b'{"b":"\\\\"}']),
    ("an escape of a quote", rb'{"a":"\\\""}{"b":"\u0022}"}', [rb'{"a":"\\\""}', rb'{"b":"\u0022}"}']),
    ("text beyond ascii", '{"a":"é…😀"}\n{"b":2}'.encode(), ['{"a":"é…😀"}'.encode(), b'{"b":2}']),
    ("half an object", b'{"a":1}\n{"b":', [b'{"a":1}', b'{"b":']),
    ("half an array", b'[{"a":1},{"b', [b'{"a":1}', b'{"b']),
    ("words between", b'{"a":1}\nOops, sorry\n{"b":2}', [b'{"a":1}', b"Oops, sorry", b'{"b":2}']),
    ("words alone", b"Internal Server Error", [b"Internal Server Error"]),
    ("words at the end", b'[{"a":1}, upstream closed', [b'{"a":1}', b"upstream closed"]),
    ("nothing", b"", []),
    ("white", b" \r\n\t, ", []),
]


def read(*pieces: bytes) -> list[bytes]:
    reader = JSONReader()
    found = [pair for piece in pieces for pair in reader.feed(piece)] + reader.end()
    assert all(name == "" for name, _ in found)
    return [data for _, data in found]


@pytest.mark.parametrize(("data", "objects"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_rules(data: bytes, objects: list[bytes]) -> None:
    assert read(data) == objects
    assert read(*(data[i : i + 1] for i in range(len(data)))) == objects
    for place in range(len(data)):
        assert read(data[:place], data[place:]) == objects


def test_an_object_is_given_with_its_last_byte() -> None:
    reader = JSONReader()
    assert reader.feed(b'[{"a":1') == []
    assert reader.feed(b"}") == [("", b'{"a":1}')]
    assert reader.feed(b"\n") == []
    assert reader.feed(b',{"b":2}]') == [("", b'{"b":2}')]
    assert reader.end() == []


def test_the_bound_is_of_one_object_not_of_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MAX_FRAME_BYTES", 1000)
    reader = JSONReader()
    line = json.dumps({"x": "y" * 300}).encode()
    for _ in range(100):
        assert reader.feed(line + b"\n") == [("", line)]
    for _ in range(3):
        reader.feed(b'{"x":"' + b"y" * 300)
    with pytest.raises(InvalidResponse):
        reader.feed(b"y" * 300)


def test_a_long_object_in_small_pieces_is_read_once() -> None:
    """Each byte was looked at again with every piece: a megabyte took minutes."""
    reader = JSONReader()
    reader.feed(b'{"x":"')
    for _ in range(20_000):
        assert reader.feed(b"y" * 50) == []
    assert len(reader.feed(b'"}')[0][1]) == 1_000_008
