"""An answer as bytes, and back: whoever reads bytes that are not whole and ours gets nothing.

    "LBA" · format (1 byte) · checksum of key and body (8 bytes) · body (MessagePack)

The checksum is over the key too: an answer that got under another question's key is no answer to it.
"""

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from libria_providers.reply import Answer, Batches
from libria_providers.types import (
    Counted,
    Delta,
    Event,
    Finish,
    Json,
    Reasoning,
    StopReason,
    ToolCallDelta,
    Usage,
    Vectors,
)  # fmt: skip

FORMAT = 3
"""Of the body: raised when its fields change."""

_HEAD = b"LBA%c" % FORMAT
_SUM = 8  # bytes
_BODY = len(_HEAD) + _SUM


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """`stored` is seconds since the epoch; a tool is its id, name and arguments as JSON text."""

    stored: float
    target: str
    text: str
    reasoning: str
    tools: list[tuple[str, str, str]]
    stop_reason: StopReason
    usage: Usage
    served_model: str
    opaque: Json
    vectors: Sequence[Sequence[float]] = ()
    counted: Counted | None = None


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Entry).decode


def encode(key: bytes, answer: Answer, finish: Finish, target: str, now: float) -> bytes | None:
    """None for what cannot be said in MessagePack: integers over 64 bits in `opaque`."""
    entry = Entry(
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
    try:
        body = _pack(entry)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
    return _HEAD + _checksum(key, body) + body


def decode(key: bytes, stored: bytes) -> Entry | None:
    """None for what is damaged, foreign or of another format."""
    body = stored[_BODY:]
    if not stored.startswith(_HEAD) or stored[len(_HEAD) : _BODY] != _checksum(key, body):
        return None
    try:
        return _unpack(body)
    except (ValueError, RecursionError):  # msgspec's are ValueErrors
        return None


def _checksum(key: bytes, body: bytes) -> bytes:
    return blake2b(body, key=key, digest_size=_SUM).digest()


async def replayed(entry: Entry) -> Batches:
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
