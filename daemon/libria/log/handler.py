"""Python's own logging, led into the log: our sentences as they are, of others' faults only kind and place."""

import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType

from libria.log.entry import Level

Say = Callable[[float, Level, str, str], None]
"""Log.message."""

OURS = "libria"
OTHERS = ("asyncio", "opentelemetry", "concurrent.futures")
"""Whose warnings would otherwise go to standard error, with prompts in them."""

_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9 _.,-]*")


class Handler(logging.Handler):
    """Foreign loggers put values into their sentences: only the first words of those are taken, and of an
    exception never its text."""

    def __init__(self, say: Say) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        try:
            logger = record.name.removeprefix(f"{OURS}.")
            ours = record.name == OURS or record.name.startswith(f"{OURS}.")
            message = record.getMessage() if ours else _first_words(str(record.msg))
            if record.exc_info and record.exc_info[1] is not None:
                message = f"{message}: {where(record.exc_info[1])}"
            self._say(record.created, _level(record.levelno), logger, message)
        except Exception:  # noqa: BLE001  # whoever logs must not fail at it
            self._say(record.created, "warning", "log", "a message could not be logged")


def attach(say: Say) -> None:
    """For the life of the process."""
    import time

    handler = Handler(say)
    for name in (OURS, *OTHERS):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.propagate = False

    def crashed(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt | SystemExit):
            say(time.time(), "error", "crash", f"nobody foresaw {where(error, kind, trace)}")

    sys.excepthook = crashed
    threading.excepthook = lambda args: crashed(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: crashed(args.exc_type, args.exc_value, args.exc_traceback)


def where(
    error: BaseException | None, kind: type[BaseException] | None = None, trace: TracebackType | None = None
) -> str:
    """The kind and the last places, never the text, which may hold a prompt or a key."""
    trace = trace or (error.__traceback__ if error is not None else None)
    frames = [f"{frame.f_code.co_filename}:{line}" for frame, line in traceback.walk_tb(trace)]
    places = " < ".join(reversed(frames[-4:]))
    return f"{(kind or type(error)).__name__} at {places or '?'}"


def _first_words(message: str) -> str:
    found = _WORDS.match(message[:200])
    return found[0].strip() if found else "a message"


def _level(number: int) -> Level:
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warning"
    return "info" if number >= logging.INFO else "debug"
