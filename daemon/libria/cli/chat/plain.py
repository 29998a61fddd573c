"""An answer where nobody looks, or a terminal can do little: the text as it comes."""

from typing import Any

from libria.cli.screen import Screen
from libria.cli.showing import Show

Json = Any


class Plain:
    """As `Live`, by writing only: deltas on standard output, what is said about them on standard error."""

    def __init__(self, *, reasoning: bool) -> None:
        self.text = ""
        self._screen = Screen()
        self._show = Show(self._screen, reasoning=reasoning)

    def __call__(self, value: dict[str, Json]) -> None:
        match value["kind"]:
            case "delta":
                self.text += value["text"]
            case "reset":
                self.text = ""
            case _:
                pass
        self._show(value)

    def note(self, sentence: str) -> None:
        self._screen.notice(sentence)

    def end(self) -> None:
        self._screen.end_line()
