"""A terminal that echoes nothing by itself, so that what is typed while an answer comes is not in the midst of it."""

import contextlib
import signal
import sys
import termios
from collections.abc import Generator
from types import FrameType


@contextlib.contextmanager
def quiet() -> Generator[None, None, None]:
    """From the first prompt to the end, not only during answers: what is typed between two prompts is there, as the
    editor wants it, for the next, and Enter is no new line. Ctrl-C is still heard."""
    try:
        before = termios.tcgetattr(sys.stdin.fileno())
    except (termios.error, ValueError, AttributeError):
        yield
        return
    changed = list(before)
    changed[0] &= ~termios.ICRNL
    changed[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, changed)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, before)


@contextlib.contextmanager
def ended_by_signals() -> Generator[None, None, None]:
    """SIGTERM and SIGHUP end it as an exception does, which leaves the terminal as it was."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
