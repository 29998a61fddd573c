"""The fenced blocks of a Markdown answer, and what stands around them."""

import re
from dataclasses import dataclass

_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})[ \t]*([^`]*?)[ \t]*")


@dataclass(frozen=True, slots=True)
class Block:
    """`info` is what stands behind the opening fence, `before` the last line with text above it; the block is
    `text[begin:end]`, fences included."""

    info: str
    content: str
    before: str
    begin: int
    end: int


def blocks(text: str) -> list[Block]:
    """In order; one that is never closed goes to the end. A fence with a name inside an open one opens another, as
    models write Markdown files with code in them."""
    found: list[Block] = []
    at = 0
    before = ""
    fence, info, begin, inside, depth = "", "", 0, 0, 0
    for line in text.splitlines(keepends=True):
        bare = line.rstrip("\r\n")
        match = _FENCE.fullmatch(bare)
        if not depth:
            if match:
                fence, info, begin, inside, depth = match[1], match[2], at, at + len(line), 1
            elif bare.strip():
                before = bare.strip()
        elif match and match[1][0] == fence[0] and len(match[1]) >= len(fence):
            depth += 1 if match[2] and len(match[1]) == len(fence) else -1
            if not depth:
                found.append(Block(info, text[inside:at], before, begin, at + len(line)))
                before = ""
        at += len(line)
    if depth:
        found.append(Block(info, text[inside:], before, begin, len(text)))
    return found


def without(text: str, taken: list[Block]) -> str:
    """What is left of `text` without these blocks."""
    kept, at = "", 0
    for block in taken:
        kept += text[at : block.begin]
        at = block.end
    return (kept + text[at:]).strip()
