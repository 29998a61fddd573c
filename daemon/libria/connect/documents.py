"""The open documents, so that a new daemon is told of them as they are now.

Changes are kept as they came and applied now and then: a keystroke costs an append.
"""

import json
import re
from typing import Any, cast

from libria.connect.frames import framed

METHODS = ("textDocument/didOpen", "textDocument/didChange", "textDocument/didClose")

MANY = 64
"""Changes until they are applied, to hold what is kept near the size of the documents."""

LARGE = 512 * 1024
"""Bytes of them, likewise."""

_BEHIND_A_LINE = re.compile(r"(?<=\n)|(?<=\r)(?!\n)")
"""LSP knows these three ends of lines, and no others."""


class Document:
    __slots__ = ("language", "lines", "version")

    def __init__(self, language: str, version: int | None, text: str) -> None:
        self.language = language
        self.version = version
        self.lines = lines_of(text)  # each with its end; the last has none


class Documents:
    def __init__(self) -> None:
        self.encoding = "utf-16"  # of positions, as the server chose
        self._documents: dict[str, Document] = {}
        self._changes: list[bytes] = []
        self._size = 0

    def add(self, body: bytes) -> None:
        """One of METHODS came."""
        self._changes.append(body)
        self._size += len(body)
        if len(self._changes) >= MANY or self._size >= LARGE:
            self._apply()

    def replay(self) -> list[bytes]:
        """A frame for each document that opens it."""
        self._apply()
        return [framed(_opening(uri, document)) for uri, document in self._documents.items()]

    def _apply(self) -> None:
        changes, self._changes, self._size = self._changes, [], 0
        for body in changes:
            try:
                message = json.loads(body)
                self._take(message["method"], message["params"])
            except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
                continue  # the daemon does not understand it either

    def _take(self, method: str, params: dict[str, Any]) -> None:
        item = params["textDocument"]
        uri = cast(str, item["uri"])
        if method == "textDocument/didOpen":
            self._documents[uri] = Document(item.get("languageId", ""), item.get("version"), item["text"])
        elif method == "textDocument/didClose":
            self._documents.pop(uri, None)
        elif uri in self._documents:
            document = self._documents[uri]
            for change in params["contentChanges"]:
                if change.get("range") is None:
                    document.lines = lines_of(change["text"])
                else:
                    edit(document.lines, change["range"], change["text"], self.encoding)
            document.version = item.get("version")


def lines_of(text: str) -> list[str]:
    return _BEHIND_A_LINE.split(text)


def edit(lines: list[str], place: dict[str, Any], text: str, encoding: str) -> None:
    """Put `text` where `place`, an LSP range, is. A position behind the end of a line or of the text is that end.

    https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#position"""
    put(lines, found(lines, place["start"], encoding), found(lines, place["end"], encoding), text)


def put(lines: list[str], start: tuple[int, int], end: tuple[int, int], text: str) -> None:
    """The same, where the places are given by line and character of ours."""
    first, before = start
    last, behind = max(start, end)
    text = lines[first][:before] + text + lines[last][behind:]
    if first and lines[first - 1].endswith("\r"):
        first -= 1  # a line feed may now follow its carriage return
        text = lines[first] + text
    new = lines_of(text)
    if last + 1 < len(lines) and not new[-1]:
        new.pop()
    lines[first : last + 1] = new


def found(lines: list[str], position: dict[str, int], encoding: str) -> tuple[int, int]:
    """Line and character of ours, where the client counts in `encoding`."""
    number = position["line"]
    if number >= len(lines):
        return len(lines) - 1, len(lines[-1])
    line = lines[number]
    characters = position["character"]
    if not line.isascii() and encoding == "utf-16":
        characters = len(line.encode("utf-16-le", "surrogatepass")[: 2 * characters].decode("utf-16-le", "ignore"))
    elif not line.isascii() and encoding == "utf-8":
        characters = len(line.encode("utf-8", "surrogatepass")[:characters].decode("utf-8", "ignore"))
    return number, min(characters, len(line.rstrip("\r\n")))


def _opening(uri: str, document: Document) -> bytes:
    item = {
        "uri": uri,
        "languageId": document.language,
        "version": document.version,
        "text": "".join(document.lines),
    }
    message = {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": item}}
    return json.dumps(message, separators=(",", ":")).encode()
