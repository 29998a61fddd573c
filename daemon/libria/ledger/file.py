"""The ledger's file: SQLite, written by one thread of each daemon of this home.

What cannot be written now (another holds the file, the disk is full) is held and tried again with the next rows; a
file that is no ledger any more is put aside under another name, and a new one is begun."""

import contextlib
import logging
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from libria.ledger.clean import Cleaner
from libria.ledger.periods import Per, period
from libria.ledger.row import Row
from libria.ledger.schema import INSERT, migrate
from libria.ledger.totals import Others, Sum, Totals
from libria.paths import ensure_private_dir

log = logging.getLogger("libria.ledger")

MODE = 0o600

BUSY_SECONDS = 2.0
"""For another daemon's writing, or a backup's, to be over."""

MOST_HELD = 20_000
"""Rows that wait for a file that cannot be written; of more, the oldest are lost."""

MOST_ROWS = 5_000_000
"""About a gigabyte. Of more the oldest go, however young they are."""

PRUNE_SECONDS = 3600.0
PRUNED_AT_ONCE = 5_000

SUFFIXES = ("", "-wal", "-shm")
"""What a file of SQLite consists of."""

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH)
"""A page that is none, a file that is none, or tables that are not ours."""


class LedgerFile:
    """A sink: all but `days` and the plain facts for others are its thread's. `daemon` tells the rows of this process
    from others'; of those it keeps `totals` told. `lost` counts rows that are in no file and never will be."""

    def __init__(self, path: Path, totals: Totals, wall: Callable[[], float], *, days: int, daemon: int) -> None:
        self.path = path
        self.days = days
        self.problem: str | None = None
        self.put_aside: str | None = None
        self.lost = 0
        self.loaded = False
        self._totals = totals
        self._wall = wall
        self._daemon = daemon
        self._cleaner = Cleaner()
        self._connection: sqlite3.Connection | None = None
        self._place: tuple[int, int] | None = None  # of the file that is open, or was to be
        self._held: list[Row] = []
        self._heard = -1  # the state of the file when others' rows were last summed up
        self._pruned = float("-inf")

    def write(self, rows: Sequence[Row], /) -> None:
        self._held += rows
        try:
            self._store()
        except sqlite3.Error as error:
            self._failed(error)
        except OSError as error:
            self._let_go()
            self._say(f"The ledger {self.path} cannot be written ({_reason(error)}); {self._what_to_do()}")
        except Exception as fault:  # noqa: BLE001  # a row that cannot be written must not hold up those behind it
            self._let_go()
            log.error("%d rows of the ledger could not be written: %s", len(self._held), type(fault).__name__)
            self.lost += len(self._held)
            self._held.clear()
        excess = len(self._held) - MOST_HELD
        if excess > 0:
            self.lost += excess
            del self._held[:excess]

    def close(self) -> None:
        if self._held:
            log.warning("the ledger could not be written: %d rows are lost", len(self._held))
        self._let_go()

    def missed(self, rows: int) -> None:
        """They came faster than the disk takes them."""
        self.lost += rows

    def _store(self) -> None:
        if self._place != _place(self.path):  # put aside by another daemon, or removed
            self._let_go()
        connection = self._connection or self._open()
        if self._held:
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.executemany(INSERT, self._values(self._held))
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            self._held.clear()
        if self.problem is not None:
            log.info("the ledger can be written again")
            self.problem = None
        self._hear(connection)
        self._prune(connection)

    def _values(self, rows: Sequence[Row]) -> Iterator[tuple[object, ...]]:
        clean = self._cleaner.clean
        for row in rows:
            tool, version, asked, provider, model, served = clean(row)
            yield (
                row.at, row.how, tool, version, row.session, row.call, asked, provider, model, served, row.outcome,
                row.status, row.input_tokens, row.output_tokens, row.cached_input_tokens,
                row.cache_write_input_tokens, row.reasoning_tokens, row.exact, row.cost, row.queued_ms,
                row.first_token_ms, row.total_ms, self._daemon,
            )  # fmt: skip

    def _open(self) -> sqlite3.Connection:
        """Raises OSError for what is no file of ours, and sqlite3.Error."""
        ensure_private_dir(self.path.parent)
        self._place = _make(self.path)
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")  # what a crash of the machine may take is a second's
            migrate(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self._heard = -1
        return connection

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _hear(self, connection: sqlite3.Connection) -> None:
        """What others wrote, where somebody has written since."""
        state: int = connection.execute("PRAGMA data_version").fetchone()[0]
        if state != self._heard:
            self._totals.others = others(connection, self._wall(), self._daemon)
            self._heard = state
            self.loaded = True

    def _prune(self, connection: sqlite3.Connection) -> None:
        """A few at a time, so that new rows do not wait."""
        now = self._wall()
        if now - self._pruned < PRUNE_SECONDS:
            return
        last: int = connection.execute("SELECT coalesce(max(id), 0) FROM entries").fetchone()[0]
        gone = connection.execute(
            "DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE at < ? LIMIT ?)",
            (int((now - self.days * 86_400) * 1000), PRUNED_AT_ONCE),
        ).rowcount
        gone = max(gone, connection.execute(
            "DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE id <= ? LIMIT ?)",
            (last - MOST_ROWS, PRUNED_AT_ONCE),
        ).rowcount)  # fmt: skip
        if gone < PRUNED_AT_ONCE:
            self._pruned = now

    def _failed(self, error: sqlite3.Error) -> None:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        self._let_go()
        if code in DAMAGED:
            self._begin_anew()
        elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            self._say(f"The ledger {self.path} is held by another program; end that, or wait until it is done.")
        elif code == sqlite3.SQLITE_FULL:
            self._say(f"The ledger {self.path} cannot grow, the disk is full; {self._what_to_do()}")
        else:
            self._say(f"The ledger {self.path} cannot be written ({_name(error)}); {self._what_to_do()}")

    def _begin_anew(self) -> None:
        aside = _free_name(self.path, self._wall())
        try:
            if self._place == _place(self.path):  # else another daemon has done it
                for suffix in reversed(SUFFIXES):  # the file itself last: without it the others are nobody's
                    with contextlib.suppress(FileNotFoundError):
                        os.replace(f"{self.path}{suffix}", f"{aside}{suffix}")
                self.put_aside = f"The ledger was damaged; it is put aside as {aside}, and a new one is begun."
                log.warning("%s", self.put_aside)
        except OSError as error:
            self._say(f"The ledger {self.path} is damaged and cannot be put aside ({_reason(error)}); remove it.")
            return
        try:
            self._store()
        except (sqlite3.Error, OSError) as error:
            self._let_go()
            reason = _reason(error) if isinstance(error, OSError) else _name(error)
            self._say(f"The ledger {self.path} cannot be begun anew ({reason}); {self._what_to_do()}")

    def _what_to_do(self) -> str:
        return "make room there, or set enabled = false under [ledger]."

    def _say(self, sentence: str) -> None:
        if sentence != self.problem:
            log.warning("%s", sentence)
        self.problem = sentence


def others(connection: sqlite3.Connection, now: float, daemon: int) -> Mapping[Per, Others]:
    """What the file holds of today and this month that `daemon` has not written."""
    found: dict[Per, Others] = {}
    pers: tuple[Per, ...] = ("day", "month")
    for per in pers:
        span = period(per, now)
        rows = connection.execute(
            "SELECT tool, provider, count(*), sum(cost IS NULL), sum(input_tokens), sum(output_tokens), "
            "coalesce(sum(cost), 0) FROM entries WHERE at >= ? AND at < ? AND daemon <> ? AND how = 'attempt' "
            "GROUP BY tool, provider",
            (int(span.begin * 1000), int(span.end * 1000), daemon),
        )
        found[per] = Others(span, {(row[0], row[1]): Sum(*row[2:]) for row in rows})
    return found


def _place(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path, follow_symlinks=False)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _make(path: Path) -> tuple[int, int]:
    """An empty file of ours alone, where there is none: its place. SQLite gives its other files the same mode. Raises
    OSError."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    file = os.open(path, flags, MODE)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise OSError("it is no file of yours")
        if stat.S_IMODE(found.st_mode) != MODE:
            os.fchmod(file, MODE)
        return found.st_dev, found.st_ino
    finally:
        os.close(file)


def _free_name(path: Path, now: float) -> Path:
    number = int(now)
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return aside


def _reason(error: OSError) -> str:
    return (error.strerror or str(error) or "unknown reason").lower()


def _name(error: sqlite3.Error) -> str:
    """SQLite's own word; its messages may hold values."""
    return str(getattr(error, "sqlite_errorname", type(error).__name__)).removeprefix("SQLITE_").lower()
