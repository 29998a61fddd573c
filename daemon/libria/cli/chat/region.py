"""The last lines of a terminal, drawn again and again without a flicker; what is above them stays as it is."""

import os
from collections.abc import Sequence
from typing import TextIO

from libria.cli.chat.blocks import cells

BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"
"""Synchronized output: shown at once by terminals that know it, passed over by the others."""


class Region:
    """`draw` puts lines below what is final; only those that differ are written. The cursor is behind the last one."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._shown: list[str] = []
        self._columns = self.size()[0]

    def newline(self) -> None:
        """Where nothing is drawn."""
        self._out.write("\n")
        self._out.flush()

    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        try:
            size = os.get_terminal_size(self._out.fileno())
        except (OSError, ValueError):
            return 80, 24
        return size.columns or 80, size.lines or 24

    def draw(self, final: Sequence[str], live: Sequence[str]) -> None:
        """`final` lines stay for ever, `live` ones until the next call. Of more live lines than the terminal has rows,
        the last are seen. Without live ones the cursor is at the left, below."""
        columns, rows = self.size()
        if columns != self._columns:
            self._reflowed(columns)
        live = list(live)[-(rows - 1) :] if rows > 1 else []
        lines = [*final, *live]
        same = 0
        for old, new in zip(self._shown, lines, strict=False):
            if old != new:
                break
            same += 1
        if not final and same == len(lines) == len(self._shown):
            return
        pieces = [BEGIN, "\r", _up(len(self._shown) - 1)]
        for number, line in enumerate(lines):
            pieces.append("\r\n" if number and number >= same else "" if number == 0 else "\x1b[B\r")
            if number >= same:
                pieces.append(f"\x1b[2K{line}")
            elif number == len(lines) - 1:
                pieces.append(f"\x1b[2K{line}")  # so that the cursor is behind it
        if not lines:
            pieces.append("\x1b[2K")
        elif not live:
            pieces.append("\r\n")
        pieces += ["\x1b[J", END]
        self._out.write("".join(pieces))
        self._out.flush()
        self._shown = live

    def _reflowed(self, columns: int) -> None:
        """A terminal that became narrower broke our lines: as many empty ones stand for those that came."""
        extra = sum(max(0, -(-cells(line) // columns) - 1) for line in self._shown)
        self._shown = [""] * extra + [""] * len(self._shown)
        self._columns = columns


def _up(rows: int) -> str:
    return f"\x1b[{rows}A" if rows > 0 else ""
