"""The order of the layers: one function for the call, one for each target."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from libria.clock import Clock
from libria.layers.attempt import Notes, OneAttempt, SlowStart
from libria.layers.breaker import Breaker, BreakerPolicy
from libria.layers.budget import RetryBudget
from libria.layers.cache import Cache, Identity, Store
from libria.layers.fallback import Fallback, Targets
from libria.layers.hedge import Hedge
from libria.layers.retry import Retry, RetryPolicy
from libria.layers.service import Service
from libria.layers.split import Split
from libria_providers.types import Call


def for_calls(
    targets: Targets,
    identify: Callable[[Call], Awaitable[Identity]],
    at_once: Callable[[Call], Awaitable[int]],
    store: Store,
    ttl: float,
    clock: Clock,
    *,
    filtered: bool = False,
) -> Service:
    """Outside first: split → cache → fallback → the target's own layers. Admit goes around cache,
    coalesce between cache and fallback."""
    fallback = Fallback(targets, clock, Hedge(clock).race, filtered=filtered)
    return Split(Cache(fallback, store, identify, ttl, clock), at_once)


@dataclass(frozen=True, slots=True)
class Target:
    """The layers of one target, and the part of them whose state others look at."""

    service: Service
    breaker: Breaker


def for_target(
    provider: Service,
    policy: RetryPolicy,
    breaking: BreakerPolicy,
    clock: Clock,
    notes: Notes,
    slow_start: SlowStart,
) -> Target:
    """Outside first: retry → breaker → attempt → provider. Limit goes between breaker and attempt."""
    breaker = Breaker(OneAttempt(provider, clock, notes, slow_start), breaking, clock)
    retry = Retry(breaker, policy, clock, RetryBudget(clock), lambda: breaker.closed)
    return Target(retry, breaker)
