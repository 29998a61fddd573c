"""What was used of each limit in this process, in sliding windows of slots.

A slot counts until a whole window has passed since its end, so what is counted in any window is never more
than the limit, wherever the window begins; the price is one slot in `SLOTS` of what could be reached.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from libria.clock import Clock
from libria.layers.limit import Want

SLOTS = 120
"""Of a window: what can be reached of a limit is 120/121."""

MOST_WINDOWS = 5000
"""Beyond which those that are empty are forgotten."""

EARLY = 1e-6
"""Seconds added to a wait: a clock that is read a hair too early would only ask once more."""


@dataclass(frozen=True, slots=True)
class HeldWindow:
    """`slots` are a time in each, by the machine's monotonic clock, and what is counted in it."""

    key: str
    seconds: float
    slots: list[tuple[float, int]]


@dataclass(frozen=True, slots=True)
class HeldWindows:
    """What another process on this machine knows of its windows. `pauses` are until when."""

    windows: list[HeldWindow] = field(default_factory=list[HeldWindow])
    pauses: dict[str, float] = field(default_factory=dict[str, float])


class LocalWindows:
    """The limits' Windows, of this process alone."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock.now
        self._windows: dict[str, _Window] = {}
        self._pauses: dict[str, float] = {}  # until when, by the beginning of a want's key
        self._shuns: dict[str, float] = {}

    async def take(self, wants: Sequence[Want]) -> float:
        """0.0: all are taken. Else the seconds after which it is worth asking again, and none is."""
        now = self._now()
        wait = self._paused(wants, now) if self._pauses else 0.0
        for want in wants:
            missing = self._window(want).total(now) + want.amount - want.limit
            if missing > 0:
                wait = max(wait, self._window(want).wait(missing, now))
        if wait <= 0.0:
            for want in wants:
                self._windows[want.key].add(want.amount, now)
        return wait

    async def settle(self, wants: Sequence[Want]) -> None:
        """Give back what is negative, in the slot it was taken from `age` seconds ago; count now what is not."""
        now = self._now()
        for want in wants:
            if want.amount >= 0:
                self._window(want).add(want.amount, now)
            else:
                self._window(want).give_back(-want.amount, now - want.age)

    async def pause(self, key: str, seconds: float) -> None:
        """Give nothing whose key begins with `key` for so long."""
        now = self._now()
        self._pauses = {name: until for name, until in self._pauses.items() if until > now}
        self._pauses[key] = max(self._pauses.get(key, 0.0), now + seconds)

    async def paused(self, key: str) -> float:
        """Seconds that `key` is still paused for."""
        now = self._now()
        return max((until - now for name, until in self._pauses.items() if key.startswith(name)), default=0.0)

    def known_pause(self, key: str) -> float:
        """Seconds that anything of `key` is paused for."""
        now = self._now()
        return max(
            (until - now for name, until in self._pauses.items() if name.startswith(key) or key.startswith(name)),
            default=0.0,
        )

    def shun(self, key: str, seconds: float) -> None:
        now = self._now()
        self._shuns = {name: until for name, until in self._shuns.items() if until > now}
        if seconds > 0:
            self._shuns[key] = max(self._shuns.get(key, 0.0), now + seconds)
        else:
            self._shuns.pop(key, None)

    def shunned(self, key: str) -> float:
        return max(0.0, self._shuns.get(key, 0.0) - self._now())

    async def learn(self, want: Want) -> None:
        """Count at least `amount` as used, the difference as if it was `age` seconds ago."""
        now = self._now()
        window = self._window(want)
        more = want.amount - window.total(now)
        if more > 0:
            window.add(more, now - want.age)

    def used(self, want: Want) -> int:
        """What is counted in the window of `want` now."""
        window = self._windows.get(want.key)
        return window.total(self._now()) if window else 0

    def held(self) -> HeldWindows:
        """All that counts now, for `inherit` in another process."""
        now = self._now()
        windows = [window.held(key) for key, window in self._windows.items() if window.total(now)]
        return HeldWindows(windows, {key: until for key, until in self._pauses.items() if until > now})

    def inherit(self, held: HeldWindows, before: HeldWindows | None = None) -> None:
        """Count what is held besides what is counted here, but for what was inherited `before`."""
        known = {} if before is None else {window.key: dict(window.slots) for window in before.windows}
        for window in held.windows:
            counted = known.get(window.key, {})
            for when, amount in window.slots:
                if (more := amount - counted.get(when, 0)) > 0:
                    self._window(Want(window.key, 0, 0, window.seconds)).add(more, when)
        for key, until in held.pauses.items():
            self._pauses[key] = max(self._pauses.get(key, until), until)

    def _paused(self, wants: Sequence[Want], now: float) -> float:
        ends = [
            until for name, until in self._pauses.items() if any(want.key.startswith(name) for want in wants)
        ]  # fmt: skip
        wait = max(ends, default=0.0) - now
        return wait + EARLY if wait > 0 else 0.0

    def _window(self, want: Want) -> "_Window":
        window = self._windows.get(want.key)
        if window is None:
            if len(self._windows) >= MOST_WINDOWS:
                now = self._now()
                self._windows = {key: known for key, known in self._windows.items() if known.total(now)}
            window = self._windows[want.key] = _Window(want.seconds)
        return window


class _Window:
    """`slots` are [index, amount], oldest first; a slot's index is its time in widths of a slot."""

    __slots__ = ("_slots", "_total", "_width")

    def __init__(self, seconds: float) -> None:
        self._width = seconds / SLOTS
        self._slots: deque[list[int]] = deque()
        self._total = 0

    def total(self, now: float) -> int:
        slots = self._slots
        if slots:
            gone = int(now / self._width) - SLOTS
            while slots and slots[0][0] < gone:
                self._total -= slots.popleft()[1]
        return self._total

    def add(self, amount: int, when: float) -> None:
        slots, index = self._slots, int(when / self._width)
        self._total += amount
        if not slots or slots[-1][0] < index:
            slots.append([index, amount])
            return
        at = len(slots)
        while at and slots[at - 1][0] > index:
            at -= 1
        if at and slots[at - 1][0] == index:
            slots[at - 1][1] += amount
        else:
            slots.insert(at, [index, amount])

    def give_back(self, amount: int, when: float) -> None:
        """From the slot of `when`. A rounded time may hit the one before it: then from the next. What was
        given up by then is not given back again."""
        index = int(when / self._width)
        for slot in self._slots:
            if index <= slot[0] <= index + 1 and amount > 0:
                back = min(amount, slot[1])
                slot[1] -= back
                self._total -= back
                amount -= back

    def held(self, key: str) -> HeldWindow:
        middle = 0.5  # of a slot, so that rounding hits the same one
        return HeldWindow(
            key, self._width * SLOTS, [((index + middle) * self._width, amount) for index, amount in self._slots]
        )

    def wait(self, missing: int, now: float) -> float:
        """Seconds until so much is free again; the whole window, for what is more than it holds."""
        for index, amount in self._slots:
            missing -= amount
            if missing <= 0:
                return max(0.0, (index + SLOTS + 1) * self._width - now) + EARLY
        return (SLOTS + 1) * self._width
