"""The block of code around a line, by its indentation alone: what an action is about where nothing is selected."""

import re

MOST_LINES = 200
"""Of a block; where it is longer, the paragraph is taken."""

_CLOSER = re.compile(r"[)\]}]|(end|fi|done|esac)[;,.)]*$")


def block_around(lines: list[str], at: int) -> tuple[int, int]:
    """The first and the last line of the block that line `at` begins or is in."""
    while at > 0 and not lines[at].strip():
        at -= 1
    own, first = _indent(lines[at]), at
    if not _opens(lines, at):
        wanted = own + 1 if _closes(lines[at]) else own  # what closes is no deeper than what it closes
        first = next((n for n in range(at - 1, -1, -1) if lines[n].strip() and _indent(lines[n]) < wanted), -1)
        if first < 0:
            return _paragraph(lines, at)
    last = _body_end(lines, first)
    return (first, last) if last >= at and last - first < MOST_LINES else _paragraph(lines, at)


def _opens(lines: list[str], at: int) -> bool:
    """Whether the next line with something on it is deeper."""
    for line in lines[at + 1 :]:
        if line.strip():
            return _indent(line) > _indent(lines[at])
    return False


def _body_end(lines: list[str], first: int) -> int:
    own, last = _indent(lines[first]), first
    for number in range(first + 1, len(lines)):
        line = lines[number]
        if not line.strip():
            continue
        closes = _indent(line) == own and _closes(line)
        if _indent(line) <= own and not closes:
            break
        last = number
        if closes and not _opens(lines, number):
            break
    return last


def _paragraph(lines: list[str], at: int) -> tuple[int, int]:
    own = _indent(lines[at])

    def alike(number: int) -> bool:
        line = lines[number]
        return bool(line.strip()) and _indent(line) == own and not _closes(line)

    first = last = at
    while first > 0 and alike(first - 1):
        first -= 1
    while last + 1 < len(lines) and alike(last + 1):
        last += 1
    return max(first, at - MOST_LINES // 2), min(last, at + MOST_LINES // 2)


def _closes(line: str) -> bool:
    return _CLOSER.match(line.strip()) is not None


def _indent(line: str) -> int:
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip())
