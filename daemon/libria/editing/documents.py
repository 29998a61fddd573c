"""The documents that one client has open, as it says they are: nothing here reads a file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from libria.connect.documents import found, lines_of, put

MOST_OF_ONE = 4_000_000
"""Characters of a document that is kept."""

MOST_OF_ALL = 40_000_000
"""Of all that one client has open."""

EACH = 1000
"""Characters that a document counts for besides its own."""

MOST_TOO_LARGE = 10_000
"""Documents of which is known that they are not kept."""

Point = tuple[int, int]
"""Line, and character in it as Python counts; both from 0."""


@dataclass(frozen=True, slots=True)
class Change:
    """`place` is LSP's range, None where `text` is all there is."""

    text: str
    place: Mapping[str, dict[str, int]] | None = None


@dataclass(slots=True, eq=False)
class Anchor:
    """A range that goes along when the user edits around it. `text` is what was in it."""

    start: Point
    end: Point
    text: str
    whole: bool = True


@dataclass(slots=True, eq=False)
class Document:
    """`lines` have their ends, the last has none. `revision` counts changes, `touched` is the line of the last one."""

    uri: str
    language: str
    version: int | None
    lines: list[str]
    size: int
    revision: int = 0
    touched: int = 0
    anchors: list[Anchor] = field(default_factory=list[Anchor])

    @property
    def end(self) -> Point:
        return len(self.lines) - 1, len(self.lines[-1])

    @property
    def line_break(self) -> str:
        return "\r\n" if self.lines[0].endswith("\r\n") else "\n"

    def text(self, start: Point, end: Point) -> str:
        (first, before), (last, behind) = start, end
        if first == last:
            return self.lines[first][before:behind]
        return "".join((self.lines[first][before:], *self.lines[first + 1 : last], self.lines[last][:behind]))

    def anchor(self, start: Point, end: Point) -> Anchor:
        """Hold on to a range, until `let_go`."""
        anchor = Anchor(start, end, self.text(start, end))
        self.anchors.append(anchor)
        return anchor

    def let_go(self, anchor: Anchor) -> None:
        if anchor in self.anchors:
            self.anchors.remove(anchor)

    def holds(self, anchor: Anchor) -> bool:
        """Whether what was in the range is in it still."""
        return anchor.whole and anchor in self.anchors and self.text(anchor.start, anchor.end) == anchor.text

    def replace(self, start: Point, end: Point, text: str) -> None:
        self.size += len(text) - len(self.text(start, end))
        for anchor in self.anchors:
            _move(anchor, start, end, text)
        put(self.lines, start, end, text)
        self.revision += 1
        self.touched = min(start[0], len(self.lines) - 1)

    def become(self, text: str) -> None:
        """All is new; what is the same at both ends has not changed for those that hold on to it."""
        new, old = lines_of(text), self.lines
        first, most = 0, min(len(new), len(old))
        while first < most and new[first] == old[first]:
            first += 1
        behind = 0
        while behind < most - first and new[-1 - behind] == old[-1 - behind]:
            behind += 1
        if not behind or first == most:
            self.replace((min(first, len(old) - 1), 0), self.end, "".join(new[min(first, len(old) - 1) :]))
        else:
            self.replace((first, 0), (len(old) - behind, 0), "".join(new[first : len(new) - behind]))


