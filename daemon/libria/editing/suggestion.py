"""What a model filled in, made into one suggestion: one block, without what stands behind the cursor already."""

import re

from libria.editing.fill import Gap
from libria_providers.fill_suffix import BeforeSuffix

MOST_LINES = 30

_GOES_ON = re.compile(
    r"[)\]}]|(else|elif|elsif|elseif|except|finally|catch|rescue|ensure|case|default|when|then|do|and|or|end|fi|done"
    r"|esac)\b|[.&|?:+*-]"
)
"""How a line begins that belongs to what was before it, though it is no deeper."""


def fitting(text: str, gap: Gap, *, cut: bool) -> str:
    """What is offered of `text`, "" where nothing is. `cut`: the model was stopped before its end."""
    text = text.replace("\r\n", "\n")
    end = block_end(text, gap, whole=True)
    if end is not None:
        text = text[:end]
    elif cut and "\n" in text.strip("\n"):
        text = text.rpartition("\n")[0]
    trimmer = BeforeSuffix(gap.prefix, gap.suffix)
    text = trimmer.feed(text) + trimmer.end()
    text = _before_lines(text, gap)
    text = text.rstrip("\n") if gap.continues else text.rstrip()
    return text if text.strip() else ""


def _before_lines(text: str, gap: Gap) -> str:
    """Without whole lines at the end that stand behind the cursor's own, however short they are."""
    lines, there = text.rstrip().split("\n"), [line.strip() for line in gap.suffix.split("\n")[1:] if line.strip()]
    first = 0 if not gap.prefix.rpartition("\n")[2].strip() else 1
    for at in range(first, len(lines)):
        said = [line.strip() for line in lines[at:] if line.strip()]
        if said == there[: len(said)] and any(map(str.isalnum, "".join(said))):
            return "\n".join(lines[:at])
    return text


def block_end(text: str, gap: Gap, *, whole: bool = False) -> int | None:
    """Where the block ends that `text` begins with; None where it may go on. Without `whole` more may come."""
    if gap.continues:
        found = text.find("\n")
        return found if found >= 0 else None
    last = gap.prefix.rpartition("\n")[2]
    own = _indent(last)
    lines = text.split("\n")
    at, content, deeper, blank = len(lines[0]) + 1, bool(last.strip() or lines[0].strip()), False, -1
    for number, line in enumerate(lines[1:], 1):
        judged = whole or number < len(lines) - 1
        if not line.strip():
            if content and judged and number < len(lines) - 1 and blank < 0:
                blank = at - 1
        elif judged:
            indent = _indent(line)
            if content and number >= MOST_LINES:
                return at - 1
            if indent < own or (
                indent == own and content and (deeper or blank >= 0) and not _GOES_ON.match(line.strip())
            ):
                return blank if blank >= 0 else at - 1
            deeper = deeper or indent > own
            content, blank = True, -1
        at += len(line) + 1
    return None


def _indent(line: str) -> int:
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip())
