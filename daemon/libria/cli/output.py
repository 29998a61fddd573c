"""How commands write: complaints, JSON, tables."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

Json = Any


class Wrong(Exception):
    """What was asked for cannot be: a sentence, and exit code 2."""


def complain(sentence: str) -> None:
    """One sentence on standard error."""
    print(f"libria: {sentence}", file=sys.stderr)


def print_json(value: Json) -> None:
    """One JSON value: on one line for a program, indented for a person."""
    import json

    print(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def table(rows: Iterable[Sequence[str]]) -> str:
    """Rows of equal length as aligned columns, two spaces apart; the first row is the head."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def columns(words: Sequence[str], width: int = 100) -> list[str]:
    """Lines of at most `width` with as many words beside each other as fit, aligned; read downwards."""
    if not words:
        return []
    cell = max(map(len, words)) + 2
    count = max(1, width // cell)
    rows = -(-len(words) // count)
    return ["".join(word.ljust(cell) for word in words[row::rows]).rstrip() for row in range(rows)]


def without_empty_columns(rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """The rows without the columns that say nothing below their head."""
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
    return list(zip(*columns, strict=True))


def terse(number: int) -> str:
    """131072 as "131k": for a column that is read, not computed with."""
    if number < 1000:
        return str(number)
    return f"{number // 1000}k" if number < 1_000_000 else f"{number / 1_000_000:.1f}M".replace(".0M", "M")
