"""Fallback: the next target when one fails; unseen before the first delta, openly after it.

Position: around all targets. Once per call. Raises the last target's error, Interrupted when a
stream broke and no target was left.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from libria.clock import Clock
from libria.layers.service import Service
from libria_providers.errors import (
    BadRequest,
    CacheMiss,
    ContentFiltered,
    ContextTooLong,
    Interrupted,
    Overloaded,
    ProviderError,
    TimedOut,
)  # fmt: skip
from libria_providers.reply import Batches, Reply
from libria_providers.types import Call, Reset, Status

NOWHERE = (BadRequest, CacheMiss)
"""What another target would not mend."""


class Targets(Protocol):
    """What fallback wants to know of the targets; declared here, known by the engine."""

    def names(self, call: Call) -> Sequence[str]:
        """Which to try for a call, the first first."""
        ...

    async def service(self, target: str, call: Call) -> Service:
        """Who asks `target` (`provider/model`). Raises ProviderError."""
        ...

    def window(self, target: str) -> int | None:
        """Its context window in tokens, None where it is not known."""
        ...

    def hedge_after(self, call: Call) -> float | None:
        """Seconds after which a second target is asked beside a first one that has not spoken; None: never."""
        ...


class Race(Protocol):
    """hedge.py's."""

    async def __call__(
        self, first: Callable[[], Awaitable[Reply]], second: Callable[[], Awaitable[Reply]], *, after: float
    ) -> Reply: ...


@dataclass(slots=True)
class Course:
    """Where one call has been and may still go; shared by all who ask for it."""

    call: Call
    left: list[str]
    alone: list[str] = field(default_factory=list[str])  # not asked: their circuits are open
    last: ProviderError | None = None
    window: int = 0  # of the target for which the input was too long
    insist: bool = False

    def next(self) -> str | None:
        if not self.left and self.alone and not self.insist:
            self.insist, self.left, self.alone = True, self.alone, []
        return self.left.pop(0) if self.left else None


class Fallback:
    """`filtered` is whether the user's config lets a call that a content filter refused go on elsewhere."""

    def __init__(self, targets: Targets, clock: Clock, race: Race, *, filtered: bool = False) -> None:
        self._targets = targets
        self._clock = clock
        self._race = race
        self._filtered = filtered

    async def send(self, call: Call) -> Reply:
        course = Course(call, list(self._targets.names(call)))
        course.insist = len(course.left) == 1
        after = self._targets.hedge_after(call) if len(course.left) > 1 else None
        if after is None:
            return await self._next(course)
        return await self._race(lambda: self._next(course), lambda: self._next(course), after=after)

    async def _next(self, course: Course) -> Reply:
        """The reply of the first target left that gives one."""
        call = course.call
        while (target := course.next()) is not None:
            if course.last is not None:
                if isinstance(course.last, ContextTooLong) and self._too_small(target, course):
                    continue
                call.trace.report(Status("fallback", reason=course.last.kind, target=target))
            try:
                service = await self._targets.service(target, call)
                reply = await service.send(replace(call, model=target, insist=course.insist))
            except ProviderError as error:
                if not error.asked and error.retryable and not course.insist:
                    course.alone.append(target)
                if not self._elsewhere(error, call):
                    raise
                course.last = error
                if isinstance(error, ContextTooLong):
                    course.window = max(course.window, self._targets.window(target) or 0)
                continue
            reply.rescue = lambda error: self._rescue(course, error)
            return reply
        if course.last is None:  # whoever asks beside another found nobody left
            raise Overloaded("No other model is left to ask; name one more fallback.", asked=False)
        raise course.last

    def _too_small(self, target: str, course: Course) -> bool:
        """Whether `target` is known to hold no more than the one for which the input was too long."""
        window = self._targets.window(target)
        return window is not None and window <= course.window

    async def _rescue(self, course: Course, broken: ProviderError) -> Reply:
        """The reply that goes on instead of the one that broke, which has been closed."""
        if not self._elsewhere(broken, course.call):
            raise _interrupted(broken)
        course.last = broken
        try:
            reply = await self._next(course)
        except ProviderError:
            raise _interrupted(broken) from None
        reset = Reset(reason=broken.kind, target=reply.target)
        reply.through(lambda batches: _after(reset, batches))
        return reply

    def _elsewhere(self, error: ProviderError, call: Call) -> bool:
        if isinstance(error, ContentFiltered) and not self._filtered:
            return False
        return not isinstance(error, NOWHERE) and self._clock.now() < call.deadline


async def _after(reset: Reset, batches: Batches) -> Batches:
    try:
        yield [reset]
        async for batch in batches:
            yield batch
    finally:
        await batches.aclose()


def _interrupted(error: ProviderError) -> ProviderError:
    """What broke after the first delta: the call may be made again, a refusal may not. What could not
    be read is called so."""
    if not error.retryable or isinstance(error, Interrupted):
        return error
    if isinstance(error, TimedOut) and error.phase == "total":
        return error
    return Interrupted(
        error.message, provider=error.provider, model=error.model, status=error.status,
        code=error.code, retry_after=error.retry_after, request_id=error.request_id,
    )  # fmt: skip
