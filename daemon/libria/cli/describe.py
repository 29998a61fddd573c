"""A JSON object as an outline for a person, whatever fields later versions add to it."""

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeGuard

Json = Any

INDENT = "  "


def describe(value: dict[str, Json]) -> str:
    """`{"uptimeSeconds": 90, "cache": {"hits": 3}}` as lines "uptime: 1 min 30 s", "cache:", "  hits: 3".
    A name's last word may be its unit (Seconds, Ms, Bytes, Usd). What is null or empty text is left out."""
    return "\n".join(_lines(value, ""))


def _lines(value: dict[str, Json], indent: str) -> Iterator[str]:
    for name, item in value.items():
        if item is None or item == "":
            continue
        label, unit = _label(name)
        if _is_object(item):
            yield from _nested(label, item, indent)
        elif _is_list(item) and any(_is_object(entry) for entry in item):
            yield f"{indent}{label}:"
            for entry in item:
                yield from _entry(entry, indent + INDENT)
        else:
            yield f"{indent}{label}: {_value(item, unit)}"


def _nested(label: str, item: dict[str, Json], indent: str) -> Iterator[str]:
    if not item:
        yield f"{indent}{label}: none"
        return
    yield f"{indent}{label}:"
    yield from _lines(item, indent + INDENT)


def _entry(entry: Json, indent: str) -> Iterator[str]:
    """One line for a flat object in a list."""
    if not _is_object(entry):
        yield f"{indent}- {_value(entry, '')}"
    elif any(isinstance(item, dict | list) for item in entry.values()):
        first, *rest = _lines(entry, indent + INDENT) or [""]
        yield f"{indent}- {first.strip()}"
        yield from rest
    else:
        pairs = ((*_label(name), item) for name, item in entry.items() if item not in (None, ""))
        yield f"{indent}- " + ", ".join(f"{label} {_value(item, unit)}" for label, unit, item in pairs)


def _is_object(value: Json) -> TypeGuard[dict[str, Json]]:
    return isinstance(value, dict)


def _is_list(value: Json) -> TypeGuard[list[Json]]:
    return isinstance(value, list)


def _label(name: str) -> tuple[str, str]:
    """("uptime", "seconds") for uptimeSeconds. A name with a slash or a dash is data: kept as it is."""
    if not name.isidentifier():
        return name, ""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower().split()
    if len(words) > 1 and words[-1] in UNITS:
        return " ".join(words[:-1]), words[-1]
    return " ".join(words), ""


def _value(value: Json, unit: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return UNITS[unit](value) if unit else f"{value:g}" if isinstance(value, float) else str(value)
    if _is_list(value):
        return ", ".join(_value(item, "") for item in value) or "none"
    return str(value)


def duration(seconds: float) -> str:
    """90 as "1 min 30 s"; two units are enough."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    parts: list[str] = []
    left = int(seconds)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2])


def size(number: float) -> str:
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} GB"


UNITS: dict[str, Callable[[float], str]] = {
    "seconds": duration,
    "ms": lambda value: f"{value:.4g} ms",
    "bytes": size,
    "usd": lambda value: f"${value:.4f}",
}
