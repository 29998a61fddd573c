"""How many calls of a target are under way at once.

Where the provider says nothing of its limits it is found out, as TCP does: one more for each round of
successes, half as many after a 429 or an overload (additive increase, multiplicative decrease).
"""

MOST = 2048
"""What is begun with: far more than normal use has, so that nothing is slowed before it failed."""

FEW = 8
"""Below which a first failure says little of how many there were."""


class AtOnce:
    """`bound` is the user's own; `told` is whether the provider tells of its limits, so that there is
    nothing to find out."""

    def __init__(self, bound: int | None = None) -> None:
        self.own = bound
        self.told = False
        self.in_use = 0
        self._found = MOST
        self._well = 0
        self._cut_at = float("-inf")

    @property
    def bound(self) -> int | None:
        """None: any number."""
        if self.told:
            return self.own
        return self._found if self.own is None else min(self._found, self.own)

    @property
    def found(self) -> bool:
        """Whether the bound was found out, by failures."""
        return not self.told and self._found < (self.own or MOST)

    @property
    def known(self) -> int:
        """What was found out, for `inherit` in another process."""
        return self._found

    def inherit(self, found: int, *, told: bool) -> None:
        self._found = max(1, min(self._found, found))
        self.told = self.told or told

    def free(self, batch: bool) -> bool:
        """Whether one more may begin; of several, one is left for what is interactive."""
        bound = self.bound
        return bound is None or self.in_use < (bound - 1 if batch and bound > 1 else bound)

    def succeeded(self) -> None:
        if self._found >= MOST or self.in_use * 2 < self._found:
            return  # nothing was found out, or what was is not what holds it back
        self._well += 1
        if self._well >= self._found:
            self._well = 0
            self._found += 1

    def failed(self, began: float, now: float) -> None:
        """By a 429 or an overload, of a call that `began` then: those of one burst count once."""
        if began < self._cut_at:
            return
        self._cut_at = now
        self._well = 0
        self._found = max(1, min(self._found, max(FEW, self.in_use + 1)) // 2)
