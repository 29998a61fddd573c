"""What one call has said so far, numbered, so that others can hear it later or from the middle."""

import asyncio
from array import array
from collections.abc import Iterator

PIECE_BYTES = 64 * 1024
"""What is dropped at once, and what a reader adds up at most to find its place."""

MOST_BYTES = 8 * 1024 * 1024
"""Of one call. A call under way holds its answer itself, in more memory than this; with a longer one the
beginning is dropped, and only who wants to hear it all is told so."""

DELTA = b'"delta","text":'

_WHOLE = 1  # the lowest bit of a size: the bytes are those of the whole event, not of a delta's text alone


class Dropped(Exception):
    """The events that are asked for are no longer there; `first` is the number of the first that is."""

    def __init__(self, first: int) -> None:
        super().__init__(first)
        self.first = first


class Journal:
    """Events as bytes: the JSON behind `"kind":`, without the number. `first` is the number that it
    begins with; a journal that does not begin with 0 begins with a reset, and who heard of what was
    before starts again there. `outcome` is set once, when the call is over."""

    __slots__ = ("_begin", "_dropped", "_head", "_sealed", "_tail", "_waiting", "outcome")

    def __init__(self, first: int = 0) -> None:
        self._begin = first
        self._head = self._tail = _Piece(first)
        self._sealed = 0  # bytes in pieces before the last
        self._dropped = False
        self._waiting: list[asyncio.Future[None]] = []
        self.outcome: bytes | None = None

    def delta(self, text: bytes) -> None:
        """`text` is the JSON of a delta's text. The way that is walked a thousand times a second."""
        piece = self._tail
        piece.data += text
        piece.sizes.append(len(text) << 1)

    def event(self, value: bytes) -> None:
        piece = self._tail
        piece.data += value
        piece.sizes.append(len(value) << 1 | _WHOLE)

    def said(self) -> None:
        """Once after some events: who waits for them hears."""
        if len(self._tail.data) > PIECE_BYTES:
            self._turn()
        if self._waiting:
            self._wake()

    def end(self, outcome: bytes) -> None:
        """The call is over: its answer, or the error, as it went to its client."""
        if self.outcome is None:
            self.outcome = outcome
            self._wake()

    @property
    def next(self) -> int:
        """The number of the event to come."""
        return self._tail.first + len(self._tail.sizes)

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        tail = self._tail
        return self._sealed + len(tail.data) + 4 * len(tail.sizes) + len(self.outcome or b"")

    async def more(self, number: int) -> None:
        """Return once there is an event with this number, or the call is over."""
        while self.next <= number and self.outcome is None:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            finally:
                if waiter in self._waiting:
                    self._waiting.remove(waiter)

    async def over(self) -> bytes:
        """The outcome, once there is one."""
        while self.outcome is None:
            await self.more(self.next)
        return self.outcome

    def reader(self, number: int) -> "Reader":
        """Of the events from `number` on. Raises Dropped."""
        return Reader(self, number if self._dropped else max(number, self._begin))

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def _turn(self) -> None:
        """Begin a new piece, and drop the oldest where there are too many."""
        full = self._tail
        full.next = self._tail = _Piece(self.next)
        self._sealed += full.size
        while self._sealed > MOST_BYTES and self._head is not self._tail:
            self._sealed -= self._head.size
            assert self._head.next is not None
            self._head = self._head.next
            self._dropped = True

    @property
    def head(self) -> "_Piece":
        return self._head


class Reader:
    """One that reads a journal at its own pace."""

    def __init__(self, journal: Journal, number: int) -> None:
        self._journal = journal
        self.number = number
        """Of the event that comes next."""
        self._check()
        piece = journal.head
        while piece.next is not None and piece.next.first <= number:
            piece = piece.next
        self._piece = piece
        self._offset = sum(size >> 1 for size in piece.sizes[: number - piece.first])

    def read(self, most: int) -> Iterator[tuple[int, bytes]]:
        """The numbers and bytes of the events that there are, at most so many. Raises Dropped."""
        self._check()
        until = self.number + most
        while self.number < until:
            piece = self._piece
            index = self.number - piece.first
            if index == len(piece.sizes):
                if piece.next is None:
                    return
                self._piece, self._offset = piece.next, 0
                continue
            size = piece.sizes[index]
            end = self._offset + (size >> 1)
            value = bytes(piece.data[self._offset : end])
            self._offset = end
            self.number += 1
            yield self.number - 1, value if size & _WHOLE else DELTA + value

    def _check(self) -> None:
        if self.number < self._journal.head.first:
            raise Dropped(self._journal.head.first)


class _Piece:
    """Neighbouring events: their bytes, and the length of each, doubled."""

    __slots__ = ("data", "first", "next", "sizes")

    def __init__(self, first: int) -> None:
        self.first = first
        self.data = bytearray()
        self.sizes = array("I")
        self.next: _Piece | None = None

    @property
    def size(self) -> int:
        return len(self.data) + 4 * len(self.sizes)
