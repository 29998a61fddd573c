"""The order of the layers: one function for the call, one for each target."""

import resource
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from libria.clock import Clock
from libria.layers.admit import Admit
from libria.layers.attempt import Notes, OneAttempt, SlowStart
from libria.layers.breaker import Breaker, BreakerPolicy
from libria.layers.budget import RetryBudget
from libria.layers.cache import Cache, CacheFigures, Identity, Store
from libria.layers.cache_answers import Answers
from libria.layers.coalesce import Coalesce, Leases
from libria.layers.fallback import Fallback, Targets
from libria.layers.hedge import Hedge
from libria.layers.retry import Retry, RetryPolicy
from libria.layers.service import Service
from libria.layers.spending import Budgets, Spending
from libria.layers.split import Split
from libria_providers.types import Call

MOST_CALLS = 2048
"""In flight at once; those that come then wait for their turn."""

FILES = 32
"""Descriptors for all that is neither a client nor a call."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where answers are kept, for how many seconds, and what is known of it; `leases` where other
    machines keep theirs there too."""

    store: Store
    ttl: float
    figures: CacheFigures
    leases: Leases | None = None


@dataclass(frozen=True, slots=True)
class Calls:
    """The layers of a call, and the part of them whose state others look at."""

    service: Service
    admit: Admit


def for_calls(
    targets: Targets,
    identify: Callable[[Call], Awaitable[Identity]],
    at_once: Callable[[Call], Awaitable[int]],
    kept: Kept,
    clock: Clock,
    *,
    filtered: bool = False,
) -> Calls:
    """Outside first: split → admit → cache → coalesce → fallback → the target's own layers."""
    fallback = Fallback(targets, clock, Hedge(clock).race, filtered=filtered)
    answers = Answers(kept.store, kept.ttl, clock, kept.figures)
    coalesce = Coalesce(fallback, identify, clock, kept.figures, look=answers.find, leases=kept.leases)
    admit = Admit(Cache(coalesce, kept.store, identify, kept.ttl, clock, kept.figures), clock, slots=_slots())
    return Calls(Split(admit, at_once), admit)


def _slots() -> int:
    """Each call has a connection of its own; half of the descriptors are for clients, some for files."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return MOST_CALLS if files == resource.RLIM_INFINITY else max(1, min(MOST_CALLS, files // 2 - FILES))


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
    limit: Callable[[Service], Service],
    budgets: Budgets | None = None,
) -> Target:
    """Outside first: spending, where there are `budgets` → retry → breaker → limit → attempt → provider."""
    breaker = Breaker(limit(OneAttempt(provider, clock, notes, slow_start)), breaking, clock)
    retry = Retry(breaker, policy, clock, RetryBudget(clock), lambda: breaker.closed)
    return Target(retry if budgets is None else Spending(retry, budgets), breaker)
