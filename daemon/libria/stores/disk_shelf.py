"""The cache's folder on disk, by diskcache: what one thread does with it, step by step.

diskcache pickles what is no plain value, and unpickles what it finds, so that whoever can write the
folder runs code (CVE-2025-69872). Here bytes go in and bytes come out, and what else is found is no
entry. They lie in SQLite itself, none in files of their own: a process killed in mid-write leaves none
behind, and no name in a damaged table leads anywhere.
"""

import os
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NoReturn

import diskcache

from libria.paths import ensure_private_dir
from libria.stores.disk_thread import FILES
from libria.stores.figures import Held, TierFigures

BUSY_SECONDS = 0.05
"""For another process that writes; then it is a miss, or not written."""

STEP = 4 * 1024 * 1024
"""Bytes thrown out at a time, so that nobody who reads waits long."""

ROW_BYTES = 150
"""Of an entry besides its value."""

WAL_BYTES = 1024 * 1024
"""Of what is written and not yet in its place; less where there is little room."""

_SETTINGS: dict[str, Any] = {
    "disk_min_file_size": 2**62,  # no files of their own
    "eviction_policy": "least-recently-stored",  # to note each use would make a write of each read
    "cull_limit": 0,  # `shrink` does it: ten small ones make no room for a large one
    "statistics": 0,
    "tag_index": 0,
    "sqlite_cache_size": 512,  # pages, 2 MB: the memory tier is in front
    "sqlite_mmap_size": 0,  # of a file that is cut short, a mapped page ends the process (SIGBUS)
    "sqlite_secure_delete": 1,  # what is cleared is gone
}

_NOT_DAMAGED = {
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_AUTH,
}  # fmt: skip
"""https://www.sqlite.org/rescode.html: the disk or its neighbours, not what is in the file."""

Verdict = Literal["busy", "damaged", "unusable"]


class Foreign(Exception):
    """Not bytes that we stored."""


_untyped: Any = diskcache

MODE_RAW = 1
"""diskcache's, of a value that lies in SQLite as it is."""


class BytesDisk(_untyped.Disk):  # type: ignore[misc]  # diskcache has no types
    """Bytes and nothing else, both ways."""

    def put(self, key: Any) -> tuple[Any, bool]:
        return sqlite3.Binary(_bytes(key)), True

    def get(self, key: Any, raw: Any) -> bytes:
        return _bytes(key) if raw else _foreign()

    def store(self, value: Any, read: Any, key: Any = None) -> tuple[int, int, None, Any]:
        return 0, MODE_RAW, None, sqlite3.Binary(_bytes(value))

    def fetch(self, mode: Any, filename: Any, value: Any, read: Any) -> bytes:
        return _bytes(value) if mode == MODE_RAW and filename is None else _foreign()

    def remove(self, file_path: Any) -> None:
        """There are no files of ours to remove."""


