"""What the forwarder makes of bytes: frames, heads of messages, documents."""

import json
import random
import socket
from itertools import pairwise, permutations

import pytest

from libria.connect.documents import Documents, edit, lines_of
from libria.connect.frames import LARGE, Frame, Frames
from libria.connect.head import head
from libria.connect.line import Line
from libria.connect.watch import look
from libria.rpc.framing import BadFrame, FrameReader

ONE = b'{"jsonrpc":"2.0","id":1,"method":"a"}'


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *cuts, len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def read(given: list[bytes]) -> tuple[list[bytes], bytes]:
    """The messages, and all that was passed on, joined."""
    frames = Frames()
    out: list[Frame] = []
    for piece in given:
        while piece:
            room = frames.room()
            if room is None:
                out += frames.feed(piece)
                break
            with room:
                size = min(len(room), len(piece))
                room[:size] = piece[:size]
            whole = frames.filled(size)
            out += [whole] if whole else []
            piece = piece[size:]
    messages = [bytes(one.data[one.body :]) for one in out if one.body >= 0]
    return messages, b"".join(bytes(one.data) for one in out) + frames.rest()


STREAMS: list[tuple[str, bytes]] = [
    ("two", frame(ONE) + frame(b"{}")),
    ("lower case", b"content-length:2\r\n\r\n{}" + frame(ONE)),
    ("another header", b"Content-Type: x; charset=utf-8\r\n" + frame(ONE)),
    ("another header behind", b"Content-Length: 2\r\nContent-Type: x\r\n\r\n{}" + frame(ONE)),
    ("empty", frame(b"") + frame(ONE)),
    ("HTTP", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + frame(ONE)),
    ("no length", b"Content-Type: application/json\r\n\r\n" + frame(ONE)),
    ("words for a length", b"Content-Length: ten\r\n\r\n{}" + frame(ONE)),
    ("negative", b"Content-Length: -5\r\n\r\n{}" + frame(ONE)),
    ("absurd", b"Content-Length: 9999999999\r\n\r\n{}" + frame(ONE)),
    ("forty digits", b"Content-Length: " + b"9" * 40 + b"\r\n\r\n{}" + frame(ONE)),
    ("binary", bytes(range(256)) + frame(ONE)),
    ("bare JSON", ONE + b"\n" + frame(ONE) + b"{" + frame(b"{}")),
    ("garbage to the end", frame(ONE) + b"\x00" * 400),
]


@pytest.mark.parametrize(("name", "stream"), STREAMS)
def test_frames_are_what_the_daemon_takes_for_frames_at_every_cut(name: str, stream: bytes) -> None:
    wanted = [one for one in FrameReader().feed(stream) if not isinstance(one, BadFrame)]
    everything = [[], list(range(1, len(stream))), *([cut] for cut in range(1, len(stream)))]
    for cuts in everything:
        messages, passed = read(pieces(stream, cuts))
        assert messages == wanted, (name, cuts)
        assert passed == stream, (name, cuts)


def test_a_large_message_in_any_pieces() -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"a","params":"%b"}' % (b"x" * 3 * LARGE)
    stream = frame(ONE) + frame(body) + frame(ONE)
    for cuts in ([], [60], [100, 101], [200, LARGE, 2 * LARGE], [len(stream) - 30], list(range(7, len(stream), 4001))):
        messages, passed = read(pieces(stream, cuts))
        assert messages == [ONE, body, ONE]
        assert passed == stream


