"""Anything at all on the socket: never a crash, never a hang, nothing left of it, and the next client is served."""

from collections.abc import Iterator

import pytest
from fuzz_bytes import EXAMPLES, cut, stretches
from fuzz_server import ROUNDS, Arena
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.timeout(60 * ROUNDS)


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    arena = Arena()
    yield arena
    arena.end()


@given(st.lists(stretches, max_size=8), st.lists(st.integers(0, 10**4), max_size=6), st.booleans())
@EXAMPLES
def test_any_bytes(arena: Arena, sent: list[bytes], places: list[int], hangs_up: bool) -> None:
    arena.meet(cut(b"".join(sent), places), hangs_up=hangs_up)
