"""The calls under way and those that ended lately: who listens to each, and what it said."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from libria.clock import Clock, Timer
from libria.journal import Journal
from libria.seen import Seen
from libria_providers.types import Call

KEEP_SECONDS = 600.0
"""After its end, for a client that comes back."""

ENTRY_BYTES = 1024
"""What a call costs besides what it said."""

Why = Literal["cancelled", "left"]
"""Why a call is to end: its client said so, or nobody listens any more."""


@dataclass(slots=True, eq=False)
class KeptCall:
    """`call` is None once it is over: it holds the prompt. `stop` answers and ends it at once, `lasting` is
    whether it is kept after its end. Who listens: the client that asked (`owned`) and `followers`."""

    call_id: str
    call: Call | None
    journal: Journal
    stop: Callable[[Why], None]
    lasting: bool
    seen: Seen
    over: Callable[["KeptCall"], None]
    owned: bool = True
    followers: int = 0
    ended: float = field(default=0.0, init=False)
    size: int = field(default=0, init=False)

    @property
    def alone(self) -> bool:
        """Under way, and nobody listens."""
        return self.call is not None and not self.owned and not self.followers

    def end(self, outcome: bytes) -> None:
        """`outcome` is what its client was answered. Only the first counts."""
        if self.call is not None:
            self.call = None
            self.stop = _nothing  # it holds the connection, and with it the client's keys
            self.seen = Seen()  # the one that there was holds the answer, delta by delta
            self.journal.end(outcome)
            self.over(self)

    def leave(self) -> None:
        """The client that asked is gone."""
        self.owned = False
        self._unheard()

    def follow(self) -> None:
        self.followers += 1

    def unfollow(self, *, cancelled: bool) -> None:
        """A follower hears no more. When it `cancelled` and nobody else listens, the call ends: the user
        pressed Stop, in the one place where the call is still seen."""
        self.followers -= 1
        if cancelled and self.alone:
            self.stop("cancelled")
        else:
            self._unheard()

    def _unheard(self) -> None:
        if self.alone and self.call is not None and self.call.on_disconnect == "cancel":
            self.stop("left")


def _nothing(why: Why) -> None:
    """There is nothing to stop any more."""


class CallLog:
    """One an engine. Calls that have ended may take `most` bytes; beyond that the oldest go first. `idle` is
    called when a call has ended that had outlived its client, and no other goes on that nobody listens to."""

    def __init__(self, clock: Clock, *, most: int, seconds: float = KEEP_SECONDS) -> None:
        self.most = most
        self.idle: Callable[[], None] = lambda: None
        self._clock = clock
        self._seconds = seconds
        self._live: dict[str, KeptCall] = {}
        self._ended: dict[str, KeptCall] = {}  # the oldest first
        self._size = 0  # of those that have ended
        self._timer: Timer | None = None

    def begin(
        self,
        call_id: str,
        call: Call,
        stop: Callable[[Why], None],
        *,
        first: int = 0,
        lasting: bool = True,
        seen: Seen | None = None,
    ) -> KeptCall:
        """The events of the call will be numbered from `first` on."""
        before = self._ended.pop(call_id, None)
        if before is not None:
            self._size -= before.size
        kept = self._live[call_id] = KeptCall(call_id, call, Journal(first), stop, lasting, seen or Seen(), self._over)
        return kept

    def find(self, call_id: str) -> KeptCall | None:
        return self._live.get(call_id) or self._ended.get(call_id)

    def orphans(self) -> list[KeptCall]:
        """Those under way whose client has left, whoever else listens."""
        return [kept for kept in self._live.values() if not kept.owned]

    def abandoned(self) -> list[KeptCall]:
        """Those that go on though nobody listens, as their clients wanted."""
        return [kept for kept in self._live.values() if kept.alone]

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _over(self, kept: KeptCall) -> None:
        if self._live.get(kept.call_id) is kept:  # not another that goes on under its id
            del self._live[kept.call_id]
            if kept.lasting:
                self._keep(kept)
        if not kept.owned and not self.abandoned():
            self.idle()

    def _keep(self, kept: KeptCall) -> None:
        kept.ended = self._clock.now()
        kept.size = kept.journal.size + ENTRY_BYTES
        self._ended[kept.call_id] = kept
        self._size += kept.size
        while self._size > self.most:
            self._drop()
        if self._timer is None and self._ended:
            self._timer = self._clock.call_at(kept.ended + self._seconds, self._expire)

    def _drop(self) -> KeptCall:
        kept = self._ended.pop(next(iter(self._ended)))
        self._size -= kept.size
        return kept

    def _expire(self) -> None:
        """One timer for all: it rings when the oldest may go."""
        self._timer = None
        due = self._clock.now() - self._seconds
        while self._ended:
            oldest = next(iter(self._ended.values()))
            if oldest.ended > due:
                self._timer = self._clock.call_at(oldest.ended + self._seconds, self._expire)
                return
            self._drop()
