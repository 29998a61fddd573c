"""What was suggested lately: who types what was suggested is not kept waiting for it again."""

from collections import deque
from dataclasses import dataclass

from libria.editing.fill import Gap
from libria.editing.suggestion import fitting

MOST = 30

TAIL = 1000
"""Characters before the cursor that must be the same."""

_CLOSERS = (")", "]", "}", '"', "'", "`", ">")
"""What editors put behind the cursor by themselves."""


@dataclass(frozen=True, slots=True)
class _Made:
    gap: Gap
    text: str


class Suggestions:
    """Of one client."""

    def __init__(self) -> None:
        self._made: deque[_Made] = deque(maxlen=MOST)

    def add(self, gap: Gap, text: str) -> None:
        """`text` may be "": there is nothing to suggest there."""
        self._made.append(_Made(gap, text))

    def find(self, gap: Gap) -> str | None:
        """What is left of a suggestion at `gap`, None where nothing is known of it."""
        for made in reversed(self._made):
            if made.gap.uri == gap.uri and (typed := _typed(made, gap)) is not None:
                rest = made.text[len(typed) :]
                if not typed:
                    return rest
                if rest:
                    return fitting(rest, gap, cut=False) or None
        return None


def _typed(made: _Made, gap: Gap) -> str | None:
    """How much of what was suggested stands there now, and nothing else is new."""
    if not made.gap.line <= gap.line <= made.gap.line + made.text.count("\n"):
        return None
    tail = made.gap.prefix[-TAIL:]
    for length in range(len(made.text) + 1):
        typed = made.text[:length]
        if not gap.prefix.endswith(typed) or not gap.prefix.endswith(tail, 0, len(gap.prefix) - length):
            continue
        if gap.line == made.gap.line + typed.count("\n") and _same_behind(made.gap.suffix, gap.suffix, bool(typed)):
            return typed
    return None


def _same_behind(before: str, now: str, typed: bool) -> bool:
    if now[:TAIL] == before[:TAIL]:
        return True
    return typed and now.startswith(_CLOSERS) and now[1 : 1 + TAIL] == before[:TAIL]
