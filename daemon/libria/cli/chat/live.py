"""An answer on a terminal while it comes: drawn by a thread, at most so often as an eye can see."""

import threading
from time import monotonic
from typing import Any

from libria.cli.chat.blocks import Look, blocks
from libria.cli.chat.region import Region
from libria.cli.showing import starts_again, waiting_for

Json = Any

FRAME = 0.06
"""Seconds between two pictures."""

SPIN = 0.12
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


class Live:
    """Takes progress values by being called, from one thread, and draws in another. `end` draws the rest; only then
    may anything else write to the terminal. `text` is the answer since the last reset."""

    def __init__(self, look: Look, region: Region, model: str, *, reasoning: bool) -> None:
        self.text = ""
        self._look = look
        self._region = region
        self._wants_reasoning = reasoning
        self._status = f"{model} …"
        self._started = monotonic()
        self._thought = ""  # of the reasoning, what is not final yet
        self._answer = ""  # of the answer, the same
        self._drawn = 0  # lines of the block under way that are final already
        self._gap = False  # whether a blank line comes before the next block
        self._joined = False  # but not before this one: it is an item of a list
        self._lock = threading.Lock()  # whoever holds it may change these, and draw
        self._news = threading.Event()
        self._ended = threading.Event()
        region.newline()
        self._thread = threading.Thread(target=self._paint, name="painter", daemon=True)
        self._thread.start()

    def __call__(self, value: dict[str, Json]) -> None:
        with self._lock:
            match value["kind"]:
                case "delta":
                    self.text += value["text"]
                    self._answer += _shown(value["text"])
                    self._status = ""
                case "reasoning" if self._wants_reasoning:
                    self._thought += _shown(value["text"])
                    self._status = ""
                case "reasoning" if not self.text:
                    self._status = "thinking …"
                case "status":
                    self._status = _shown(waiting_for(value))
                case "reset" if self.text:
                    self.note(starts_again(value))
                    self.text = ""
                case _:
                    return  # kinds that later versions add
        self._news.set()

    def note(self, sentence: str) -> None:
        """Below what has come, which is whole with that. For who holds the lock, or after the end."""
        self._picture(last=True, note=_shown(sentence))

    def end(self) -> None:
        self._ended.set()
        self._news.set()
        self._thread.join()
        self._status = ""
        self._picture(last=True)
        if self._gap:
            self._region.newline()

    def _paint(self) -> None:
        while not self._ended.is_set():
            self._news.wait(SPIN if self._status else None)
            self._news.clear()
            began = monotonic()
            with self._lock:
                if not self._ended.is_set():
                    self._picture()
            self._ended.wait(max(FRAME, 4 * (monotonic() - began)))  # a long block takes longer

    def _picture(self, *, last: bool = False, note: str | None = None) -> None:
        columns, rows = self._region.size()
        self._look.width(columns)
        final: list[str] = []
        live: list[str] = []
        if self._thought:
            self._draw(self._look.dim(self._thought), final, live, rows, whole=last or bool(self._answer), steady=True)
            if self._answer or last:
                self._thought = ""
        if not live:
            self._blocks(final, live, rows, last=last)
        if note is not None:
            final += ["", *self._look.note(note)] if self._gap else self._look.note(note)
            self._gap = True
        elif self._status:
            live += ["", self._spinner()] if live else [self._spinner()]
        self._region.draw(final, live)

    def _blocks(self, final: list[str], live: list[str], rows: int, *, last: bool) -> None:
        parts = blocks(self._answer)
        for number, block in enumerate(parts, 1):
            whole = last or number < len(parts)
            if block.joined or (number == 1 and self._joined):
                self._gap = False
            self._draw(self._look.block(block), final, live, rows, whole=whole, steady=block.code)
        if last:
            self._answer, self._joined = "", False
        elif parts:
            self._joined = parts[-1].joined or (self._joined and len(parts) == 1)
            self._answer = self._answer[parts[-1].start :]

    def _draw(
        self, lines: list[str], final: list[str], live: list[str], rows: int, *, whole: bool, steady: bool
    ) -> None:
        """One block. `steady`: but for the last lines it will look as it does, so that a long one need not wait."""
        lines = [""] * self._gap + lines
        keep = 0 if whole else 3 if steady and len(lines) - self._drawn > rows // 2 else len(lines) - self._drawn
        now = max(self._drawn, len(lines) - keep)
        final += lines[self._drawn : now]
        live += lines[now:]
        self._drawn = 0 if whole else now
        self._gap = self._gap or whole

    def _spinner(self) -> str:
        seconds = int(monotonic() - self._started)
        sign = SPINNER[int(monotonic() / SPIN) % len(SPINNER)]
        return self._look.one_line(f"{sign} {self._status}" + (f" {seconds} s" if seconds else ""))


def _shown(text: str) -> str:
    """A model's text may not steer the user's terminal."""
    return text.translate(_CONTROLS).expandtabs(4)
