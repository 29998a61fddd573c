"""What is seen of a call under way from outside, worked out when somebody looks: nothing is counted for it."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from libria_providers.reply import Answer, Reply
from libria_providers.types import Status

LATELY_SECONDS = 3.0
"""Over which a speed is told, where somebody looked before."""

CHARACTERS_PER_TOKEN = 4

State = Literal["queued", "waiting", "connecting", "retrying", "streaming", "paused"]


@dataclass(frozen=True, slots=True)
class Look:
    """A call at one moment. "connecting" is on its way to the provider, "waiting" has come first in the queue of
    its target or is with a provider that says nothing yet, "paused" waits for its client to read. `tokens` is an
    estimate, `speed` tokens a second lately."""

    state: State
    target: str | None
    reason: str | None
    position: int | None
    eta_ms: float | None
    deltas: int
    tokens: int
    speed: float | None


@dataclass(slots=True)
class Seen:
    """Told by the call what it cannot be asked for: `waits` on each status, `began` with each attempt,
    `speaks` once with the reply."""

    _status: Status | None = None  # of what it waits for since; none once it is with a provider
    _target: str | None = None
    _reply: Reply | None = None
    _answer: Answer | None = None
    _full: Callable[[], bool] = lambda: False
    _characters: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    """Of each list of pieces, by its place: how many were looked at, and the characters in them."""
    _marks: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])
    """When somebody looked, and the tokens there were."""

    def waits(self, status: Status) -> None:
        self._status = status
        self._target = status.target or self._target

    def began(self, target: str) -> None:
        self._status = None
        self._target = target

    def speaks(self, reply: Reply, answer: Answer, now: float, full: Callable[[], bool]) -> None:
        """`full` is whether the client has left so much unread that the call waits for it."""
        self._reply, self._answer, self._full = reply, answer, full
        self._marks.append((now, 0))

    def look(self, now: float) -> Look:
        if self._reply is None or self._answer is None:
            return self._before()
        deltas, characters = self._said(self._answer)
        tokens = max(deltas, characters // CHARACTERS_PER_TOKEN)
        speed = self._speed(tokens, now)
        state: State = "paused" if self._full() else "streaming"
        return Look(state, self._reply.target, None, None, None, deltas, tokens, speed)

    def _before(self) -> Look:
        status = self._status
        if status is None or status.state == "fallback":
            return Look("connecting", self._target, status.reason if status else None, None, None, 0, 0, None)
        return Look(status.state, self._target, status.reason, status.position, status.eta_ms, 0, 0, None)

    def _said(self, answer: Answer) -> tuple[int, int]:
        """Deltas and characters, of which only the new ones are looked at."""
        deltas = characters = 0
        for place, pieces in enumerate(answer.pieces()):
            count, known = self._characters.get(place, (0, 0))
            if len(pieces) < count:  # it began again
                count = known = 0
            known += sum(map(len, pieces[count:]))
            self._characters[place] = (len(pieces), known)
            deltas += len(pieces)
            characters += known
        return deltas, characters

    def _speed(self, tokens: int, now: float) -> float | None:
        marks = self._marks
        if marks[-1][1] > tokens:  # it began again
            marks.clear()
            marks.append((now, tokens))
        while len(marks) > 1 and marks[1][0] <= now - LATELY_SECONDS:
            marks.popleft()
        since, before = marks[0]
        if now - marks[-1][0] >= LATELY_SECONDS / 10:
            marks.append((now, tokens))
        return round((tokens - before) / (now - since), 1) if now > since else None
