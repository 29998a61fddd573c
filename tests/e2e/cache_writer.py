"""Keeps a thousand entries on disk, says so, and goes on keeping more until it is killed.

`python cache_writer.py FOLDER SEED`"""

import asyncio
import random
import sys
from pathlib import Path

from libria.clock import SystemClock
from libria.layers import cache_entry
from libria.stores.disk import DiskStore
from libria_providers.reply import Answer
from libria_providers.types import Delta, Finish, Usage

ENTRIES = 1000
TTL = 3600.0
MOST = 64 * 1024 * 1024
LETTERS = "abcdefghij äöü\n"


def entry(seed: int, number: int) -> tuple[bytes, str, bytes]:
    """Key, text and stored bytes of an entry: the same for the same numbers. Mostly small, some large."""
    chance = random.Random(seed * 1_000_003 + number)  # noqa: S311  # nothing is kept secret with it
    key = chance.randbytes(24)
    text = "".join(chance.choices(LETTERS, k=chance.randrange(60))) * chance.choice((1, 1, 10, 100, 1000))
    answer = Answer()
    answer.add(Delta(text))
    value = cache_entry.encode(key, answer, Finish("stop", Usage(number, 1)), "p/m", 1.0)
    assert value is not None
    return key, text, value


async def main(folder: Path, seed: int) -> None:
    disk = DiskStore(folder, MOST, SystemClock())
    number = 0
    while True:
        for _ in range(50):
            key, _, value = entry(seed, number)
            disk.put(key, value, TTL, {"model": "p/m"})
            number += 1
        held = await disk.stats()
        while held.entries < number:
            held = await disk.stats()
        if number == ENTRIES:
            print("kept", flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
