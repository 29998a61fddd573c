"""A model's answer made into the text that is to stand in a range."""

from libria.connect.documents import lines_of
from libria_providers.fill_fence import Unfence

_OPENS = (":", "{", "(", "[", "->", "=>", "then", "do")
"""Ends of lines behind which the next one is deeper."""

_TAGS = ("<selection>", "</selection>")


def new_text(answer: str, old: str, *, line_break: str = "\n", markdown: bool = False) -> str:
    """`old` is what stands there: its indentation and its last line break are kept where the answer has lost them."""
    unfence = Unfence(markdown=markdown, line_break=old.endswith("\n"))
    text = unfence.feed(answer.replace("\r\n", "\n")) + unfence.end()
    for tag in _TAGS:
        if tag not in old:
            text = text.replace(tag, "")
    if not text.strip():
        return ""
    old = old.replace("\r\n", "\n")
    text = _as_deep(text.lstrip("\n") if not old.startswith("\n") else text, old)
    if old.endswith("\n") and not text.endswith("\n"):
        text += "\n"
    elif not old.endswith("\n"):
        text = text.rstrip("\n")
    elif not old.endswith("\n\n"):
        text = text.rstrip("\n") + "\n"
    return text.replace("\n", line_break)


def changed(old: str, new: str) -> tuple[int, int, str]:
    """What differs, in whole lines: from which line of `old` on, up to which (that not included), and the new text
    between them."""
    before, after = _lines(old), _lines(new)
    most = min(len(before), len(after))
    first = 0
    while first < most and before[first] == after[first]:
        first += 1
    behind = 0
    while behind < most - first and before[-1 - behind] == after[-1 - behind]:
        behind += 1
    return first, len(before) - behind, "".join(after[first : len(after) - behind])


def _lines(text: str) -> list[str]:
    return [line for line in lines_of(text) if line]


def _as_deep(text: str, old: str) -> str:
    """Models drop the indentation that all lines share, or that of the first one alone."""
    wanted = _indentation(next((line for line in old.split("\n") if line.strip()), ""))
    lines = text.split("\n")
    first = next(number for number, line in enumerate(lines) if line.strip())
    if not wanted or lines[first].startswith((" ", "\t")):
        return text
    following = next((_indentation(line) for line in lines[first + 1 :] if line.strip()), "")
    opens = lines[first].rstrip().endswith(_OPENS)
    deeper = len(following) - len(wanted)  # than the first line, if that alone has lost its indentation
    if following.startswith(wanted) and (deeper > 0 if opens else deeper == 0):
        return "\n".join([*lines[:first], wanted + lines[first], *lines[first + 1 :]])
    return "\n".join(wanted + line if line.strip() else line for line in lines)


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
