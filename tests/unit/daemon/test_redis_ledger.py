"""What a machine remembers of what it took."""

from libria.stores.redis_ledger import Ledger

SECONDS = 120.0  # parts of a second


def ledger(*entries: tuple[int, float]) -> Ledger:
    ledger = Ledger("k", "n", SECONDS)
    for amount, at in entries:
        ledger.add(amount, at, at)
    return ledger


def test_what_redis_ought_to_know() -> None:
    book = ledger((5, 10.2), (3, 10.8), (4, 20.0))
    assert book.told(30.0) == [(8, 19.0), (4, 9.0)]
    book.add(-2, 10.5, 30.0)  # given back where it was taken
    assert book.told(30.0) == [(6, 19.0), (4, 9.0)]


def test_what_is_owed_is_not_known_and_told_once() -> None:
    book = ledger((5, 10.0), (4, 20.0))
    book.owe(4, 20.0)
    assert book.told(30.0) == [(5, 19.0)]
    assert book.untold(30.0) == [(4, 10.0)]
    assert book.untold(30.0) == []
    assert book.told(30.0) == [(5, 19.0), (4, 9.0)]


def test_a_gift_that_is_owed_leaves_all_known() -> None:
    book = ledger((5, 10.0))
    book.add(-3, 10.0, 11.0)
    book.owe(-3, 10.0)
    assert book.told(30.0) == [(5, 19.0)]
    assert book.untold(30.0) == [(-3, 20.0)]


def test_forgotten_when_it_counts_no_longer() -> None:
    book = ledger((5, 10.0))
    book.owe(5, 10.0)
    assert not book.empty(129.0)
    assert book.untold(131.0) == []
    assert book.empty(132.0)
    assert book.told(132.0) == []
