"""The disk tier when the disk, or what is on it, is not as it should be."""

import logging
import os
import pickle
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
from disk_kit import a_disk, put, within, written

from libria.stores.disk import DiskStore
from libria.stores.disk_thread import PAUSE_SECONDS
from libria.testing import FakeClock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "answers"


async def filled(folder: Path) -> None:
    disk = a_disk(folder)
    put(disk, b"k")
    await disk.aclose()


async def test_nobody_else_can_read_it(folder: Path) -> None:
    mask = os.umask(0)
    try:
        disk = a_disk(folder)
        put(disk, b"k")
        await written(disk)
        files = os.listdir(folder)
        assert set(files) >= {"cache.db", "cache.db-wal", "cache.db-shm"}
        assert {mode(folder / name) for name in files} == {0o600}
        assert {mode(folder), mode(folder.parent)} == {0o700}
        await disk.aclose()
        os.chmod(folder, 0o755)  # noqa: S103  # as an older version, or a user, may have it
        os.chmod(folder / "cache.db", 0o644)
        again = a_disk(folder)
        assert await again.get(b"k") == b"value"
        assert (mode(folder), mode(folder / "cache.db")) == (0o700, 0o600)
        await again.aclose()
    finally:
        os.umask(mask)


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def writable(folder: Path) -> None:
    folder.chmod(0o777)


def linked(folder: Path) -> None:
    folder.rename(folder.with_name("real"))
    folder.symlink_to(folder.with_name("real"))


def linked_file(folder: Path) -> None:
    (folder / "cache.db").rename(folder / "real.db")
    (folder / "cache.db").symlink_to(folder / "real.db")


def linked_wal(folder: Path) -> None:
    (folder / "cache.db-wal").unlink(missing_ok=True)
    (folder / "cache.db-wal").symlink_to(folder / "elsewhere")


