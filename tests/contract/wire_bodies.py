"""What is in a recorded body, read in the plainest way: nothing of it is shared with the readers under test."""

import base64
import json
import math
import struct
from collections.abc import Iterator
from functools import cache
from typing import Any

from wire_recordings import Recording


@cache
def values(recording: Recording) -> tuple[Any, ...]:
    """The JSON values of a body: the one that it is, or each event's or line's."""
    text = recording.body.decode()
    try:
        whole = json.loads(text)
        return tuple(whole) if isinstance(whole, list) else (whole,)
    except ValueError:
        pass
    found: list[Any] = []
    for line in text.splitlines():
        try:
            found.append(json.loads(line.removeprefix("data:")))
        except ValueError:
            continue
    return tuple(found)


def all_of(recording: Recording, *names: str) -> list[Any]:
    """The values of all fields of these names, however deep, in order."""
    return [value for name, value in fields(list(values(recording))) if name in names]


def greatest(recording: Recording, name: str) -> int:
    """Of the numbers of this name: figures that are said again only grow. 0 where there is none."""
    return max((one for one in all_of(recording, name) if isinstance(one, int)), default=0)


def fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Every field of every object in `value`."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name, inner
            yield from fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner)


def vectors(recording: Recording) -> list[list[float]]:
    """All embeddings, in order of their `index` where they have one."""
    found: list[tuple[int, list[float]]] = []
    for value in values(recording):
        _vectors(value, found)
    return [vector for _, vector in sorted(found, key=lambda one: one[0])]


def _vectors(value: Any, found: list[tuple[int, list[float]]], index: int | None = None) -> None:
    at = index if index is not None else len(found)
    if isinstance(value, dict):
        own = value.get("index")
        for inner in value.values():
            _vectors(inner, found, own if isinstance(own, int) else None)
    elif isinstance(value, list):
        if len(value) > 8 and all(isinstance(one, int | float) for one in value):
            found.append((at, [float(one) for one in value]))
        else:
            for inner in value:
                _vectors(inner, found, index)
    elif isinstance(value, str) and len(value) > 200 and " " not in value:
        found.append((at, _unpacked(base64.b64decode(value))))


def _unpacked(data: bytes) -> list[float]:
    """Floats of 32 bits, little-endian; of 64 from older vLLMs; Perplexity's are bytes. Right is what makes
    a vector of a length near 1: all others are far from it."""
    forms = [f"<{len(data) // size}{kind}" for size, kind in ((4, "f"), (8, "d")) if len(data) % size == 0]
    found = [[float(one) for one in struct.unpack(form, data)] for form in forms]
    for vector in found:
        if 0.5 < math.hypot(*vector) < 2:
            return vector
    return [float(one) for one in struct.unpack(f"{len(data)}b", data)]


def model_ids(recording: Recording) -> list[str]:
    """As the vendor calls them in a request."""
    [body] = values(recording)
    listed = body.get("data") or body.get("models") or body.get("modelSummaries")
    return [one.get("id") or one.get("modelId") or one["name"].removeprefix("models/") for one in listed]
