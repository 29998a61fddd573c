"""Puts one reply on the wire: at its pace, no faster than the client reads, and to its planned end."""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from libria_providers.simulator.record import Book, Seen

End = Literal["keep", "close", "reset", "stall"]

_BATCH = 512  # pieces joined into one write; the loop gets its turn after each


@dataclass(slots=True)
class Plan:
    """`pieces` are written in order. `delay` is the time before the head, `pauses` the time before a
    piece, and from piece `paced` on each comes `gap` seconds after the one before. `events` is how many
    of the pieces count as events. All times are in seconds."""

    head: bytes
    pieces: list[bytes]
    status: int = 200
    delay: float = 0.0
    pauses: dict[int, float] = field(default_factory=dict[int, float])
    paced: tuple[int, int] = (0, 0)
    gap: float = 0.0
    end: End = "keep"


class Sender:
    """One object a reply. `done` is called when the plan is at its end and the connection is to be
    used for the next request; otherwise the sender has closed it."""

    def __init__(
        self, plan: Plan, seen: Seen, book: Book, transport: asyncio.Transport, done: Callable[[], None]
    ) -> None:
        self._plan = plan
        self._seen = seen
        self._book = book
        self._transport = transport
        self._done = done
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.Handle | None = None
        self._next = -1  # the piece to write next; -1 is the head
        self._started = 0.0  # when the paced pieces began
        self._waited = False  # the pause before the next piece is over
        self._paused = False
        self._ended = False

    def start(self) -> None:
        if self._plan.delay:
            self._timer = self._loop.call_later(self._plan.delay, self._go)
        else:
            self._go()

    def pause(self) -> None:
        """The client reads more slowly than we write."""
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        if self._timer is None:
            self._go()

    def lost(self) -> None:
        """The connection is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._seen.state == "open":
            self._seen.state = "hung up"
            self._seen.ended = self._loop.time()
            self._book.changed()
        self._ended = True

    def _go(self) -> None:
        self._timer = None
        if self._paused or self._ended:
            return
        pieces = self._plan.pieces
        if self._next < 0:
            self._next = 0
            ready = self._ready()
            self._write(self._plan.head + b"".join(pieces[:ready]), ready)
        elif self._next < len(pieces):
            ready = self._ready()
            self._write(b"".join(pieces[self._next : ready]), ready)
        if self._timer is None and not self._paused and not self._ended:
            if self._next < len(pieces):
                self._timer = self._loop.call_soon(self._go)
            else:
                self._finish()

    def _ready(self) -> int:
        """Up to which piece may be written now; sets the timer for the rest."""
        first, last = self._plan.paced
        at = self._next
        stop = min(at + _BATCH, len(self._plan.pieces))
        for place, pause in self._plan.pauses.items():
            if at == place and not self._waited:
                self._waited = True
                self._timer = self._loop.call_later(pause, self._go)
                return at
            if at < place:
                stop = min(stop, place)
        self._waited = False
        if not self._plan.gap or at >= last:
            return stop
        if at < first:
            return min(stop, first)
        now = self._loop.time()
        if at == first:
            self._started = now
        due = first + int((now - self._started) / self._plan.gap + 1e-6) + 1
        if due <= at:
            due = at
        if due < last:
            self._timer = self._loop.call_at(self._started + (due - first) * self._plan.gap, self._go)
        return min(stop, due, last)

    def _write(self, data: bytes, upto: int) -> None:
        if data:
            self._seen.events += upto - self._next
            self._seen.sent += len(data)
            self._next = upto
            self._transport.write(data)
            self._book.changed()

    def _finish(self) -> None:
        end = self._plan.end
        if end == "stall":
            return
        if end == "reset":
            # What is still in our own buffer would be lost with the reset: let it out first.
            self._transport.set_write_buffer_limits(high=0)
            if self._transport.get_write_buffer_size():
                return
        self._ended = True
        self._seen.state = "done"
        self._seen.ended = self._loop.time()
        self._book.changed()
        if end == "keep":
            self._done()
        elif end == "close":
            self._transport.close()
        else:
            reset(self._transport)


def reset(transport: asyncio.Transport) -> None:
    """Close with a TCP reset rather than an orderly end."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
