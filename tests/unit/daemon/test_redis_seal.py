"""The seal around shared answers, and that nothing is shared where it cannot be made."""

import subprocess
import sys

import pytest

from libria.stores.redis_link import Link
from libria.stores.redis_seal import Seal
from libria.stores.redis_store import NOT_THERE, RedisStore
from libria.testing import FakeClock


async def test_opened_only_with_the_same_word_in_the_same_place() -> None:
    seal, same, other = await Seal.of("word"), await Seal.of("word"), await Seal.of("other")
    sealed = seal.close(b"answer", b"place")
    assert b"answer" not in sealed
    assert sealed != seal.close(b"answer", b"place")
    assert same.open(sealed, b"place") == b"answer"
    assert same.open(sealed, b"elsewhere") is None
    assert other.open(sealed, b"place") is None
    assert same.open(sealed[:-1], b"place") is None
    assert same.open(b"", b"place") is None
    assert seal.name(b"key") == same.name(b"key") != other.name(b"key")


async def test_without_the_library_nothing_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    store = RedisStore(Link(None, FakeClock()), FakeClock(), share=True, word="word")
    assert not await store.ready()
    assert (await store.stats()).problem == NOT_THERE


def test_redis_is_not_imported_before_it_is_used() -> None:
    """It takes 0.2 s."""
    code = (
        "import sys, libria.stores.redis_windows, libria.stores.redis_store, libria.stores.redis_leases;"
        "sys.exit('redis' in sys.modules or 'cryptography' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
