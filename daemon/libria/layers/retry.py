"""Retry: the same target again, after a pause, while nothing has been said yet.

Position: per target, around breaker and limits. Up to `attempts` times per call and target. Raises what the
last attempt raised. Policy decides, tenacity obeys (https://tenacity.readthedocs.io).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from libria.clock import Clock
from libria.layers.budget import RetryBudget
from libria.layers.service import Service
from libria_providers.errors import Disconnected, Overloaded, ProviderError, RateLimited, Refused
from libria_providers.reply import Reply
from libria_providers.types import Call, Status

AGAIN = (RateLimited, Overloaded, Disconnected)
"""A silent target (TimedOut) is not asked again: the next one is."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to ask again, and after how long. Times in seconds; `attempts` counts the first one."""

    attempts: int = 3
    base_delay: float = 0.5
    max_delay: float = 8.0
    max_retry_after: float = 60.0
    random: Callable[[], float] = random.random

    def again(self, error: ProviderError) -> bool:
        """Never what was refused; else the x-should-retry header says so, or the kind. A wait that
        the provider asks for beyond the cap means that the call is better served elsewhere."""
        if isinstance(error, Refused) or not error.asked:
            return False
        if error.retry_after is not None and error.retry_after > self.max_retry_after:
            return False
        if error.should_retry is not None:
            return error.should_retry
        return isinstance(error, AGAIN)

    def delay(self, attempt: int, error: ProviderError) -> float:
        """Full jitter under an exponential cap; what the provider asks for is the floor.
        https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/"""
        backoff = min(self.max_delay, self.base_delay * 2.0 ** (attempt - 1)) * self.random()
        return (error.retry_after or 0.0) + backoff


class Retry:
    """`budget` is that of the target; `worth` says whether the target would be asked at all (its circuit
    is closed): nobody waits for an attempt that is not made."""

    def __init__(
        self, inner: Service, policy: RetryPolicy, clock: Clock, budget: RetryBudget, worth: Callable[[], bool]
    ) -> None:
        self._inner = inner
        self._policy = policy
        self._clock = clock
        self._budget = budget
        self._worth = worth

    async def send(self, call: Call) -> Reply:
        self._budget.deposit()
        try:
            return await self._inner.send(call)
        except ProviderError as error:
            if not self._policy.again(error):
                raise
            return await self._again(call, error)

    async def _again(self, call: Call, first: ProviderError) -> Reply:
        """The attempts after the one that raised `first`."""
        failed = [first]

        async def attempt() -> Reply:
            if failed:
                raise failed.pop()
            return await self._inner.send(call)

        def wait(state: RetryCallState) -> float:
            return self._policy.delay(state.attempt_number, _error(state))

        def stop(state: RetryCallState) -> bool:
            late = self._clock.now() + state.upcoming_sleep >= call.deadline
            if late or state.attempt_number >= self._policy.attempts or not self._worth():
                return True
            return not self._budget.withdraw()

        def report(state: RetryCallState) -> None:
            eta = round(state.upcoming_sleep * 1000, 1)
            made = state.attempt_number + 1
            call.trace.report(
                Status("retrying", reason=_error(state).kind, eta_ms=eta, target=call.model, attempt=made)
            )

        async def sleep(seconds: float) -> None:
            await self._clock.sleep(seconds)
            call.trace.waited_ms += seconds * 1000

        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, ProviderError) and self._policy.again(error)),
            wait=wait,
            stop=stop,
            sleep=sleep,
            before_sleep=report,
            reraise=True,
        )
        return await retrying(attempt)


def _error(state: RetryCallState) -> ProviderError:
    assert state.outcome is not None
    error = state.outcome.exception()
    assert isinstance(error, ProviderError)
    return error
