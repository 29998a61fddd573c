"""What an answer repeats of the text before the cursor, as it streams.

A model that was to give what belongs at the cursor often begins with the cursor's line, with some lines
before it or with the whole file, and not always indented as that is.
"""

import re

_WORD = re.compile(r"[^\W\d][\w.]*$")
_SPACE = " \t"


def repeated(text: str, prefix: str, *, final: bool) -> int | None:
    """How many characters at the beginning of `text` are the end of `prefix` once more; None while more
    text could change that. The longest such counts."""
    start = len(text) - len(text.lstrip("\n"))
    if start == len(text):
        return 0 if final else None
    lines = prefix.split("\n")
    said, newline, _ = text[start:].partition("\n")
    said = said.strip()
    for first, line in enumerate(lines):
        bare = line.strip()
        same = bare == said if newline else bare.startswith(said)
        if bare and (same or (first == len(lines) - 1 and said.startswith(bare))) and _tells(lines, first):
            found = _match(text, start, lines[first:], final)
            if found != 0:
                return found
    return _on_its_line(text, lines[-1], final)


def _tells(lines: list[str], first: int) -> bool:
    """Whether it can be no chance that an answer begins with lines[first:]."""
    cursor = lines[-1].strip()
    if cursor:
        said = lines[first] + cursor if first < len(lines) - 1 else cursor
        return any(map(str.isalpha, said)) and (len(cursor) > 2 or sum(map(str.isalnum, said)) > 1)
    # On a line of its own the line before may well come again. Two of them do not, nor does one that the
    # cursor is indented under, nor all there is.
    if sum(bool(line.strip()) for line in lines[first:]) > 1:
        return True
    line = lines[first]
    deeper = len(lines[-1]) > len(line) - len(line.lstrip())
    return sum(map(str.isalnum, line)) > 2 and (deeper or not any(line.strip() for line in lines[:first]))


def _match(text: str, at: int, lines: list[str], final: bool) -> int | None:
    """Where in `text` the repetition of `lines` ends that begins `at`; indentation may differ. 0 where
    there is none, None where it may go on."""
    for line in lines[:-1]:
        said, newline, _ = text[at:].partition("\n")
        if not newline:
            return None if line.strip().startswith(said.strip()) and not final else 0
        if said.strip() != line.strip():
            return 0
        at += len(said) + 1
    last = lines[-1]
    bare = text[at:].lstrip(_SPACE)
    wanted = last.strip()
    if not bare.startswith(wanted):
        return None if wanted.startswith(bare) and not final else 0
    end = len(text) - len(bare) + len(wanted) if wanted else at
    space = len(last) - len(last.rstrip()) if wanted else len(last)  # between the last word and the cursor
    there = len(text[end:]) - len(text[end:].lstrip(_SPACE))
    if end + there == len(text) and there < space and not final:
        return None
    return end + min(there, space)


def _on_its_line(text: str, last: str, final: bool) -> int | None:
    """The indentation before the cursor, or the word that it stands behind."""
    tails = [last] if last and not last.strip() else []
    if word := _WORD.search(last):
        tails = [tail for tail in (word[0], word[0].rpartition(".")[2]) if len(tail) > 2]
    for tail in tails:
        if text.startswith(tail):
            return len(tail)
        if tail.startswith(text) and not final:
            return None
    return 0


class AfterPrefix:
    """Give it the pieces of an answer; it gives them without what `repeated` finds."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._held = ""
        self._decided = False

    def feed(self, text: str) -> str:
        if self._decided:
            return text
        self._held += text
        return self._given(repeated(self._held, self._prefix, final=False))

    def end(self) -> str:
        return "" if self._decided else self._given(repeated(self._held, self._prefix, final=True))

    def _given(self, found: int | None) -> str:
        if found is None:
            return ""
        self._decided = True
        held, self._held = self._held, ""
        return held[found:]