HEADS: list[tuple[str, bytes | None, str | None]] = [
    ('{"jsonrpc":"2.0","id":1,"method":"a/b","params":{"id":2}}', b"1", "a/b"),
    ('{"jsonrpc": "2.0", "id": "x", "method": "a", "params": {}}', b'"x"', "a"),
    ('\n { "id" : -7 ,\n"method":"a" , "jsonrpc" : "2.0" } \n', b"-7", "a"),
    ('{"method":"a","params":{"id":5,"method":"b"},"jsonrpc":"2.0","id":3}', b"3", "a"),
    ('{"method":"a","params":{"id":5,"method":"b"},"id":3,"jsonrpc":"2.0"}', b"3", "a"),
    ('{"params":{"id":5},"id":3,"method":"a","jsonrpc":"2.0"}', b"3", "a"),
    ('{"id":3,"params":{"method":"b"},"method":"a","jsonrpc":"2.0"}', b"3", "a"),
    ('{"jsonrpc":"2.0","method":"a","params":{"x":[{"id":5}]}}', None, "a"),
    ('{"jsonrpc":"2.0","method":"a","params":{"text":"\\"id\\":5}"}}', None, "a"),
    ('{"jsonrpc":"2.0","method":"a"}', None, "a"),
    ('{"jsonrpc":"2.0","id":4,"result":{"method":"b"}}', b"4", None),
    ('{"jsonrpc":"2.0","id":"libria/ping","error":{"code":1}}', b'"libria/ping"', None),
    ('{"result":null,"jsonrpc":"2.0","id":4}', b"4", None),
    ('{"jsonrpc":"2.0","id":null,"error":{}}', None, None),
    ('{"jsonrpc":"2.0","id":"\\u00fc\\/","method":"a"}', '"ü/"'.encode(), "a"),
    ('{"jsonrpc":"2.0","id":1.5,"method":"a"}', None, "a"),
    ('{"jsonrpc":"2.0","id":{},"method":"a"}', None, "a"),
    ('{"id":1,"method":"libria/status"}', b"1", "libria/status"),
    ('{"jsonrpc":"2.0","id":1,"method":"a\\u002fb"}', b"1", "a/b"),
]


@pytest.mark.parametrize(("text", "id", "method"), HEADS)
def test_heads(text: str, id: bytes | None, method: str | None) -> None:
    told = head(text.encode())
    assert told is not None
    assert (told.id, told.method) == (id, method)
    shifted = head(bytearray(b"header" + text.encode() + b"}}more"), 6, 6 + len(text.encode()))
    assert shifted is not None
    assert (shifted.id, shifted.method) == (id, method)


@pytest.mark.parametrize("text", ["", "42", "[]", "{", '{"jsonrpc":"2.0","id":5,', "[" * 100_000, "\xff"])
def test_what_is_no_message_has_no_head(text: str) -> None:
    assert head(text.encode("latin-1")) is None


def test_every_order_of_members_is_read_alike() -> None:
    members = ['"jsonrpc":"2.0"', '"id":17', '"method":"m"', '"params":{"id":1,"method":"x","a":["}"]}']
    for order in permutations(members):
        told = head(f"{{{','.join(order)}}}".encode())
        assert told is not None
        assert (told.id, told.method) == (b"17", "m"), order
        if told.place is not None:
            begin, end = told.place
            assert f"{{{','.join(order)}}}"[begin:end] == "17"


