"""The terminal while a whole screen is shown: keys as they are pressed, the other screen, and everything as before at
the end: after q, Ctrl-C, an error, a signal, and while Ctrl-Z stops us."""

import os
import re
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, Self

ENTER, LEAVE = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l"
"""The other screen, without a cursor and without wrapping. https://invisible-island.net/xterm/ctlseqs/ctlseqs.html"""

KEY = re.compile(rb"\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Za-z]|.", re.DOTALL)

ENDING = (signal.SIGTERM, signal.SIGHUP)


class Terminal:
    """`redraw` is called when the process goes on after it was stopped. Without a terminal as standard input there
    are no keys."""

    def __init__(self) -> None:
        self.redraw: Callable[[], None] = lambda: None
        self._in = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None
        self._before: list[Any] | None = None
        self._shown = False
        self._signals: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._woken, self._wake = os.pipe()
        for descriptor in (self._woken, self._wake):
            os.set_blocking(descriptor, False)
        self._wakeup = signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        self._signals = {number: signal.signal(number, _end) for number in ENDING}
        self._signals[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, self._stop)
        self._signals[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, _nothing)
        try:
            self._take()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._give_back()
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._signals.items():
            signal.signal(number, handler)
        os.close(self._woken)
        os.close(self._wake)

    def wake(self) -> None:
        """End `wait`; from any thread."""
        with suppress(OSError):
            os.write(self._wake, b"\0")

    def wait(self) -> list[bytes] | None:
        """The keys that were pressed, none after `wake` or a change of size; None when the terminal is gone."""
        sources = [self._woken] if self._in is None else [self._woken, self._in]
        ready = select.select(sources, [], [])[0]
        if self._woken in ready:
            with suppress(BlockingIOError):
                os.read(self._woken, 4096)
        if self._in is None or self._in not in ready:
            return []
        try:
            pressed = os.read(self._in, 4096)
        except OSError:
            return None
        return KEY.findall(pressed) if pressed else None

    def show(self, lines: Sequence[str]) -> None:
        """The whole screen, in one write."""
        text = "\x1b[H" + "\r\n".join(f"{line}\x1b[0m\x1b[K" for line in lines) + "\x1b[J"
        sys.stdout.write(text)
        sys.stdout.flush()

    def _take(self) -> None:
        if self._in is not None:
            self._before = termios.tcgetattr(self._in)
            tty.setcbreak(self._in)
        self._shown = True
        sys.stdout.write(ENTER)
        sys.stdout.flush()

    def _give_back(self) -> None:
        if self._in is not None and self._before is not None:
            with suppress(termios.error):  # it is gone
                termios.tcsetattr(self._in, termios.TCSADRAIN, self._before)
            self._before = None
        if self._shown:
            self._shown = False
            with suppress(OSError):
                sys.stdout.write(LEAVE)
                sys.stdout.flush()

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        """Ctrl-Z: the shell gets its terminal, and we get ours again with `fg`."""
        self._give_back()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(signal.SIGTSTP, self._stop)
        self._take()
        self.redraw()


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """The wake-up descriptor says it; a handler is needed for that."""