class Documents:
    """`encoding` is what the client counts characters in. The one changed last is the last."""

    def __init__(self) -> None:
        self.encoding = "utf-16"
        self.roots: tuple[str, ...] = ()  # URIs of the folders that are open
        self._documents: dict[str, Document] = {}
        self._too_large: dict[str, str] = {}  # and their languages

    def open(self, uri: str, language: str, version: int | None, text: str) -> None:
        self.close(uri)
        if self._fits(uri, language, len(text)):
            self._documents[uri] = Document(uri, language, version, lines_of(text), len(text))

    def change(self, uri: str, version: int | None, changes: list[Change]) -> None:
        document = self._documents.get(uri)
        if document is None:
            if uri in self._too_large and changes and changes[-1].place is None:
                self.open(uri, self._too_large[uri], version, changes[-1].text)
            return
        for change in changes:
            if change.place is None:
                document.become(change.text)
            else:
                start, end = self.span(document, change.place)
                document.replace(start, end, change.text)
        document.version = version
        del self._documents[uri]
        if self._fits(uri, document.language, document.size):
            self._documents[uri] = document

    def close(self, uri: str) -> None:
        document = self._documents.pop(uri, None)
        self._too_large.pop(uri, None)
        if document is not None:
            document.anchors.clear()

    def get(self, uri: str) -> Document | None:
        return self._documents.get(uri)

    def too_large(self, uri: str) -> bool:
        """Whether it is open, but not kept."""
        return uri in self._too_large

    def latest(self) -> list[Document]:
        """The one changed last comes first."""
        return list(reversed(self._documents.values()))

    def point(self, document: Document, position: Mapping[str, int]) -> Point:
        return found(document.lines, dict(position), self.encoding)

    def span(self, document: Document, place: Mapping[str, Mapping[str, int]]) -> tuple[Point, Point]:
        start, end = self.point(document, place["start"]), self.point(document, place["end"])
        return start, max(start, end)

    def position(self, document: Document, point: Point) -> dict[str, int]:
        line, character = point
        return {"line": line, "character": units(document.lines[line][:character], self.encoding)}

    def place(self, document: Document, start: Point, end: Point) -> dict[str, dict[str, int]]:
        return {"start": self.position(document, start), "end": self.position(document, end)}

    def name(self, uri: str) -> str:
        """Its path below an open folder, else the file's name alone: where a user's folders are concerns nobody."""
        for root in self.roots:
            inside = root.rstrip("/") + "/"
            if uri.startswith(inside):
                return " ".join(unquote(uri[len(inside) :]).split("\n"))
        return _file(uri)

    def _fits(self, uri: str, language: str, size: int) -> bool:
        others = sum(one.size + EACH for one in self._documents.values())
        fits = size <= MOST_OF_ONE and size + others <= MOST_OF_ALL
        if not fits and len(self._too_large) < MOST_TOO_LARGE:
            self._too_large[uri] = language
        return fits


_SECRET = re.compile(
    r"\.env(\..*)?|.*\.(env|pem|key|p12|pfx|jks|keystore|kdbx|gpg|asc)|id_(rsa|dsa|ecdsa|ed25519)"
    r"|\.(netrc|pgpass|npmrc|pypirc|git-credentials|htpasswd)|credentials(\..*)?|secrets?\.(ya?ml|json|toml|ini)",
    re.IGNORECASE,
)


def secret(uri: str) -> bool:
    """Whether a file of this name holds what nobody wants sent as he types."""
    return _SECRET.fullmatch(_file(uri)) is not None


def _file(uri: str) -> str:
    """The name alone. What is no URI is a name too."""
    return " ".join(unquote(uri).rpartition("/")[2].split("\n"))


def reach(anchor: Anchor, lines: int) -> Point:
    """Where the range is once so many of its lines have passed."""
    if not lines:
        return anchor.start
    point = (anchor.start[0] + lines, 0)
    return min(point, anchor.end)


def units(text: str, encoding: str) -> int:
    """How long `text` is for a client."""
    if text.isascii() or encoding == "utf-32":
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _move(anchor: Anchor, start: Point, end: Point, text: str) -> None:
    if start >= anchor.end and start > anchor.start:
        return
    if end > anchor.start:
        anchor.whole = False
        return
    new = lines_of(text)
    reached = (start[0] + len(new) - 1, len(new[-1]) + (start[1] if len(new) == 1 else 0))
    anchor.start, anchor.end = _shifted(anchor.start, end, reached), _shifted(anchor.end, end, reached)


def _shifted(point: Point, end: Point, reached: Point) -> Point:
    """Where `point` is when what was before `end` now ends at `reached`."""
    if point[0] == end[0]:
        return reached[0], reached[1] + point[1] - end[1]
    return point[0] + reached[0] - end[0], point[1]
