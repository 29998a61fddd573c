"""Rows to write, and what a file holds."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libria.ledger.file import LedgerFile
from libria.ledger.row import Row
from libria.ledger.totals import Totals

NOW = 1_795_000_000.0
DAY = 86_400.0

PLAIN: dict[str, Any] = {
    "at": int(NOW * 1000), "how": "attempt", "tool": "Neovim", "tool_version": "0.11", "session": "session-1",
    "call": "call-1", "asked": "fast", "provider": "openai", "model": "gpt", "served_model": "gpt-1", "outcome": "ok",
    "status": 200,
    "input_tokens": 10, "output_tokens": 5, "cached_input_tokens": 4, "cache_write_input_tokens": None,
    "reasoning_tokens": 2, "exact": True, "cost": 1_000, "queued_ms": 0.0, "first_token_ms": 1.5, "total_ms": 9.0,
    "env": {}, "key": None,
}  # fmt: skip


def row(**fields: Any) -> Row:
    return Row(**{**PLAIN, **fields})


@dataclass
class Wall:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


def ledger_file(path: Path, wall: Wall | None = None, *, daemon: int = 1, days: int = 90) -> LedgerFile:
    wall = wall or Wall()
    return LedgerFile(path, Totals(wall()), wall, days=days, daemon=daemon)


def asked(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()
