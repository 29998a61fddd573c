"""The order of the layers: one function for the call, one for each target."""

from collections.abc import Awaitable, Callable, Sequence

from libria.clock import Clock
from libria.layers.attempt import OneAttempt
from libria.layers.fallback import Fallback
from libria.layers.retry import Retry, RetryPolicy
from libria.layers.service import Service
from libria_providers.types import Call


def for_calls(
    targets: Callable[[Call], Sequence[str]], service: Callable[[str, Call], Awaitable[Service]], clock: Clock
) -> Service:
    """Outside first: fallback → the target's own layers. Admit, cache and coalesce go around it."""
    return Fallback(targets, service, clock)


def for_target(provider: Service, policy: RetryPolicy, clock: Clock) -> Service:
    """Outside first: retry → attempt → provider. Breaker goes around retry, limit inside it."""
    return Retry(OneAttempt(provider, clock), policy, clock)
