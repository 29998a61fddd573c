"""The order of the layers: one function for the call, one for each target."""

from collections.abc import Awaitable, Callable, Sequence

from libria.clock import Clock
from libria.layers.attempt import OneAttempt
from libria.layers.cache import Cache, Identity, Store
from libria.layers.fallback import Fallback
from libria.layers.retry import Retry, RetryPolicy
from libria.layers.service import Service
from libria_providers.types import Call


def for_calls(
    targets: Callable[[Call], Sequence[str]],
    service: Callable[[str, Call], Awaitable[Service]],
    identify: Callable[[Call], Awaitable[Identity]],
    store: Store,
    ttl: float,
    clock: Clock,
) -> Service:
    """Outside first: cache → fallback → the target's own layers. Admit goes around cache, coalesce
    between cache and fallback."""
    return Cache(Fallback(targets, service, clock), store, identify, ttl, clock)


def for_target(provider: Service, policy: RetryPolicy, clock: Clock) -> Service:
    """Outside first: retry → attempt → provider. Breaker goes around retry, limit inside it."""
    return Retry(OneAttempt(provider, clock), policy, clock)