class Shelf:
    """Open from the start; each method may raise what `verdict` judges. For one thread."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        ensure_private_dir(folder.parent)
        ensure_private_dir(folder)
        self._file = folder / FILES[0]
        for name in FILES[1:]:
            _refuse_link(folder / name)
        self._inode = _private(self._file)
        self._wal = folder / FILES[1]
        self._cache: Any = _untyped.Cache(str(folder), timeout=BUSY_SECONDS, disk=BytesDisk, **_SETTINGS)
        # Of our own, for what diskcache has no words for.
        self._sql = sqlite3.connect(self._file, timeout=BUSY_SECONDS, isolation_level=None)
        self._sql.execute("PRAGMA secure_delete = 1").fetchall()
        self.max_bytes = max_bytes

    def read(self, key: bytes) -> bytes | None:
        try:
            found: bytes | None = self._cache.get(key)
        except Foreign:
            self._cache.delete(key)
            return None
        return found

    def write(self, key: bytes, value: bytes, ttl: float, model: str) -> None:
        self._cache.set(key, value, expire=ttl, tag=model)

    def shrink(self) -> None:
        """Throw out the oldest where there is too much: at most STEP bytes. diskcache would count rows."""
        most = self.max_bytes - min(2 * WAL_BYTES, self.max_bytes // 8)
        excess = min(self._cache.volume() - most, STEP)
        if excess > 0:
            gone: list[int] = []
            oldest = "SELECT rowid, LENGTH(value) FROM Cache ORDER BY store_time LIMIT 1000"
            for row, size in self._sql.execute(oldest).fetchall():
                gone.append(row)
                excess -= (size or 0) + ROW_BYTES
                if excess <= 0:
                    break
            self._sql.execute(f"DELETE FROM Cache WHERE rowid IN ({','.join(map(str, gone))})")
        if self._wal.stat().st_size > min(WAL_BYTES, self.max_bytes // 16):
            self._sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def moved(self) -> bool:
        """Whether somebody has taken the file away: what is written to it is then lost."""
        try:
            found = os.stat(self._file)
        except FileNotFoundError:
            return True
        return (found.st_dev, found.st_ino) != self._inode

    def clear(self, model: str | None, older: float | None, now: float) -> int:
        """As MemoryStore's. By SQL of our own: diskcache would read each value to look at its tag."""
        wanted = " AND (tag = :model OR substr(tag, 1, length(:model) + 1) = :model || '/')" if model else ""
        wanted += " AND store_time <= :until" if older is not None else ""
        values = {"model": model, "until": now - (older or 0.0)}
        gone = self._sql.execute(f"DELETE FROM Cache WHERE 1{wanted}", values).rowcount  # texts of ours
        self._sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return gone

    def stats(self) -> TierFigures:
        models: dict[str, Held] = {}
        rows = self._sql.execute("SELECT tag, COUNT(*), SUM(LENGTH(value)) FROM Cache GROUP BY tag").fetchall()
        for model, entries, size in rows:
            models[str(model or "")] = Held(entries, size or 0)
        entries = sum(held.entries for held in models.values())
        return TierFigures("disk", entries, self._cache.volume(), self.max_bytes, models)

    def close(self) -> None:
        for connection in (self._sql, self._cache):
            with suppress(Exception):
                connection.close()


def real(error: Exception) -> Exception:
    """diskcache says Timeout for whatever goes wrong at the beginning of a transaction."""
    cause = error.__context__
    return cause if isinstance(error, _untyped.Timeout) and isinstance(cause, sqlite3.Error) else error


def verdict(error: Exception) -> Verdict:
    """What to make of a `real` error: try again later, begin anew, leave the disk alone for a while."""
    if isinstance(error, sqlite3.Error):
        code: int | None = getattr(error, "sqlite_errorcode", None)
        primary = code & 0xFF if code is not None else None
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return "busy"
        return "unusable" if primary in _NOT_DAMAGED else "damaged"
    if isinstance(error, _untyped.Timeout):
        return "busy"
    return "unusable" if isinstance(error, OSError | MemoryError) else "damaged"


def _bytes(value: Any) -> bytes:
    return value if type(value) is bytes else bytes(value) if type(value) is memoryview else _foreign()


def _foreign() -> NoReturn:
    raise Foreign


def _private(file: Path) -> tuple[int, int]:
    """Make `file` one that only this user can read, as SQLite then makes those beside it.

    What exists is not opened: to close it again would undo the locks of another connection to it in this
    process (https://www.sqlite.org/howtocorrupt.html, 2.2)."""
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    found = file.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise PermissionError(f"{file} is no plain file, which is not safe here; remove it.")
    if found.st_mode & 0o077:
        file.chmod(0o600)
    return found.st_dev, found.st_ino


def _refuse_link(file: Path) -> None:
    if file.is_symlink():
        raise PermissionError(f"{file} is a symbolic link, which is not safe here; remove it.")
