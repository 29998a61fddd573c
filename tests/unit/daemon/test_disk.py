"""The disk tier: what survives, what is bounded, and that nobody ever waits for it."""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from disk_kit import MB, a_disk, held_up, let_through, put, within, written

from libria.clock import SystemClock
from libria.stores.disk import OPEN_SECONDS, READ_SECONDS
from libria.stores.disk_thread import MOST_WRITES
from libria.stores.figures import Held
from libria.testing import FakeClock


async def test_what_is_put_is_found_and_outlives_the_daemon(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "answers"
    disk = a_disk(folder)
    assert await disk.get(b"k") is None
    put(disk, b"k", b"one")
    put(disk, b"k", bytes(range(256)) * 1000)
    assert await disk.get(b"k") == bytes(range(256)) * 1000  # though it may not have been written yet
    await disk.aclose()
    again = a_disk(folder)
    assert await again.get(b"k") == bytes(range(256)) * 1000
    assert await again.get(b"other") is None
    await again.aclose()


async def test_time_that_is_over_is_over(tmp_path: Path) -> None:
    disk = a_disk(tmp_path / "answers")
    put(disk, b"k", ttl=-1.0)
    await written(disk)
    assert await disk.get(b"k") is None
    await disk.aclose()


async def test_bounded_by_bytes(tmp_path: Path) -> None:
    """Small ones, then large ones: it is bytes that count, not how many go for how many come."""
    disk = a_disk(tmp_path / "answers", 4 * MB)
    for i in range(400):
        put(disk, b"s%d" % i, os.urandom(5_000))
    await written(disk)
    for i in range(30):
        put(disk, b"l%d" % i, os.urandom(400_000))
        await written(disk)
        assert sum(file.stat().st_size for file in (tmp_path / "answers").iterdir()) <= 4 * MB
    assert await disk.get(b"s0") is None
    assert await disk.get(b"l29") is not None
    put(disk, b"huge", os.urandom(MB))
    assert await disk.get(b"huge") is None
    disk.resize(2 * MB)
    put(disk, b"k")
    await written(disk)
    found = await disk.stats()
    assert found.size <= found.max_bytes == 2 * MB
    await disk.aclose()


@pytest.mark.parametrize(
    ("model", "older", "left"),
    [
        (None, None, ""), ("p/m", None, "bd"), ("p", None, "d"), ("p/", None, "abcd"), ("P", None, "abcd"),
        (None, 0, ""), (None, 3600.0, "abcd"), ("p", 3600.0, "abcd"),
    ],
)  # fmt: skip
async def test_clear(tmp_path: Path, model: str | None, older: float | None, left: str) -> None:
    disk = a_disk(tmp_path / "answers")
    for key, name in ((b"a", "p/m"), (b"b", "p/n"), (b"c", "p/m"), (b"d", "q/m")):
        put(disk, key, model=name)
    await written(disk)
    assert await disk.clear(model, older) == 4 - len(left)
    assert [key for key in "abcd" if await disk.get(key.encode())] == list(left)
    await disk.aclose()


async def test_what_is_cleared_is_gone_from_the_files_too(tmp_path: Path) -> None:
    disk = a_disk(tmp_path / "answers")
    put(disk, b"k", b"what nobody shall read " * 100)
    await written(disk)
    await disk.clear()
    await disk.aclose()
    assert not [file for file in (tmp_path / "answers").iterdir() if b"nobody shall" in file.read_bytes()]


async def test_clear_takes_what_is_still_to_be_written(tmp_path: Path) -> None:
    disk = a_disk(tmp_path / "answers")
    with held_up(disk):
        put(disk, b"a", model="p/m")
        put(disk, b"b", model="q/m")
        clearing = asyncio.ensure_future(disk.clear("p"))
        await asyncio.sleep(0)
    await clearing
    assert await disk.get(b"a") is None
    assert await disk.get(b"b") is not None
    await disk.aclose()


async def test_stats(tmp_path: Path) -> None:
    disk = a_disk(tmp_path / "answers")
    for key, model in ((b"a", "p/m"), (b"b", "p/m"), (b"c", "q/m")):
        put(disk, key, b"12345", model)
    await written(disk)
    found = await disk.stats()
    assert (found.name, found.entries, found.problem) == ("disk", 3, None)
    assert found.models == {"p/m": Held(2, 10), "q/m": Held(1, 5)}
    assert found.size > 0
    await disk.aclose()


async def test_a_disk_that_hangs_costs_one_call_its_limit_and_the_others_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    disk = a_disk(tmp_path / "answers", clock=clock)
    put(disk, b"k")
    await written(disk)
    with held_up(disk):
        reading = asyncio.ensure_future(disk.get(b"k"))
        await clock.advance(READ_SECONDS - 0.01)
        assert not reading.done()
        await clock.advance(0.02)
        assert await reading is None
        for _ in range(1000):
            assert await disk.get(b"k") is None  # at once: the clock stands still
    await let_through(lambda: not disk._late)
    assert await disk.get(b"k") == b"value"
    assert clock.waiting == 0
    await disk.aclose()


async def test_a_loop_that_hangs_is_not_the_disks_fault(tmp_path: Path) -> None:
    """Its timers are late, and come before what the thread has told meanwhile."""
    clock = FakeClock()
    disk = a_disk(tmp_path / "answers", clock=clock)
    put(disk, b"k")
    await written(disk)
    with held_up(disk) as go_on:
        reading = asyncio.ensure_future(disk.get(b"k"))
        await asyncio.sleep(0)
        clock._now += 10 * READ_SECONDS
        await clock.advance(0)
        assert not reading.done()
        go_on.set()
        assert await reading == b"value"
    assert not disk._late
    await disk.aclose()


async def test_the_first_read_has_longer_as_it_opens_the_database(tmp_path: Path) -> None:
    clock = FakeClock()
    disk = a_disk(tmp_path / "answers", clock=clock)
    with held_up(disk):
        disk._thread.opened = False  # the hang has opened it
        reading = asyncio.ensure_future(disk.get(b"k"))
        await clock.advance(OPEN_SECONDS - 0.01)
        assert not reading.done()
        await clock.advance(0.02)
        assert await reading is None
    await disk.aclose()


async def test_what_waits_to_be_written_is_bounded(tmp_path: Path) -> None:
    disk = a_disk(tmp_path / "answers", 200 * MB)
    with held_up(disk):
        for i in range(MOST_WRITES + 5):
            put(disk, b"%d" % i)
        put(disk, b"0", b"newer")  # in the place of what waits
        assert disk.dropped == 5
        assert await disk.get(b"0") == b"newer"
    await written(disk)
    with held_up(disk):
        for i in range(5):
            put(disk, b"m%d" % i, b"x" * 4 * MB)
        assert disk.dropped == 6
    await disk.aclose()
    assert disk._thread._write_bytes == 0


async def test_a_reader_that_has_gone_is_not_read_for(tmp_path: Path) -> None:
    disk = a_disk(tmp_path / "answers")
    with held_up(disk):
        reading = asyncio.ensure_future(disk.get(b"k"))
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    assert await disk.get(b"k") is None
    await disk.aclose()


async def test_a_neighbour_that_writes_costs_a_write_at_most(tmp_path: Path) -> None:
    """An isolated process may use the same folder."""
    one, two = a_disk(tmp_path / "answers"), a_disk(tmp_path / "answers")
    put(one, b"k", b"1")
    await written(one)
    assert await two.get(b"k") == b"1"
    await within(one, lambda shelf: shelf._cache._sql("BEGIN IMMEDIATE"))
    put(two, b"k", b"2")
    await written(two)
    assert await two.get(b"k") == b"1"
    await within(one, lambda shelf: shelf._cache._sql("COMMIT"))
    put(two, b"k", b"3")
    await written(two)
    assert await one.get(b"k") == b"3"
    assert (one._thread.problem, two._thread.problem) == (None, None)
    await asyncio.gather(one.aclose(), two.aclose())


async def test_a_folder_that_was_removed_is_made_again(tmp_path: Path) -> None:
    disk = a_disk(tmp_path / "answers")
    put(disk, b"k")
    await written(disk)
    shutil.rmtree(tmp_path / "answers")
    assert await disk.get(b"k") is None
    put(disk, b"k")
    await disk.aclose()
    again = a_disk(tmp_path / "answers")
    assert await again.get(b"k") == b"value"
    await again.aclose()


async def test_closing(tmp_path: Path) -> None:
    unused = a_disk(tmp_path / "unused")
    await unused.aclose()
    assert not (tmp_path / "unused").exists()
    disk = a_disk(tmp_path / "answers")
    for i in range(300):
        put(disk, b"%d" % i)
    await disk.aclose()
    put(disk, b"late")
    assert await disk.get(b"late") is None
    again = a_disk(tmp_path / "answers")
    assert (await again.stats()).entries == 300
    await again.aclose()


async def test_a_disk_that_hangs_does_not_keep_the_daemon(tmp_path: Path) -> None:
    clock = FakeClock()
    disk = a_disk(tmp_path / "answers", clock=clock)
    with held_up(disk):
        put(disk, b"k")
        closing = asyncio.ensure_future(disk.aclose())
        await clock.advance(3.0)
        await closing


def test_nothing_is_imported_before_it_is_needed() -> None:
    script = (
        "import sys; from pathlib import Path; from libria.clock import SystemClock; "
        "from libria.stores.disk import DiskStore; DiskStore(Path('/nowhere'), 10**6, SystemClock()); "
        "print([name for name in ('diskcache', 'sqlite3', 'pickle', 'threading') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("['threading']", "[]")


def test_the_clock_is_the_one_that_is_given() -> None:
    assert isinstance(a_disk(Path("/nowhere"))._clock, SystemClock)
