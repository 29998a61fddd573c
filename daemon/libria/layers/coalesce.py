"""Coalesce: equal calls in flight are one call to the provider, whose answer all of them hear.

Position: between cache and fallback. Once per call. Raises what is inside raises, the same to all who
hear it, and TimedOut for who has no time left while others have.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from hashlib import blake2b
from typing import Protocol

import msgspec

from libria.clock import Clock
from libria.layers.cache_answers import CacheFigures
from libria.layers.cache_key import Identity, deterministic, key_of
from libria.layers.service import Service
from libria.layers.upstream import Upstream
from libria_providers.errors import (
    CredentialMissing,
    CredentialRejected,
    ModelNotFound,
    PermissionDenied,
    ProviderError,
    QuotaExhausted,
    RateLimited,
)
from libria_providers.reply import Reply
from libria_providers.types import Call, Status

GRACE_SECONDS = 1.0
"""For which an answer that has ended is still heard by a call that had looked for it before it was kept."""

OF_ONE_PAYER = (CredentialMissing, CredentialRejected, PermissionDenied, ModelNotFound, QuotaExhausted, RateLimited)
"""What says nothing to those who asked the same with another key, where the config lets keys share answers."""

LEASE_SECONDS = 60.0
"""For which other machines leave a question to the one that asks; it may have died."""


class Leases(Protocol):
    """Who asks what, across machines. Without Redis nobody else exists."""

    async def acquire(self, key: bytes, seconds: float) -> bool:
        """Whether it is ours to ask; if not, another machine asks right now."""
        ...

    async def released(self, key: bytes, seconds: float) -> None:
        """Return once it is released, or after `seconds`."""
        ...

    async def release(self, key: bytes) -> None:
        """What was put into the store before is then found by other machines."""
        ...


Look = Callable[[Call, bytes], Awaitable[Reply | None]]
"""The answer under a key, where the cache has it by now."""


class Coalesce:
    """`identify` may raise ProviderError. `leases` go with a `look`."""

    def __init__(
        self,
        inner: Service,
        identify: Callable[[Call], Awaitable[Identity]],
        clock: Clock,
        figures: CacheFigures,
        *,
        look: Look | None = None,
        leases: Leases | None = None,
    ) -> None:
        self._inner = inner
        self._identify = identify
        self._clock = clock
        self._figures = figures
        self._look = look
        self._leases = leases
        self._upstreams: dict[bytes, Upstream] = {}
        self._releasing: set[asyncio.Task[None]] = set()

    async def send(self, call: Call) -> Reply:
        if call.cache.mode != "use" and (call.cache.mode != "auto" or not deterministic(call)):
            return await self._inner.send(call)
        try:
            identity = await self._identify(call)
        except ProviderError:
            return await self._inner.send(call)
        key = key_of(call, identity)
        if key is None:
            return await self._inner.send(call)
        company = _company(key, call, identity)
        upstream = self._of(company, key, call, identity.payer)
        try:
            return await upstream.join(call)
        except OF_ONE_PAYER:
            if upstream.payer == identity.payer:
                raise
            own = blake2b(identity.payer.encode(), key=company, digest_size=24).digest()
            return await self._of(own, key, call, identity.payer).join(call)

    def _of(self, company: bytes, key: bytes, call: Call, payer: str) -> Upstream:
        """The one that is under way for `company`, else one that `payer` begins."""
        upstream = self._upstreams.get(company)
        if upstream is None or not upstream.takes(call):
            return self._begin(company, key, call, payer)
        self._figures.joined += 1
        return upstream

    def _begin(self, company: bytes, key: bytes, call: Call, payer: str) -> Upstream:
        ours: list[bytes] = []  # the lease that we hold
        upstream = Upstream(partial(self._ask, key, ours), call, self._clock, payer)

        def heard() -> None:
            for lease in ours:
                task = asyncio.ensure_future(self._release(lease))
                self._releasing.add(task)
                task.add_done_callback(self._releasing.discard)

        def ended() -> None:
            if upstream.whole:
                self._clock.call_at(self._clock.now() + GRACE_SECONDS, forget)
            else:
                forget()

        def forget() -> None:
            if self._upstreams.get(company) is upstream:
                del self._upstreams[company]

        self._upstreams[company] = upstream
        upstream.begin(ended, heard)
        return upstream

    async def _ask(self, key: bytes, ours: list[bytes], call: Call) -> Reply:
        """Unless another machine does, which is waited for as long as for a provider's first word."""
        if self._leases is None or self._look is None:
            return await self._inner.send(call)
        if not ours and not await self._lease(key, ours):
            call.trace.report(Status("waiting", reason="askedElsewhere", target=call.model))
            began = self._clock.now()
            await self._leases.released(key, min(call.timeouts.first_token, (call.deadline - began) / 2))
            call.trace.waited_ms += (self._clock.now() - began) * 1000
            found = await self._look(call, key)
            if found is not None:
                return found
            await self._lease(key, ours)  # and if it is not ours now, it is asked all the same
        return await self._inner.send(call)

    async def _lease(self, key: bytes, ours: list[bytes]) -> bool:
        assert self._leases is not None
        held = await self._leases.acquire(key, LEASE_SECONDS)
        if held:
            ours.append(key)
        return held

    async def _release(self, key: bytes) -> None:
        assert self._leases is not None
        await self._leases.release(key)


_sorted = msgspec.json.Encoder(order="sorted").encode


def _company(key: bytes, call: Call, identity: Identity) -> bytes:
    """Who may share an answer on its way: those who ask the same, would wait as long for each of its parts
    and, where others may answer instead of the first target, would ask those with the same keys."""
    phases = call.timeouts
    patience = (phases.connect, phases.first_token, phases.first_token_slow, phases.idle)
    others = None
    if call.fallbacks or call.model != identity.target:
        others = (call.model, call.fallbacks, dict(call.origin.env))
    return blake2b(_sorted((patience, others)), key=key, digest_size=24).digest()
