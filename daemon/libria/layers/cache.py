"""Cache: the same question is not paid for twice.

Position: around fallback. Once per call. Raises CacheMiss for mode `only`, and what is inside raises.
An entry is stored only when its reply was read to the end, was not filtered, and came from the target
that was asked first: what a fallback answered is not an answer of the primary.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

import msgspec

from libria.clock import Clock
from libria.layers.service import Service
from libria_providers.errors import CacheMiss, InvalidResponse, ProviderError
from libria_providers.reply import Answer, Batches, Reply
from libria_providers.types import (
    Call,
    Counted,
    CountTokens,
    Delta,
    Embed,
    Event,
    Finish,
    Json,
    Reasoning,
    StopReason,
    ToolCallDelta,
    Usage,
    Vectors,
)

FORMAT = 2
"""Of entries and keys: raised when what was stored before must not be read."""


class Entry(msgspec.Struct, frozen=True):
    """An answer as it is kept. `stored` is seconds since the epoch."""

    stored: float
    target: str
    text: str
    reasoning: str
    tools: list[tuple[str, str, str]]  # id, name, arguments as JSON text
    stop_reason: StopReason
    usage: Usage
    served_model: str
    opaque: Json
    vectors: Sequence[Sequence[float]] = ()
    counted: Counted | None = None


class Store(Protocol):
    """Bytes under a key. A lost entry is a miss, never an error."""

    def get(self, key: bytes) -> bytes | None: ...

    def put(self, key: bytes, value: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Identity:
    """What an answer depends on besides the question: the target, its dialect's version, whose key."""

    target: str
    version: str
    partition: str


class Cache:
    """`identify` may raise ProviderError. `ttl` is seconds."""

    def __init__(
        self, inner: Service, store: Store, identify: Callable[[Call], Awaitable[Identity]], ttl: float, clock: Clock
    ) -> None:
        self._inner = inner
        self._store = store
        self._identify = identify
        self._ttl = ttl
        self._clock = clock

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
        key = _key(call, identity)
        if mode != "refresh" and not unread:
            found = self._find(key, call)
            if found is not None:
                return found
        if mode == "only":
            raise CacheMiss("The answer is not in the cache; ask with another cache mode.")
        reply = await self._inner.send(call)
        reply.through(lambda batches: self._collected(batches, reply, key, identity))
        return reply

    def _find(self, key: bytes, call: Call) -> Reply | None:
        stored = self._store.get(key)
        entry = _decode(stored) if stored is not None else None
        if entry is None:
            return None
        age = max(0.0, self._clock.wall() - entry.stored)
        limit = self._ttl if call.cache.max_age is None else min(self._ttl, call.cache.max_age)
        if age > limit:
            return None
        return Reply(_replayed(entry), target=entry.target, close=_nothing_to_close, age=age)

    async def _collected(self, batches: Batches, reply: Reply, key: bytes, identity: Identity) -> Batches:
        answer = Answer()
        try:
            async for batch in batches:
                for event in batch:
                    answer.add(event)
                finish = answer.finish
                if finish is not None and reply.target == identity.target and _whole(answer, finish):
                    self._store.put(key, _encode(answer, finish, reply.target, self._clock.wall()))
                yield batch
        finally:
            await batches.aclose()


def _whole(answer: Answer, finish: Finish) -> bool:
    """Not filtered, and no tool call that cannot be read: asked again, it may be right."""
    try:
        answer.tool_calls()
    except InvalidResponse:
        return False
    return finish.stop_reason != "contentFilter"


def deterministic(call: Call) -> bool:
    return call.temperature == 0 or isinstance(call.ask, Embed | CountTokens)


_sorted = msgspec.json.Encoder(order="sorted").encode
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Entry).decode


def _key(call: Call, identity: Identity) -> bytes:
    """The same for every spelling of the same question: order of keys and white space do not count."""
    question = (
        FORMAT, identity, type(call.ask).__name__, call.ask,
        call.messages, call.system, call.max_tokens, call.temperature, call.top_p, call.stop,
        call.seed, call.tools, call.tool_choice, call.response_format, call.reasoning, call.provider_options,
    )  # fmt: skip
    return blake2b(_sorted(question), digest_size=24).digest()


def _encode(answer: Answer, finish: Finish, target: str, now: float) -> bytes:
    return _pack(
        Entry(
            stored=now,
            target=target,
            text=answer.text,
            reasoning=answer.reasoning,
            tools=answer.tool_texts(),
            stop_reason=finish.stop_reason,
            usage=finish.usage,
            served_model=finish.served_model,
            opaque=finish.opaque,
            vectors=answer.vectors,
            counted=answer.counted,
        )
    )


def _decode(stored: bytes) -> Entry | None:
    try:
        return _unpack(stored)
    except msgspec.DecodeError:
        return None  # foreign or of another format


async def _replayed(entry: Entry) -> Batches:
    events: list[Event] = []
    if entry.reasoning:
        events.append(Reasoning(entry.reasoning))
    if entry.text:
        events.append(Delta(entry.text))
    events += [ToolCallDelta(i, arguments, id, name) for i, (id, name, arguments) in enumerate(entry.tools)]
    if entry.vectors:
        events.append(Vectors([list(vector) for vector in entry.vectors]))
    if entry.counted is not None:
        events.append(entry.counted)
    events.append(Finish(entry.stop_reason, entry.usage, entry.served_model, entry.opaque))
    yield events


async def _nothing_to_close() -> None:
    pass
