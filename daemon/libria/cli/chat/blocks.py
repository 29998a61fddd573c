"""Markdown as it comes: what of it is final, and how a block looks, as lines for a terminal."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import accumulate

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Heading, Markdown
from rich.syntax import Syntax
from rich.text import Span, Text

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_TRAILING = re.compile(r" +((?:\x1b\[[0-9;]*m)*)$")
_PARSER = MarkdownIt(options_update={"html": False}).enable("strikethrough").enable("table")
"""Tags are shown as they stand, where the library's own parser would drop them."""


@dataclass(frozen=True, slots=True)
class Block:
    """`start` is its place in the text, in characters. `joined`: an item of a list that stands close to the one before
    it. `code`: its lines do not change when more come."""

    text: str
    start: int
    joined: bool = False
    code: bool = False


def blocks(text: str) -> list[Block]:
    """The blocks of `text` in order; all but the last are final, whatever comes. Items of a list are blocks, so that
    a long list is not one."""
    lines = text.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    found: list[Block] = []
    for token, joined in _tops(_PARSER.parse(text)):
        assert token.map is not None
        start, end = token.map
        part = "\n".join(lines[start:end]).rstrip()
        code = token.type in ("fence", "code_block")
        found.append(Block(part, starts[start], joined=joined, code=code))
    return found


def _tops(tokens: list[Token]) -> Iterator[tuple[Token, bool]]:
    """What opens a block at the left, or an item of a list there, and whether that is a further one."""
    in_list = joined = False
    for token in tokens:
        if token.nesting < 0 or token.map is None:
            continue
        if token.level == 0:
            in_list, joined = token.type in ("bullet_list_open", "ordered_list_open"), False
            if not in_list:
                yield token, False
        elif in_list and token.level == 1 and token.type == "list_item_open":
            yield token, joined
            joined = True


class Look:
    """Renders to lines with escapes for colours, none wider than `width` cells."""

    def __init__(self, *, colour: bool = True) -> None:
        self._colour = colour
        self._width = 80
        self._console = self._made()
        self._kept: dict[tuple[str, tuple[Span, ...]], list[str]] = {}  # rendered lines of the last code

    def width(self, columns: int) -> None:
        """One less than the terminal has: a full line leaves the cursor where terminals do not agree."""
        width = max(10, columns - 1)
        if width != self._width:
            self._width = width
            self._kept = {}
            self._console = self._made()

    def block(self, block: Block) -> list[str]:
        return self._code(block.text) if block.code else self._lines(_Markdown(block.text))

    def _code(self, text: str) -> list[str]:
        """Without a background, which no copy wants, and between two lines that say where it is. A line that looks as
        it did is not rendered again: most of a long block has been seen before."""
        token = next(token for token in _PARSER.parse(text) if token.type in ("fence", "code_block"))
        language = next(iter(token.info.split()), "")
        syntax = Syntax("", language or "text", theme=_theme(), background_color="default")
        lines = [*self._lines(Text(f"╶── {language}".rstrip(), style="dim", no_wrap=True, overflow="ellipsis"))]
        kept: dict[tuple[str, tuple[Span, ...]], list[str]] = {}
        for line in syntax.highlight(token.content.rstrip("\n")).split("\n"):
            key = (line.plain, tuple(line.spans))
            kept[key] = self._kept.get(key) or self._lines(line) or [""]
            lines += kept[key]
        self._kept = kept
        return [*lines, *self._lines(Text("╶──", style="dim"))]

    def dim(self, text: str) -> list[str]:
        return self._lines(Text(text, style="dim"))

    def note(self, text: str) -> list[str]:
        return self._lines(Text(text, style="dim italic"))

    def one_line(self, text: str) -> str:
        """Cut to the width."""
        shown = Text(" ".join(text.split()), style="dim")
        shown.truncate(self._width, overflow="ellipsis")
        return next(iter(self._lines(shown)), "")

    def _lines(self, renderable: Markdown | Text) -> list[str]:
        with self._console.capture() as capture:
            self._console.print(renderable, end="")
        lines = [_TRAILING.sub(r"\1", line) for line in capture.get().split("\n")]
        while lines and not cells(lines[-1]):
            lines.pop()
        while lines and not cells(lines[0]):
            lines.pop(0)
        return lines

    def _made(self) -> Console:
        return Console(
            file=StringIO(), force_terminal=True, width=self._width, markup=False, emoji=False, highlight=False,
            color_system="standard" if self._colour else None, legacy_windows=False,
        )  # fmt: skip


def cells(line: str) -> int:
    """How wide `line` is on the screen."""
    return cell_len(_ESCAPES.sub("", line))


class _Heading(Heading):
    """At the left, as everything else."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        text = self.text.copy()
        text.justify = "left"
        text.stylize("bold underline" if self.tag == "h1" else "bold")
        yield text


class _Markdown(Markdown):
    def __init__(self, text: str) -> None:
        super().__init__("", hyperlinks=False)  # a link shows where it leads
        self.markup = text
        self.parsed = _PARSER.parse(text)

    elements = {  # noqa: RUF012  # the library's own way to replace one
        **Markdown.elements,
        "heading_open": _Heading,
    }


def _theme() -> str:
    """The terminal's own sixteen colours, in the choice that is seen on its background as far as it says it."""
    light = os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")
    return "ansi_light" if light else "ansi_dark"
