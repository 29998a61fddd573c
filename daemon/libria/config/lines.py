"""Which line of a TOML text sets something: for messages, so a near miss does no harm."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

_KEY = r"""(?:"[^"\n]*"|'[^'\n]*'|[A-Za-z0-9_-]+)"""
_KEYS = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_KEYS})\s*\]\]?\s*(?:#.*)?$")
_SETTING = re.compile(rf"\s*({_KEYS})\s*=")


def line_of(text: str, location: tuple[int | str, ...]) -> int | None:
    """The line, from 1, that sets `location` or the nearest thing around it; None where it is not
    in the file. A line inside a multi-line string that looks like a setting is taken for one."""
    wanted = [str(step) for step in location]
    best, depth = None, 0
    for number, path in _settings(text):
        shared = _shared(path, wanted)
        if shared == len(path) and shared > depth:
            best, depth = number, shared
        elif shared == len(wanted) and shared > depth:
            best, depth = number, shared  # [a.b.c] is the first word of a.b
    return best


def _settings(text: str) -> Iterator[tuple[int, list[str]]]:
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if found := _HEADER.match(line):
            table = _path(found[1])
            yield number, table
        elif found := _SETTING.match(line):
            yield number, [*table, *_path(found[1])]


def _path(keys: str) -> list[str]:
    """["a", "b.c"] for `a."b.c"`."""
    try:
        tree: Any = tomllib.loads(f"{keys} = 0")
    except tomllib.TOMLDecodeError:
        return []
    path: list[str] = []
    while tree:
        ((name, tree),) = tree.items()
        path.append(name)
    return path


def _shared(one: list[str], other: list[str]) -> int:
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return index
    return min(len(one), len(other))
