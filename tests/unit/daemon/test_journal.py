"""What a call has said can be read again, from any number on, while it goes on."""

import asyncio

import msgspec
import pytest

from libria import journal as module
from libria.journal import Dropped, Journal


def said(journal: Journal, number: int, most: int = 1000) -> list[tuple[int, object]]:
    return [
        (number, msgspec.json.decode(b'{"kind":%b}' % value)) for number, value in journal.reader(number).read(most)
    ]


def journal_of(count: int, first: int = 0) -> Journal:
    journal = Journal(first)
    for number in range(first, first + count):
        if number % 3:
            journal.delta(msgspec.json.encode(f"“{number}”"))
        else:
            journal.event(b'"status","state":"queued","position":%d' % number)
        journal.said()
    return journal


def event(number: int) -> tuple[int, object]:
    if number % 3:
        return number, {"kind": "delta", "text": f"“{number}”"}
    return number, {"kind": "status", "state": "queued", "position": number}


@pytest.mark.parametrize("piece", [1, 40, 64 * 1024])
@pytest.mark.parametrize("first", [0, 7])
def test_it_reads_from_any_number(monkeypatch: pytest.MonkeyPatch, piece: int, first: int) -> None:
    """With pieces of one event, of some, of all."""
    monkeypatch.setattr(module, "PIECE_BYTES", piece)
    journal = journal_of(50, first)
    for number in range(first, first + 51):
        assert said(journal, number) == [event(at) for at in range(number, first + 50)]
    assert journal.next == first + 50
    assert said(journal, first, most=3) == [event(first + at) for at in range(3)]


def test_one_that_begins_later_begins_with_its_first() -> None:
    """It is a reset: what was before does not count any more."""
    assert said(journal_of(3, first=40), 12) == [event(40), event(41), event(42)]


def test_a_reader_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE_BYTES", 40)
    journal = Journal()
    reader = journal.reader(0)
    heard: list[bytes] = []
    for number in range(100):
        journal.delta(b'"%d"' % number)
        journal.said()
        if number % 7 == 0:
            heard += [value for _, value in reader.read(5)]
    while news := [value for _, value in reader.read(5)]:
        heard += news
    assert heard == [b'"delta","text":"%d"' % number for number in range(100)]


def test_too_long_a_beginning_is_dropped_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE_BYTES", 40)
    monkeypatch.setattr(module, "MOST_BYTES", 400)
    journal = Journal()
    slow = journal.reader(0)
    for number in range(1000):
        journal.delta(b'"%d"' % number)
        journal.said()
    assert journal.size < 500
    with pytest.raises(Dropped):
        list(slow.read(1))
    with pytest.raises(Dropped) as dropped:
        journal.reader(0)
    kept = list(journal.reader(dropped.value.first).read(1000))
    assert [number for number, _ in kept] == list(range(dropped.value.first, 1000))
    assert kept[0][1] == b'"delta","text":"%d"' % dropped.value.first


async def test_many_wait_for_what_comes_next() -> None:
    journal = Journal()
    waiting = [asyncio.create_task(journal.more(number)) for number in (0, 0, 1, 2)]
    over = asyncio.create_task(journal.over())
    left = asyncio.create_task(journal.more(0))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.sleep(0)
    journal.delta(b'"a"')
    journal.said()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [task.done() for task in waiting] == [True, True, False, False]
    journal.delta(b'"b"')
    journal.said()
    journal.end(b'"result":1')
    journal.end(b'"error":2')
    await asyncio.gather(*waiting)
    assert await over == b'"result":1', "only the first end counts"
    assert left.cancelled()
