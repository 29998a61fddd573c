"""What the tests of the cache on disk share."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from libria.clock import SystemClock
from libria.stores.disk import DiskStore

MB = 1024 * 1024
MOST = 8 * MB


def a_disk(folder: Path, max_bytes: int = MOST, clock: Any = None) -> DiskStore:
    return DiskStore(folder, max_bytes, clock or SystemClock())


def put(disk: DiskStore, key: bytes, value: bytes = b"value", model: str = "p/m", ttl: float = 60.0) -> None:
    disk.put(key, value, ttl, {"model": model})


async def written(disk: DiskStore) -> None:
    """Return once nothing waits to be written."""
    while disk._thread._writes:
        await within(disk, lambda shelf: None)


async def within(disk: DiskStore, do: Callable[[Any], Any]) -> Any:
    """What `do` gives in the disk's thread; it may raise there."""
    return await disk._ask(do, None, 10.0)


@contextmanager
def held_up(disk: DiskStore) -> Iterator[threading.Event]:
    """The disk hangs until the event is set."""
    go_on, hangs = threading.Event(), threading.Event()

    def hang(shelf: Any) -> None:
        hangs.set()
        go_on.wait(10)

    assert disk._thread.do(hang)
    assert hangs.wait(10)
    try:
        yield go_on
    finally:
        go_on.set()


async def let_through(ready: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    for _ in range(2000):
        if ready():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it did not happen")
