"""Cache: the same question is not paid for twice.

Position: around coalesce. Once per call. Raises CacheMiss for mode `only`, and what is inside raises.
An entry is stored only when its reply was read to the end, was not filtered, and came from the target
that was asked first: what a fallback answered is not an answer of the primary.
"""

from collections.abc import Awaitable, Callable

from libria.clock import Clock
from libria.layers.cache_answers import Answers, CacheFigures, Store
from libria.layers.cache_key import Identity, deterministic, key_of
from libria.layers.service import Service
from libria_providers.errors import CacheMiss, ProviderError
from libria_providers.reply import Answer, Batches, Reply
from libria_providers.types import Call

__all__ = ["Cache", "CacheFigures", "Identity", "Store"]


class Cache:
    """`identify` may raise ProviderError. `ttl` is seconds."""

    def __init__(
        self,
        inner: Service,
        store: Store,
        identify: Callable[[Call], Awaitable[Identity]],
        ttl: float,
        clock: Clock,
        figures: CacheFigures | None = None,
    ) -> None:
        self._inner = inner
        self._identify = identify
        self._figures = figures or CacheFigures()
        self._answers = Answers(store, ttl, clock, self._figures)

    async def send(self, call: Call) -> Reply:
        mode = call.cache.mode
        unread = mode == "auto" and not deterministic(call)
        # What is to be finished for nobody is kept, or it would be finished for nothing.
        if mode == "off" or (unread and call.on_disconnect != "finish"):
            return await self._inner.send(call)
        try:
            identity = await self._identify(call)
        except ProviderError:
            # The first target cannot even be named; whether another answers is not for us to say.
            if mode == "only":
                raise
            return await self._inner.send(call)
        key = key_of(call, identity)
        if key is not None and mode != "refresh" and not unread:
            found = await self._answers.find(call, key)
            if found is not None:
                return found
            self._figures.misses += 1
        if mode == "only":
            raise CacheMiss("The answer is not in the cache; ask with another cache mode.")
        reply = await self._inner.send(call)
        if key is not None and reply.age is None:  # else it was found by who waited for another machine
            reply.through(lambda batches: self._collected(batches, reply, key, identity))
        return reply

    async def _collected(self, batches: Batches, reply: Reply, key: bytes, identity: Identity) -> Batches:
        answer = Answer()
        try:
            async for batch in batches:
                for event in batch:
                    answer.add(event)
                if answer.finish is not None and reply.target == identity.target:
                    self._answers.keep(key, answer, answer.finish, reply.target)
                yield batch
        finally:
            await batches.aclose()
