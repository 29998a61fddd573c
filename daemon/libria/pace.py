"""How long the answers of each target take, by those that were observed."""

from collections import deque
from statistics import median

from libria.layers.attempt import Ended

KEPT = 20
"""Answers of a target that are looked at."""

MOST_TARGETS = 1000


class Pace:
    """Whole answers only: one that broke or was cancelled says nothing of how long another takes."""

    def __init__(self) -> None:
        self._seconds: dict[str, deque[float]] = {}

    def add(self, ended: Ended) -> None:
        if ended.finish is None or ended.call.ask is not None:
            return
        target = ended.attempt.target
        known = self._seconds.get(target)
        if known is None:
            if len(self._seconds) >= MOST_TARGETS:
                self._seconds.clear()
            known = self._seconds[target] = deque(maxlen=KEPT)
        known.append(ended.attempt.duration_ms / 1000)

    def seconds(self, target: str) -> float | None:
        """Of a typical answer, None where there was none."""
        known = self._seconds.get(target)
        return median(known) if known else None
