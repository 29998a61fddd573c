"""The answer on standard output, everything about it on standard error."""

import os
import sys
from typing import TextIO

DIM, PLAIN = "\x1b[2m", "\x1b[0m"
CLEAR_LINE = "\r\x1b[K"

_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}
"""A model's text may not steer the user's terminal."""


class Screen:
    """Writes each piece at once. `written` says whether any of the answer is out; notices go to
    standard error, dimmed where that is a terminal; a transient line is only shown there and is
    gone with the next thing written."""

    def __init__(self) -> None:
        self._out_is_terminal = sys.stdout.isatty()
        self._err_is_terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._colour = self._err_is_terminal and not os.environ.get("NO_COLOR")
        self._transient = False
        self._line_open = False  # standard output is in the middle of a line
        self._aside_open = False  # so is standard error, with an aside
        self.written = False

    def answer(self, text: str) -> None:
        if not text:
            return
        self._clear()
        if self._aside_open:
            self._end_aside()
        self.written = True  # before it is: Ctrl-C may come as soon as it is seen
        self._line_open = not text.endswith("\n")
        sys.stdout.write(text.translate(_CONTROLS) if self._out_is_terminal else text)
        sys.stdout.flush()

    def aside(self, text: str) -> None:
        """A piece of the reasoning, to standard error as it comes."""
        self._clear()
        self._put(self._dimmed(text.translate(_CONTROLS) if self._err_is_terminal else text))
        self._aside_open = True

    def notice(self, sentence: str) -> None:
        """A line of its own on standard error."""
        self.end_line()
        self._put(self._dimmed(f"libria: {sentence}") + "\n")

    def raw(self, text: str) -> None:
        """An answer that is not to be taken for one: lines of their own on standard error."""
        self.end_line()
        self._put((text.translate(_CONTROLS) if self._err_is_terminal else text).rstrip("\n") + "\n")

    def transient(self, text: str) -> None:
        """What is being waited for; nothing where no person looks, or in the middle of a line."""
        if not self._err_is_terminal or self._line_open or self._aside_open:
            return
        columns = _columns(sys.stderr)
        self._put(CLEAR_LINE + self._dimmed(text.translate(_CONTROLS)[: columns - 1]))
        self._transient = True

    def end_line(self) -> None:
        """Whatever is written next starts at the left."""
        self._clear()
        if self._aside_open:
            self._end_aside()
        if self._line_open:
            sys.stdout.write("\n")
            sys.stdout.flush()
            self._line_open = False

    def _clear(self) -> None:
        if self._transient:
            self._put(CLEAR_LINE)
            self._transient = False

    def _end_aside(self) -> None:
        self._put("\n\n")
        self._aside_open = False

    def _dimmed(self, text: str) -> str:
        return f"{DIM}{text}{PLAIN}" if self._colour else text

    def _put(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
