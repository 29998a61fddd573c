"""What the soak has seen so far: outcomes by kind, what went wrong, how long cancels took."""

import time
from collections import Counter
from dataclasses import dataclass, field

TOLD = 60
"""Wrongs of which the text is kept; all are counted."""

LATE = 2.0
"""Seconds after its cancel from which an attempt of a call was begun by somebody who does not know of it."""


@dataclass(slots=True)
class Record:
    """`hung_up` are seconds from a cancel to the end of the connection at the provider, `answered` to the answer at
    a client that reads."""

    outcomes: Counter[str] = field(default_factory=Counter)
    wrongs: list[str] = field(default_factory=list)
    wrong: int = 0
    asked: int = 0
    cancels: int = 0
    left: int = 0
    answered: list[float] = field(default_factory=list)
    hung_up: list[float] = field(default_factory=list)
    cancelled_at: dict[int, float] = field(default_factory=dict)

    def went_wrong(self, what: str) -> None:
        self.wrong += 1
        if len(self.wrongs) < TOLD:
            self.wrongs.append(what)

    def cancelled(self, number: int, *, finishes: bool = False) -> None:
        """The client cancels the call with this number, or leaves."""
        if number >= 0 and not finishes:
            self.cancelled_at.setdefault(number, time.monotonic())

    def ended(self, calls: list[tuple[int | None, float, float, bool]]) -> None:
        """What the provider saw end: number, begun, ended, whether the client hung up."""
        for number, begun, ended, hung_up in calls:
            at = self.cancelled_at.get(number) if number is not None else None
            if at is None:
                continue
            if begun > at + LATE:
                self.went_wrong(f"the provider was asked {begun - at:.1f} s after the cancel of call {number}")
            if hung_up and ended > at:
                self.hung_up.append(ended - at)
