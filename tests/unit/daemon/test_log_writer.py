"""From the loop to the thread: never a wait, never more than so much memory, never a silent loss."""

import threading
from collections.abc import Sequence

import pytest

from libria.log import writer as writer_module
from libria.log.entry import Entry
from libria.log.writer import Background, Writer


class Sink:
    """Writes when it may."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.batches = 0
        self.busy = threading.Event()
        self.may = threading.Event()
        self.may.set()
        self.closed = False

    def write(self, entries: Sequence[Entry]) -> None:
        self.busy.set()
        assert self.may.wait(20)
        self.entries += entries
        self.batches += 1

    def close(self) -> None:
        self.closed = True


def entry(number: int, weight: int = 500) -> Entry:
    return Entry(0.0, "info", "message", {"number": number}, weight=weight)


def test_all_is_written_in_order_before_the_end() -> None:
    sink = Sink()
    writer = Writer([sink], lambda: 0.0)
    for number in range(1000):
        writer.put(entry(number))
    writer.close(20)
    assert [one.fields["number"] for one in sink.entries] == list(range(1000))
    assert sink.closed
    writer.put(entry(0))  # too late
    assert len(sink.entries) == 1000


@pytest.mark.parametrize(("most", "bytes", "weight"), [(10, 10**9, 500), (10**9, 10_000, 1000)])
def test_a_disk_that_hangs_costs_lines_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, most: int, bytes: int, weight: int
) -> None:
    monkeypatch.setattr(writer_module, "MOST_ENTRIES", most)
    monkeypatch.setattr(writer_module, "MOST_BYTES", bytes)
    sink = Sink()
    sink.may.clear()
    writer = Writer([sink], lambda: 0.0)
    writer.put(entry(-1, weight))
    assert sink.busy.wait(20)
    for number in range(25):
        writer.put(entry(number, weight))
    sink.may.set()
    writer.close(20)
    *kept, said = sink.entries
    assert [one.fields["number"] for one in kept] == [-1, *range(10)]
    assert (said.event, said.fields["lines"]) == ("lost", 15)


def test_the_end_does_not_wait_for_a_disk_that_hangs() -> None:
    sink = Sink()
    sink.may.clear()
    writer = Writer([sink], lambda: 0.0)
    writer.put(entry(1))
    assert sink.busy.wait(20)
    writer.close(0.01)
    assert not sink.entries
    sink.may.set()


def test_many_lines_are_written_together() -> None:
    sink = Sink()
    sink.may.clear()
    writer = Writer([sink], lambda: 0.0)
    writer.put(entry(0))
    assert sink.busy.wait(20)
    for number in range(100):
        writer.put(entry(number))
    sink.may.set()
    writer.close(20)
    assert sink.batches == 2


def test_one_that_lingers_writes_at_once_what_is_asked_for() -> None:
    sink = Sink()
    writer = Background([sink], lambda _count: None, name="test", linger=3600.0)
    for number in range(5):
        writer.put(entry(number))
    assert writer.flush(20)
    assert len(sink.entries) == 5
    assert sink.batches == 1
    assert writer.flush(20), "also where there is nothing to write"
    writer.put(entry(5))
    writer.close(20)
    assert len(sink.entries) == 6
    assert not writer.flush(20), "nobody writes any more"
