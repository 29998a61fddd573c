"""Breaker: a target that fails again and again is left alone, but for a probe now and then.

Position: per target, inside retry. Once per attempt. Raises what is inside raises; while the circuit is
open an error of the kind that opened it, with `asked` False, as nobody was asked.

    closed ──failures reach the threshold──▶ open ──its time is over──▶ half-open: one probe at a time
      ▲ ▲                                     ▲                             │      │
      │ └── answered to its end ──────────────│──── the probe spoke on ─────┘      │
      │     (one more failure before that)    └──────────── the probe failed ◀─────┘

What counts is the provider's own failure. A refusal of the call shows that it is well; a rate limit is
no outage; a cancel says nothing.
"""

from dataclasses import dataclass
from typing import Literal

from libria.clock import Clock
from libria.layers.service import Service
from libria_providers.errors import Overloaded, ProviderError, RateLimited, Refused, TimedOut
from libria_providers.reply import Batches, Reply
from libria_providers.types import Call, Finish

PROVEN_SECONDS = 5.0
"""Of speaking, after which the provider is taken to be well again before the probe's end says so."""

PROBE_SECONDS = 30.0
"""For which a probe keeps the others away at most: it may be its reader who is slow."""


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """Seconds. `threshold` counts failures in a row; a silence, which costs its caller much more than an
    error, counts twice. A circuit stays open for the first of `pauses`, then for the next, the last again
    and again: it bounds how late a recovery is noticed."""

    threshold: int = 5
    pauses: tuple[float, ...] = (5.0, 10.0, 15.0)

    def weight(self, error: ProviderError) -> int | None:
        """How much `error` counts; 0 shows that the provider is well, None says nothing."""
        if not error.asked:
            return None
        if isinstance(error, Refused):
            return 0
        if isinstance(error, RateLimited) or (isinstance(error, TimedOut) and error.phase == "total"):
            return None
        return 2 if isinstance(error, TimedOut) else 1


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is known of a target: for the status, and for whoever has to choose. `retry_in` is the
    seconds until the next probe, of an open one."""

    state: Literal["closed", "open", "halfOpen"]
    failures: int
    retry_in: float | None = None
    last: str | None = None  # the kind of the last failure


@dataclass(frozen=True, slots=True)
class HeldCircuit:
    """A breaker's state, for another process on this machine: `open_until` is its monotonic time."""

    failures: int
    opened: int
    open_until: float | None
    last: str | None


class Breaker:
    """A call that insists is asked whatever the state is: nobody else is left to answer it."""

    def __init__(self, inner: Service, policy: BreakerPolicy, clock: Clock) -> None:
        self._inner = inner
        self._policy = policy
        self._clock = clock
        self._failures = 0
        self._opened = 0  # times in a row
        self._open_until: float | None = None
        self._probe_began: float | None = None
        self._last: type[ProviderError] | None = None  # not the error, whose traceback holds the whole call

    @property
    def closed(self) -> bool:
        return self._open_until is None

    def circuit(self) -> Circuit:
        last = self._last.kind if self._last else None
        if self._open_until is None:
            return Circuit("closed", self._failures, last=last if self._failures else None)
        left = self._open_until - self._clock.now()
        if self._probing or left <= 0:
            return Circuit("halfOpen", self._failures, last=last)
        return Circuit("open", self._failures, round(left, 3), last)

    def held(self) -> HeldCircuit | None:
        """None while nothing is wrong."""
        if not self._failures:
            return None
        return HeldCircuit(self._failures, self._opened, self._open_until, self._last.kind if self._last else None)

    def inherit(self, held: HeldCircuit) -> None:
        self._failures, self._opened, self._open_until = held.failures, held.opened, held.open_until
        self._last = _kind(held.last) if held.last else None

    async def send(self, call: Call) -> Reply:
        if self._open_until is None:
            return await self._ask(call)
        if not call.insist and (self._probing or self._clock.now() < self._open_until):
            raise self._left_alone(call)
        if self._probing:
            return await self._ask(call)
        self._probe_began = self._clock.now()
        try:
            reply = await self._ask(call)
        except BaseException:
            self._probe_began = None
            raise
        reply.through(self._proving)
        reply.on_end(self._probed)
        return reply

    @property
    def _probing(self) -> bool:
        return self._probe_began is not None and self._clock.now() - self._probe_began < PROBE_SECONDS

    async def _proving(self, batches: Batches) -> Batches:
        """A probe's: a provider that stalls has spoken too, so its first words show nothing yet."""
        spoke = self._clock.now()
        try:
            async for batch in batches:
                if self._open_until is not None and self._clock.now() - spoke >= PROVEN_SECONDS:
                    self._well_so_far()
                yield batch
        finally:
            await batches.aclose()

    def _probed(self, _finish: Finish | None, _error: ProviderError | None) -> None:
        self._probe_began = None

    async def _ask(self, call: Call) -> Reply:
        try:
            reply = await self._inner.send(call)
        except ProviderError as error:
            self._judge(error)
            raise
        reply.on_end(self._ended)
        return reply

    def _ended(self, finish: Finish | None, error: ProviderError | None) -> None:
        if finish is not None:
            self._well()
        elif error is not None:
            self._judge(error)

    def _judge(self, error: ProviderError) -> None:
        weight = self._policy.weight(error)
        if weight is None:
            return
        if weight == 0:
            self._well()
            return
        self._last = type(error)
        self._failures += weight
        if self._failures >= self._policy.threshold:
            self._open()

    def _open(self) -> None:
        """The time that a probe took to fail is part of the pause: a stall takes longer to be seen than one lasts."""
        now = self._clock.now()
        if self._open_until is not None and now < self._open_until:
            return  # others that were under way when it opened
        pause = self._policy.pauses[min(self._opened, len(self._policy.pauses) - 1)]
        self._opened += 1
        self._open_until = (now if self._probe_began is None else self._probe_began) + pause

    def _well_so_far(self) -> None:
        """The probe spoke on; until something was answered to its end, one failure opens again."""
        self._open_until = self._probe_began = None
        self._failures = self._policy.threshold - 1

    def _well(self) -> None:
        self._failures = self._opened = 0
        self._open_until = self._last = None

    def _left_alone(self, call: Call) -> ProviderError:
        kind = self._last or Overloaded
        left = max(0.0, (self._open_until or 0.0) - self._clock.now())
        provider, _, model = call.model.partition("/")
        return kind(
            f"{call.model} failed {self._failures} times in a row and is left alone for {left:.0f} s more; "
            "wait or name a fallback.",
            provider=provider,
            model=model,
            retry_after=left or None,
            asked=False,
        )


def _kind(name: str, within: type[ProviderError] = ProviderError) -> type[ProviderError] | None:
    """The error of this kind."""
    for kind in within.__subclasses__():
        if kind.kind == name:
            return kind
        if (deeper := _kind(name, kind)) is not None:
            return deeper
    return None
