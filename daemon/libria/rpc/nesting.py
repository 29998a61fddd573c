"""How deep a message is nested: what walks it by recursion must come to an end."""

from typing import cast

MAX_LEVELS = 200
"""A JSON Schema of a large tool has 30; Python takes 1000 calls within each other."""


def too_deep(body: bytes, value: object) -> bool:
    """Whether `value`, which `body` is the JSON of, is nested deeper than MAX_LEVELS."""
    if body.count(b"[") + body.count(b"{") <= MAX_LEVELS:
        return False  # most are done here, at a byte a nanosecond
    level = [value]
    for _ in range(MAX_LEVELS):
        level = [inner for outer in level for inner in _inner(outer) if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def _inner(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(cast("dict[str, object]", value).values())
    return cast("list[object]", value) if isinstance(value, list) else []
