"""Takes the code out of a Markdown fence, and away what a model says around one, as the answer streams.

What code models do: a fence with the language's name; a sentence or two before it and after it; the
closing fence right after the last word; no closing fence where the token limit came first. An answer
that does not begin so is given as it is.
"""

import re
from typing import Literal

LINES = 3
"""How many lines may be chatter before a fence; more than that is held back for nobody."""

Opening = tuple[str, int]
"""The fence, and where what it holds begins."""

NONE: Opening = ("", 0)

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})([^`\n]*)")
_FENCE_SO_FAR = re.compile(r"`{1,2}|~{1,2}|(?:`{3,}|~{3,})[^`]*")
_INLINE_SO_FAR = re.compile(r"\s*(`{3,})[^`\n]+(?:`{1,3}\s*)?")
_INLINE = re.compile(r"\s*(`{3,})([^`\n]+)\1\s*")
_CODE = re.compile(r"[=;{}<>\\|]")
_MARKDOWN = ("markdown", "md", "mdx")


def opening(text: str, *, markdown: bool = False) -> Opening | None:
    """The fence that `text` begins with, chatter before it allowed; NONE when it begins otherwise, None
    while that is not known. In a file that is `markdown` itself only a fence of that name is one."""
    at = chatter = 0
    while True:
        line, newline, _ = text[at:].partition("\n")
        if not line.strip():
            if not newline:
                return None
        elif _INLINE_SO_FAR.fullmatch(text):
            return None
        elif line.strip()[0] in "`~":
            return _fence(line, at, whole=bool(newline), markdown=markdown)
        elif markdown or chatter == LINES or not _may_be_prose(line, whole=bool(newline)):
            return NONE
        elif not newline:
            return None
        else:
            chatter += 1
        at += len(line) + 1


def _fence(line: str, at: int, *, whole: bool, markdown: bool) -> Opening | None:
    found = _FENCE.fullmatch(line)
    if not whole:
        return None if found or _FENCE_SO_FAR.fullmatch(line.strip()) else NONE
    if found is None or (markdown and found[2].strip().lower() not in _MARKDOWN):
        return NONE
    return found[1], at + len(line) + 1


def _may_be_prose(line: str, *, whole: bool) -> bool:
    """A sentence begins with a capital at the very left and has nothing in it that only code has."""
    if not line[0].isupper() or _CODE.search(line):
        return False
    return not whole or " " in line.strip() or line.rstrip()[-1] in ".:!"


class Unfence:
    """Give it the pieces of an answer; it gives what is in the fence. `line_break`: the one before the
    closing fence belongs to the code."""

    def __init__(self, *, markdown: bool = False, line_break: bool = False) -> None:
        self._markdown = markdown
        self._line_break = line_break
        self._state: Literal["start", "plain", "fenced", "after"] = "start"
        self._held: str = ""  # what is not decided yet
        self._break: str = ""  # the line break before it
        self._within = False  # the rest of the line at hand is given as it comes
        self._fence: str = ""
        self._depth = 0  # fences that are open

    def feed(self, text: str) -> str:
        if self._state == "plain":
            return text
        if self._state == "after":
            return ""
        self._held += text
        if self._state == "start":
            found = opening(self._held, markdown=self._markdown)
            if found is None:
                return ""
            if found == NONE:
                self._state = "plain"
                return self._rest()
            self._state, self._depth = "fenced", 1
            self._fence = found[0]
            self._held = self._held[found[1] :]
        return "".join(self._lines())

    def end(self) -> str:
        """What was held back and belongs to the answer."""
        held = self._rest()
        if self._state == "start":
            if inline := _INLINE.fullmatch(held):
                return held if self._markdown else inline[2]
            return "" if _FENCE.fullmatch(held.strip()) else held
        if self._state != "fenced":
            return ""
        before, self._break = self._break, ""
        if held.strip() and not held.strip().strip(self._fence[0]) and (len(held) > 2 or not self._within):
            return before if self._line_break else ""  # the closing fence, or as much of it as came
        return before + held

    def _rest(self) -> str:
        held, self._held = self._held, ""
        return held

    def _lines(self) -> list[str]:
        given: list[str] = []
        while self._held:
            line, newline, rest = self._held.partition("\n")
            if not self._within and newline and self._closes(line.strip()):
                self._state = "after"
                self._held = ""
                return [*given, self._break] if self._line_break else given
            if not newline:
                return given + self._part(line)
            end = "\r\n" if line.endswith("\r") else "\n"
            given += [self._break, line.removesuffix("\r")]
            self._break, self._held, self._within = end, rest, False
        return given

    def _part(self, line: str) -> list[str]:
        """Of a line that has not ended: all but what may be a fence."""
        bare = line.strip()
        if not self._within and (not bare or _FENCE_SO_FAR.fullmatch(bare)):
            return []
        before, self._break, self._within = self._break, "", True
        kept = line.rstrip("\r").rstrip(self._fence[0])
        self._held = line[len(kept) :]
        return [before, kept]

    def _closes(self, bare: str) -> bool:
        """A fence with a name opens another one within, one without closes the last."""
        found = _FENCE.fullmatch(bare)
        if found is None or found[1][0] != self._fence[0] or len(found[1]) < len(self._fence):
            return False
        self._depth += 1 if found[2].strip() else -1
        return self._depth == 0
