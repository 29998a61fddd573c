"""Who may vanish without a word: a daemon that hangs, an editor that crashed."""

import _thread
import os
import select
from collections.abc import Callable, Iterable
from contextlib import suppress

from libria.connect.line import Line

QUIET_SECONDS = 1.0
"""Without a byte from a daemon that has something to answer, until it is asked whether it is there."""

ANSWER_SECONDS = 5.0
"""For it to say so."""

LATE_SECONDS = 2.0
"""A wake-up so much later than planned means that the machine slept, the daemon as well."""


def look(lines: Iterable[Line], now: float, late: float) -> list[Line]:
    """Those that hang, of the `lines` that have something to answer. Call it every QUIET_SECONDS or so."""
    hung: list[Line] = []
    for line in lines:
        if line.heard != line.marked or line.busy or late > LATE_SECONDS:
            line.marked = line.heard
            line.quiet_since = now
            line.pinged = None
        elif line.pinged is not None:
            if now - line.pinged >= ANSWER_SECONDS:
                hung.append(line)
        elif now - line.quiet_since >= QUIET_SECONDS * 0.9:
            line.pinged = now
            line.ping()
    return hung


class Editor:
    """Tells, once, that the client's process has ended or no longer reads. Asleep until then, where the system
    can say so; elsewhere the end of standard input must do."""

    def __init__(self, stdout: int, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._poll = None
        if hasattr(select, "epoll"):
            self._poll = select.epoll()
            with suppress(OSError):  # a file or a terminal: nobody stops reading it
                self._poll.register(stdout, 0)  # its reader's end is told unasked
            _thread.start_new_thread(self._wait, (self._poll,))

    def process(self, pid: int) -> None:
        """The one that `initialize` names. One that is not there now is of another machine or container."""
        opened = getattr(os, "pidfd_open", None)
        if self._poll is not None and opened is not None:
            with suppress(OSError, OverflowError):
                self._poll.register(opened(pid), select.EPOLLIN)

    def rest(self) -> None:
        """Nobody wants to hear of it any more."""
        self._ended = _nothing

    def _wait(self, poll: "select.epoll") -> None:
        while True:
            try:
                if poll.poll():
                    break
            except InterruptedError:
                continue
            except (OSError, ValueError):
                return
        self._ended()


def _nothing() -> None:
    pass