def a_file(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    folder.write_text("not a folder")


def a_folder(folder: Path) -> None:
    (folder / "cache.db").unlink()
    (folder / "cache.db").mkdir()


@pytest.mark.parametrize("spoil", [writable, linked, linked_file, linked_wal, a_file, a_folder])
async def test_a_place_that_is_not_safe_is_not_used(folder: Path, spoil: Any, caplog: pytest.LogCaptureFixture) -> None:
    await filled(folder)
    spoil(folder)
    disk = a_disk(folder)
    for _ in range(3):
        assert await disk.get(b"k") is None
        put(disk, b"other")
    problem = (await disk.stats()).problem
    assert problem is not None
    assert str(folder) in problem
    assert len(caplog.records) == 1
    await disk.aclose()


class Marker:
    """Unpickled, it makes a file: what a foreign entry must never do."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.file), "w")


async def test_a_pickle_is_never_loaded(folder: Path) -> None:
    """Of a value in the table, in a file beside it, of a key; and of one whose mode says it is bytes."""
    await filled(folder)
    mark = folder.parent / "it ran"
    bomb = pickle.dumps(Marker(mark))
    (folder / "bomb.val").write_bytes(bomb)
    columns = "key, raw, store_time, expire_time, mode, filename, value"
    rows = [
        (b"inline", 1, 0.0, None, 4, None, bomb),
        (b"file", 1, 0.0, None, 4, "bomb.val", None),
        (b"bytes in a file", 1, 0.0, None, 2, "bomb.val", None),
        (b"text in a file", 1, 0.0, None, 3, "../answers/bomb.val", None),
        (bomb, 0, 0.0, None, 1, None, b"value"),
        (b"text", 1, 0.0, None, 1, None, "text"),
        (b"number", 1, 0.0, None, 1, None, 7),
        (b"nothing", 1, 0.0, None, 1, None, None),
    ]
    with sqlite3.connect(folder / "cache.db") as sql:
        sql.executemany(f"INSERT INTO Cache({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    sql.close()
    disk = a_disk(folder)
    for row in rows:
        assert await disk.get(row[0]) is None
    assert await disk.get(b"k") == b"value"
    assert (await disk.stats()).problem is None
    assert await disk.clear() > 0
    await disk.aclose()
    assert not mark.exists()
    pickle.loads(bomb).close()  # noqa: S301  # it is one
    assert mark.exists()


async def test_no_name_in_a_damaged_table_leads_anywhere(folder: Path) -> None:
    """A row may name any file; thrown out, diskcache would remove it."""
    await filled(folder)
    precious = folder.parent / "precious"
    precious.write_text("mine")
    with sqlite3.connect(folder / "cache.db") as sql:
        sql.execute("UPDATE Cache SET mode = 2, value = NULL, filename = ?, expire_time = 1.0", (str(precious),))
    sql.close()
    disk = a_disk(folder)
    assert await disk.get(b"k") is None
    await within(disk, lambda shelf: shelf._cache.cull())
    await within(disk, lambda shelf: shelf._cache.clear())
    await disk.aclose()
    assert precious.read_text() == "mine"


async def test_a_pickle_is_never_made(folder: Path) -> None:
    disk = a_disk(folder)
    disk.put(b"k", {"no": "bytes"}, 60.0, {})  # type: ignore[arg-type]
    await written(disk)
    assert await disk.get(b"k") is None
    await disk.aclose()


@pytest.mark.parametrize("garbage", [b"", b"garbage", b"SQLite format 3\0" + b"\xff" * 4096, os.urandom(100_000)])
async def test_a_damaged_database_is_begun_anew(folder: Path, garbage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    await filled(folder)
    (folder / "cache.db").write_bytes(garbage)
    disk = a_disk(folder)
    assert await disk.get(b"k") is None
    put(disk, b"k", b"new")
    await written(disk)
    assert await disk.get(b"k") == b"new"
    await disk.aclose()
    assert len(caplog.records) <= 1


async def test_another_programs_database_is_begun_anew(folder: Path) -> None:
    os.makedirs(folder, 0o700)
    with sqlite3.connect(folder / "cache.db") as sql:
        sql.execute("CREATE TABLE Cache (something TEXT)")
        sql.execute("CREATE TABLE Settings (key, value)")
        sql.execute("INSERT INTO Settings VALUES ('volume', 'x'), ('eviction_policy', 'none'), (7, 8)")
    sql.close()
    disk = a_disk(folder)
    put(disk, b"k")
    await written(disk)
    assert await disk.get(b"k") == b"value"
    await disk.aclose()


async def failing(disk: DiskStore, pragma: str) -> None:
    await within(disk, lambda shelf: shelf._cache._sql(pragma).fetchall())


@pytest.mark.parametrize(
    ("pragma", "reason"),
    [("PRAGMA max_page_count = 20", "database or disk is full"), ("PRAGMA query_only = 1", "readonly")],
)
async def test_a_disk_that_fails_is_left_alone_for_a_while(
    folder: Path, pragma: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    disk = a_disk(folder, clock=clock)
    put(disk, b"k")
    await written(disk)
    await failing(disk, pragma)
    for i in range(20):
        put(disk, b"%d" % i, b"x" * 20_000)
        await written(disk)
    assert await disk.get(b"k") is None
    problem = (await disk.stats()).problem
    assert problem is not None
    assert reason in problem
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    await clock.advance(PAUSE_SECONDS)
    assert await disk.get(b"k") == b"value"
    assert (await disk.stats()).problem is None
    await disk.aclose()


async def test_damage_again_and_again_is_not_mended_for_ever(folder: Path) -> None:
    clock = FakeClock()
    disk = a_disk(folder, clock=clock)

    def broken(shelf: Any) -> None:
        if shelf is not None:
            raise sqlite3.DatabaseError("malformed")

    assert await within(disk, broken) is None
    assert disk._thread.off
    await clock.advance(PAUSE_SECONDS + 1)
    put(disk, b"k")
    await written(disk)
    assert await disk.get(b"k") == b"value"
    await disk.aclose()
