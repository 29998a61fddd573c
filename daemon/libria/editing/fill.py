"""What a model is asked to fill in: the code around the cursor, and some of what else is open."""

import re
from dataclasses import dataclass

from libria.editing.documents import Document, Documents, Point, secret
from libria_providers.types import Fill

BEFORE = 6000
"""Characters before the cursor, from the beginning of a line on."""

BEHIND = 3000
"""Characters behind it, to the end of a line."""

ELSEWHERE = 2000
"""Characters out of other documents, in all."""

MOST_DOCUMENTS = 3
LINES_AROUND = 15
"""Of another document, on each side of what was changed last."""

_HASH = (
    "python ruby perl shellscript sh bash zsh fish r julia elixir yaml toml dockerfile makefile make cmake nix "
    "coffeescript powershell terraform hcl graphql crystal nim gdscript starlark"
)
_DASHES = "lua sql haskell ada vhdl elm purescript"
_SEMICOLONS = "clojure lisp scheme racket fennel emacs-lisp"
_SLASHES = (
    "c cpp objective-c objective-cpp csharp java javascript javascriptreact typescript typescriptreact go rust swift "
    "kotlin scala dart php zig d groovy fsharp verilog systemverilog solidity proto cuda cuda-cpp vala odin jsonc"
)
_COMMENTS = {
    language: mark
    for mark, languages in (("#", _HASH), ("--", _DASHES), (";;", _SEMICOLONS), ("//", _SLASHES))
    for language in languages.split()
}
_CLOSING = re.compile(r"[\s)\]}>\"'`;,:]*")


@dataclass(frozen=True, slots=True)
class Gap:
    """Where something may be filled in. `prefix` and `suffix` have plain line breaks; `line` is the cursor's."""

    uri: str
    line: int
    prefix: str
    suffix: str

    @property
    def continues(self) -> bool:
        """Whether the cursor's line goes on with more than what closes: what is filled in must stay on the line."""
        return _CLOSING.fullmatch(self.suffix.partition("\n")[0]) is None

    def wanted(self) -> bool:
        """Whether somebody who just types may want something here."""
        if not (self.prefix.strip() or self.suffix.strip()):
            return False  # nothing to go by
        if self.continues:
            return False
        return not secret(self.uri)


def gap(document: Document, point: Point, *, instead: tuple[Point, str] | None = None) -> Gap:
    """At `point`; `instead` is a text that stands from another point up to it, as far as can be told: an entry of a
    completion menu."""
    at, more = instead or (point, "")
    prefix = _before(document, at) + more
    return Gap(document.uri, point[0], _plain(prefix), _plain(_behind(document, point)))


def fill(documents: Documents, document: Document, gap: Gap, *, elsewhere: bool) -> Fill:
    context = _elsewhere(documents, document) if elsewhere else ""
    return Fill(context + gap.prefix, gap.suffix, document.language or None, documents.name(document.uri) or None)


def _before(document: Document, point: Point, most: int = BEFORE) -> str:
    line, character = point
    parts = [document.lines[line][:character][-most:]]
    left = most - len(parts[0])
    while line > 0 and len(document.lines[line - 1]) <= left:
        line -= 1
        parts.append(document.lines[line])
        left -= len(document.lines[line])
    return "".join(reversed(parts))


def _behind(document: Document, point: Point, most: int = BEHIND) -> str:
    line, character = point
    parts = [document.lines[line][character:][:most]]
    left = most - len(parts[0])
    for text in document.lines[line + 1 :]:
        if len(text) > left:
            break
        parts.append(text)
        left -= len(text)
    return "".join(parts)


def _elsewhere(documents: Documents, document: Document) -> str:
    """As comments, as models that fill in were shown the files of a project."""
    mark = _COMMENTS.get(document.language)
    if mark is None:
        return ""
    left, blocks = ELSEWHERE, list[str]()
    for other in documents.latest():
        if other is document or other.language != document.language or secret(other.uri):
            continue
        first = max(0, other.touched - LINES_AROUND)
        lines = [line.rstrip() for line in other.lines[first : other.touched + LINES_AROUND]]
        said = [f"Path: {documents.name(other.uri)}", *(line for line in lines if line)]
        block = "".join(f"{mark} {line}\n" for line in said)
        if len(said) > 1 and len(block) <= left:
            blocks.append(block)
            left -= len(block)
        if len(blocks) == MOST_DOCUMENTS:
            break
    if not blocks:
        return ""
    return "".join([*reversed(blocks), f"{mark} Path: {documents.name(document.uri)}\n"])


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")
