"""Fallback: the next target when one fails; unseen before the first delta, openly after it.

Position: around all targets. Once per call. Raises the last target's error, Interrupted when a
stream broke and no target was left.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace

from libria.clock import Clock
from libria.layers.service import Service
from libria_providers.errors import (
    BadRequest,
    CacheMiss,
    ContentFiltered,
    Interrupted,
    InvalidResponse,
    ProviderError,
    TimedOut,
)  # fmt: skip
from libria_providers.reply import Batches, Reply
from libria_providers.types import Call, Reset, Status

NOWHERE = (BadRequest, ContentFiltered, CacheMiss)
"""What another target would not mend, or must not be asked to."""


class Fallback:
    """`targets` gives the names to try for a call, the first first; `service` the one that asks a
    target (`provider/model`). Either may raise ProviderError."""

    def __init__(
        self, targets: Callable[[Call], Sequence[str]], service: Callable[[str, Call], Awaitable[Service]], clock: Clock
    ) -> None:
        self._targets = targets
        self._service = service
        self._clock = clock

    async def send(self, call: Call) -> Reply:
        return await self._next(call, iter(self._targets(call)), None)

    async def _next(self, call: Call, targets: Iterator[str], last: ProviderError | None) -> Reply:
        """The reply of the first of `targets` that gives one."""
        for target in targets:
            if last is not None:
                call.trace.report(Status("fallback", reason=last.kind, target=target))
            try:
                service = await self._service(target, call)
                reply = await service.send(replace(call, model=target))
            except ProviderError as error:
                if not self._elsewhere(error, call):
                    raise
                last = error
                continue
            reply.rescue = lambda error: self._rescue(call, targets, error)
            return reply
        assert last is not None
        raise last

    async def _rescue(self, call: Call, targets: Iterator[str], broken: ProviderError) -> Reply:
        if not self._elsewhere(broken, call):
            raise _interrupted(broken)
        try:
            reply = await self._next(call, targets, broken)
        except ProviderError:
            raise _interrupted(broken) from None
        reset = Reset(reason=broken.kind, target=reply.target)
        reply.through(lambda batches: _after(reset, batches))
        return reply

    def _elsewhere(self, error: ProviderError, call: Call) -> bool:
        return not isinstance(error, NOWHERE) and self._clock.now() < call.deadline


async def _after(reset: Reset, batches: Batches) -> Batches:
    try:
        yield [reset]
        async for batch in batches:
            yield batch
    finally:
        await batches.aclose()


def _interrupted(error: ProviderError) -> ProviderError:
    """What broke after the first delta: the call may be made again, a refusal may not."""
    if not (error.retryable or isinstance(error, InvalidResponse)) or isinstance(error, Interrupted):
        return error
    if isinstance(error, TimedOut) and error.phase == "total":
        return error
    return Interrupted(
        error.message, provider=error.provider, model=error.model, status=error.status,
        code=error.code, retry_after=error.retry_after, request_id=error.request_id,
    )  # fmt: skip
