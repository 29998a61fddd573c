"""Whatever the cache's files hold: a right answer or none, never a wrong one, a crash or code that runs."""

import asyncio
import os
import pickle
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from libria.clock import SystemClock
from libria.layers import cache_entry
from libria.stores.disk import DiskStore
from libria_providers.reply import Answer
from libria_providers.types import Delta, Finish, Usage

ROUNDS = int(os.environ.get("LIBRIA_TEST_FUZZ", "60"))
ENTRIES = 60
MOST = 8 * 1024 * 1024


class Marker:
    """Unpickled, it makes a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.file), "w")


def entry(number: int) -> tuple[bytes, bytes]:
    """The same for the same number."""
    chance = random.Random(number)  # noqa: S311  # the same each time
    key = chance.randbytes(24)
    answer = Answer()
    answer.add(Delta("".join(chance.choices("abc äöü\\n", k=chance.randrange(3000)))))
    value = cache_entry.encode(key, answer, Finish("stop", Usage(number, 1)), "p/m", 1.0)
    assert value is not None
    return key, value


KEPT = dict(entry(number) for number in range(ENTRIES))


async def fill(folder: Path) -> None:
    disk = DiskStore(folder, MOST, SystemClock())
    for key, value in KEPT.items():
        disk.put(key, value, 600.0, {"model": "p/m"})
    await disk.aclose()


async def read_back(folder: Path) -> int:
    """How many are still found. What is found is what was put, or the layer above sees that it is not."""
    disk = DiskStore(folder, MOST, SystemClock())
    found = 0
    for key, value in KEPT.items():
        stored = await disk.get(key)
        if stored is not None and (stored == value or cache_entry.decode(key, stored) is not None):
            assert stored == value
            found += 1
    key, value = entry(ENTRIES)
    disk.put(key, value, 600.0, {"model": "p/m"})
    await disk.get(key)
    await disk.stats()
    await disk.clear("p")
    await disk.aclose()
    return found


def flip_bits(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 10, 1000))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def overwrite(data: bytearray, chance: random.Random) -> None:
    at, size = chance.randrange(len(data)), chance.choice((1, 100, 4096, 20_000))
    data[at : at + size] = chance.randbytes(size)


def zero(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data)) & ~4095
    data[at : at + 4096] = bytes(4096)


def cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def grow(data: bytearray, chance: random.Random) -> None:
    data += chance.randbytes(10_000)


def swap_pages(data: bytearray, chance: random.Random) -> None:
    one, two = (chance.randrange(max(1, len(data) // 4096)) * 4096 for _ in range(2))
    data[one : one + 4096], data[two : two + 4096] = data[two : two + 4096], data[one : one + 4096]


def swap_keys(data: bytearray, chance: random.Random) -> None:
    """An answer under another question's key, which no checksum of the answer alone would notice."""
    one, two = chance.sample(list(KEPT), 2)
    for old, new in ((one, b"?" * 24), (two, one), (b"?" * 24, two)):
        data[:] = data.replace(old, new)


def cross_answers(data: bytearray, chance: random.Random) -> None:
    """A newer or older format, and another magic."""
    data[:] = data.replace(b"LBA", chance.choice((b"LBB", b"LBA\xff", b"\x80\x04\x95")))


MUTATIONS: list[Callable[[bytearray, random.Random], None]] = [
    flip_bits, overwrite, zero, cut, grow, swap_pages, swap_keys, cross_answers,
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache") / "answers"
    asyncio.run(fill(folder))
    return folder


@pytest.fixture
def copied(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "answers"))


async def test_untouched_all_is_found(copied: Path) -> None:
    assert await read_back(copied) == ENTRIES


@pytest.mark.parametrize("mutate", MUTATIONS)
async def test_a_damaged_file(folder: Path, tmp_path: Path, mutate: Callable[..., None]) -> None:
    chance = random.Random(mutate.__name__)  # noqa: S311  # the same
    good = (folder / "cache.db").read_bytes()
    for number in range(ROUNDS // len(MUTATIONS) + 1):
        place = tmp_path / str(number) / "answers"
        os.makedirs(place, 0o700)
        data = bytearray(good)
        mutate(data, chance)
        (place / "cache.db").write_bytes(data)
        for name in ("cache.db-wal", "cache.db-shm", "cache.db-journal"):
            if chance.random() < 0.2:
                (place / name).write_bytes(chance.randbytes(chance.randrange(70_000)))
        await read_back(place)


async def test_foreign_pickles_everywhere(copied: Path, tmp_path: Path) -> None:
    """In the place of values, of keys and of whole files."""
    mark = tmp_path / "it ran"
    bomb = pickle.dumps(Marker(mark))
    data = bytearray((copied / "cache.db").read_bytes())
    for value in KEPT.values():
        at = data.find(value[:200])
        if at >= 0 and len(value) > len(bomb):
            data[at : at + len(bomb)] = bomb
    (copied / "cache.db").write_bytes(data)
    for name in ("cache.db-journal", "00/11/aa.val", "bomb.val"):
        (copied / name).parent.mkdir(parents=True, exist_ok=True)
        (copied / name).write_bytes(bomb)
    await read_back(copied)
    assert not mark.exists()


async def test_entries_themselves() -> None:
    """Each byte changed, each length, and other bytes altogether: never another answer."""
    key, value = entry(7)
    chance = random.Random(7)  # noqa: S311  # the same
    for at in range(len(value)):
        changed = bytearray(value)
        changed[at] ^= 1 << chance.randrange(8)
        assert cache_entry.decode(key, bytes(changed)) is None
        assert cache_entry.decode(key, value[:at]) is None
    assert cache_entry.decode(key, value + b"\0") is None
    for _ in range(2000):
        assert cache_entry.decode(key, chance.randbytes(chance.randrange(200))) is None
    whole = cache_entry.decode(key, value)
    assert whole is not None
    assert whole.usage.input_tokens == 7