def at(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


def applied(text: str, start: tuple[int, int], end: tuple[int, int], new: str, encoding: str = "utf-16") -> str:
    lines = lines_of(text)
    edit(lines, {"start": at(*start), "end": at(*end)}, new, encoding)
    assert lines == lines_of("".join(lines))
    return "".join(lines)


EDITS = [
    ("abc", (0, 1), (0, 2), "X", "aXc"),
    ("a\nb\nc", (0, 1), (2, 0), "", "ac"),
    ("a\n", (1, 0), (1, 0), "b", "a\nb"),
    ("", (0, 0), (0, 0), "x\ny", "x\ny"),
    ("ab\r\ncd", (0, 99), (0, 99), "X", "abX\r\ncd"),
    ("ab", (9, 9), (9, 9), "X", "abX"),
    ("😀b", (0, 2), (0, 3), "X", "😀X"),
    ("a\r", (1, 0), (1, 0), "\nb", "a\r\nb"),
    ("a\r\nb", (0, 1), (1, 0), "\r", "a\rb"),
    ("a\u2028b\x0bc\nd", (1, 0), (1, 1), "X", "a\u2028b\x0bc\nX"),
    ("abc", (0, 2), (0, 1), "X", "abXc"),
]


@pytest.mark.parametrize(("text", "start", "end", "new", "wanted"), EDITS)
def test_edits(text: str, start: tuple[int, int], end: tuple[int, int], new: str, wanted: str) -> None:
    assert applied(text, start, end, new) == wanted


def test_edits_in_other_encodings() -> None:
    assert applied("üb", (0, 2), (0, 3), "X", "utf-8") == "üX"
    assert applied("😀b", (0, 1), (0, 2), "X", "utf-32") == "😀X"


def test_many_edits_are_what_pygls_makes_of_them() -> None:
    from lsprotocol import types
    from pygls.workspace import TextDocument

    dice = random.Random(5)  # noqa: S311  # no secret
    for _ in range(20):
        text = "".join(dice.choice("ab ü😀\n") for _ in range(60))
        theirs = TextDocument("file:///x", text, version=0, language_id="p")
        ours = Documents()
        item = {"uri": "file:///x", "languageId": "p", "version": 0, "text": text}
        ours.add(said("textDocument/didOpen", textDocument=item))
        for version in range(1, 150):
            a = (dice.randrange(12), dice.randrange(8))
            b = (a[0] + dice.randrange(2), dice.randrange(8))
            if b < a:
                a, b = b, a
            if _splits(theirs.source, a) or _splits(theirs.source, b):
                continue
            new = "".join(dice.choice("xy😀\n") for _ in range(dice.randrange(4)))
            change = {"range": {"start": at(*a), "end": at(*b)}, "text": new}
            ours.add(
                said(
                    "textDocument/didChange",
                    textDocument={"uri": "file:///x", "version": version},
                    contentChanges=[change],
                )
            )
            place = types.Range(start=types.Position(*a), end=types.Position(*b))
            theirs.apply_change(types.TextDocumentContentChangePartial(range=place, text=new))
        assert replayed(ours)[0]["text"] == theirs.source


def _splits(text: str, position: tuple[int, int]) -> bool:
    """Whether it is a place whose meaning is anybody's guess: within a character, behind a line or the text."""
    lines = text.split("\n")
    if position[0] >= len(lines):
        return True
    units = lines[position[0]].encode("utf-16-le")[: 2 * position[1]]
    return len(units) < 2 * position[1] or (len(units) >= 2 and 0xD8 <= units[-1] <= 0xDB)


def said(method: str, **params: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode()


def replayed(documents: Documents) -> list[dict[str, object]]:
    return [json.loads(one.partition(b"\r\n\r\n")[2])["params"]["textDocument"] for one in documents.replay()]


def test_only_what_is_open_is_told_and_nonsense_is_not_minded() -> None:
    documents = Documents()
    for number in range(200):  # more than are kept unapplied
        item = {"uri": f"file:///{number}", "languageId": "c", "version": 1, "text": "x"}
        documents.add(said("textDocument/didOpen", textDocument=item))
        documents.add(said("textDocument/didClose", textDocument={"uri": f"file:///{number - 2}"}))
        documents.add(said("textDocument/didChange", textDocument={"uri": "file:///unknown"}, contentChanges=[{}]))
        documents.add(b"{")
        documents.add(said("textDocument/didOpen", wrong=True))
    whole = {"uri": "file:///199", "version": 9}
    documents.add(said("textDocument/didChange", textDocument=whole, contentChanges=[{"text": "new"}]))
    assert [(one["uri"], one["version"], one["text"]) for one in replayed(documents)] == [
        ("file:///198", 1, "x"),
        ("file:///199", 9, "new"),
    ]


def test_who_hangs() -> None:
    """A second without a byte: a ping; five more: hung. A client that does not read, and a laptop's sleep, are no
    fault of the daemon's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        line = Line(ours, watched=True)

        def after(seconds: float, late: float = 0.0) -> tuple[list[Line], bool]:
            hung = look([line], seconds, late)
            return hung, line.pinged is not None

        assert after(0) == ([], False)
        assert after(1) == ([], True)
        assert json.loads(theirs.recv(1000).partition(b"\r\n\r\n")[2])["method"] == "libria/ping"
        assert after(5.9) == ([], True)
        line.heard += 1
        assert after(6) == ([], False)
        assert after(7) == ([], True)
        line.busy = True
        assert after(100) == ([], False)
        line.busy = False
        assert after(101) == ([], True)
        assert after(10_000, late=9_000) == ([], False)
        assert after(10_001) == ([], True)
        assert after(10_006) == ([line], True)
        theirs.setblocking(False)
        theirs.recv(1000)
        with line.writing:  # a message that the daemon does not take is a question as well
            assert after(10_006, late=9_000) == ([], False)
            assert after(10_007) == ([], True)
            assert after(10_012) == ([line], True)
        with pytest.raises(BlockingIOError):
            theirs.recv(1000)
