"""The memory tier: bounded, the least used out first."""

import pytest

from libria.stores.figures import Held, TierFigures
from libria.stores.memory import OVERHEAD, MemoryStore
from libria.testing import FakeClock


def put(store: MemoryStore, key: bytes, size: int = 100, model: str = "p/m") -> None:
    store.put(key, b"x" * size, 60.0, {"model": model})


async def test_bounded_and_the_least_used_goes_first() -> None:
    store = MemoryStore(16_000)
    for i in range(100):
        put(store, b"%d" % i, 500)
        assert await store.get(b"0") is not None
        assert store.size <= 16_000
    assert store.find(b"1") is None
    assert store.find(b"99") is not None
    put(store, b"0", 2_000)  # over an eighth: the old one is not the answer any more
    assert store.find(b"0") is None


async def test_size_is_what_is_there() -> None:
    store = MemoryStore(100_000)
    put(store, b"k", 100)
    put(store, b"k", 50)
    assert (len(store), store.size) == (1, 1 + 50 + OVERHEAD)
    store.resize(100)
    assert (len(store), store.size) == (0, 0)


@pytest.mark.parametrize(
    ("model", "older", "left"),
    [
        (None, None, ""),
        ("p/m", None, "bd"),
        ("p", None, "d"),
        ("q", None, "abc"),
        ("p/", None, "abcd"),
        (None, 10, "bcd"),
        (None, 11, "abcd"),
        ("p", 10, "bcd"),
        ("q", 10, "abcd"),
    ],
)
async def test_clear(model: str | None, older: float | None, left: str) -> None:
    clock = FakeClock()
    store = MemoryStore(100_000, clock)
    put(store, b"a", model="p/m")
    await clock.advance(10)
    put(store, b"b", model="p/n")
    put(store, b"c", model="p/m")
    put(store, b"d", model="q/m")
    removed = await store.clear(model, older)
    assert removed == 4 - len(left)
    assert "".join(key for key in "abcd" if store.find(key.encode())) == left


async def test_what_came_from_below_goes_with_any() -> None:
    store = MemoryStore(100_000)
    for model, older in (("p", None), (None, 5.0)):
        store.adopt(b"k", b"value")
        assert await store.clear(model, older) == 1


async def test_stats() -> None:
    store = MemoryStore(100_000)
    put(store, b"a", 10)
    put(store, b"b", 20)
    put(store, b"c", 30, "q/m")
    assert await store.stats() == TierFigures(
        "memory", 3, 63 + 3 * OVERHEAD, 100_000, {"p/m": Held(2, 30), "q/m": Held(1, 30)}
    )
