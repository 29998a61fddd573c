"""What the ledger's file says, summed up; read without changing it, whoever writes."""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from libria.ledger.row import PICO
from libria.ledger.schema import VERSION, version_of

By = Literal["tool", "model", "provider", "day"]

KEYS: dict[By, str] = {
    "tool": "tool",
    "model": "provider || '/' || model",
    "provider": "provider",
    "day": "date(at / 1000, 'unixepoch', 'localtime')",
}

BUSY_SECONDS = 2.0

SUMS = """
    count(DISTINCT call),
    coalesce(sum(how = 'attempt'), 0),
    coalesce(sum(how = 'attempt' AND outcome NOT IN ('ok', 'cancelled')), 0),
    coalesce(sum(how = 'attempt' AND outcome = 'cancelled'), 0),
    coalesce(sum(how <> 'attempt'), 0),
    coalesce(sum(NOT exact), 0),
    coalesce(sum(input_tokens), 0),
    coalesce(sum(output_tokens), 0),
    coalesce(sum(cached_input_tokens), 0),
    coalesce(sum(cache_write_input_tokens), 0),
    coalesce(sum(reasoning_tokens), 0),
    coalesce(sum(cost), 0),
    coalesce(sum(cost IS NULL), 0)
"""


class Unreadable(Exception):
    """A sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Line:
    """`cost` is trillionths of a US dollar, without the `unpriced` attempts. `free` calls were answered without one of
    their own, out of the cache or by another's; of `estimated` attempts the provider said no figures."""

    key: str
    calls: int
    attempts: int
    failed: int
    cancelled: int
    free: int
    estimated: int
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    cache_write_input_tokens: int
    reasoning_tokens: int
    cost: int
    unpriced: int

    @property
    def usd(self) -> float:
        return self.cost / PICO


@dataclass(frozen=True, slots=True)
class Usage:
    """`lines` the dearest first, days in their order; `since` and `until` in seconds since the epoch. `total` is not
    always their sum: a call that fell back has been with two models."""

    lines: tuple[Line, ...]
    total: Line
    since: float
    until: float


def usage(path: Path, by: By, since: float | None, until: float) -> Usage:
    """From `since` on, None for all that there is, and before `until`. Raises Unreadable."""
    if not path.exists():
        return _nothing(until if since is None else since, until)
    try:
        with closing(_opened(path)) as connection:
            return _summed(connection, by, since, until)
    except sqlite3.Error as error:
        raise Unreadable(_why(path, error)) from None


def rows(path: Path) -> int:
    """How many there are. Raises Unreadable."""
    try:
        with closing(_opened(path)) as connection:
            count: int = connection.execute("SELECT count(*) FROM entries").fetchone()[0]
            return count
    except sqlite3.Error as error:
        raise Unreadable(_why(path, error)) from None


def _summed(connection: sqlite3.Connection, by: By, since: float | None, until: float) -> Usage:
    connection.execute("BEGIN")  # so that the lines and their total are of one moment
    if since is None:
        first: int | None = connection.execute("SELECT min(at) FROM entries").fetchone()[0]
        since = until if first is None else first / 1000
    begin: float = since
    span = (int(begin * 1000), int(until * 1000))
    order = "1" if by == "day" else "sum(cost) DESC, sum(input_tokens + output_tokens) DESC, 1"
    lines = connection.execute(
        f"SELECT {KEYS[by]}, {SUMS} FROM entries WHERE at >= ? AND at < ? GROUP BY 1 ORDER BY {order}",
        span,
    ).fetchall()
    total = connection.execute(
        f"SELECT '', {SUMS} FROM entries WHERE at >= ? AND at < ?",
        span,
    ).fetchone()
    return Usage(tuple(Line(*line) for line in lines), Line(*total), begin, until)


def _nothing(since: float, until: float) -> Usage:
    return Usage((), Line("", *[0] * 13), since, until)


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS, isolation_level=None
    )
    try:
        version = version_of(connection)
        if version > VERSION:
            raise Unreadable(f"The ledger {path} is of a newer Libria; look at it with that one.")
        if version == 0:  # begun a moment ago, or none of ours
            connection.execute("SELECT id FROM entries")
    except BaseException:
        connection.close()
        raise
    return connection


def _why(path: Path, error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):
        return f"The ledger {path} is damaged; the next call puts it aside and begins a new one."
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"The ledger {path} is held by another program; try again when that is done."
    if path.exists() and not path.is_file():
        return f"The ledger {path} is no file; move away what stands there."
    if code == sqlite3.SQLITE_CANTOPEN and not os.access(path, os.R_OK):
        return f"The ledger {path} cannot be read; it must be your own (chmod 600)."
    return f"The ledger {path} cannot be read ({getattr(error, 'sqlite_errorname', type(error).__name__)})."
