"""What the conversation is read from and shown on: a terminal, or whatever else is there."""

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from libria.cli.chat.talk import Talk

Json = Any


class Reader(Protocol):
    """`read` raises EOFError at the end and KeyboardInterrupt for Ctrl-C."""

    def read(self, prompt: str) -> str: ...

    def choose(self, prompt: str, names: list[str]) -> str | None: ...


class Shown(Protocol):
    """An answer as it comes: called with each progress value. `text` is what came since the last reset."""

    text: str

    def __call__(self, value: dict[str, Json]) -> None: ...

    def end(self) -> None: ...


@dataclass(frozen=True)
class Ends:
    """`show(model, reasoning)` begins to show an answer, `say` puts lines about it where they belong; `quiet` is for
    the whole conversation. `problem` is what was wrong with what was read to begin with."""

    reader: Reader
    show: Callable[[str, bool], Shown]
    say: Callable[[str], None]
    terminal: bool
    quiet: Callable[[], AbstractContextManager[None]] = nullcontext
    problem: str | None = None

    def greet(self, talk: Talk) -> None:
        said = f"{len(talk.messages)} messages so far" if talk.messages else "/help lists commands"
        self.say(f"{talk.model or 'The default model'} answers · {said} · Ctrl-D leaves")


def ends(*, keep: bool) -> Ends:
    """The terminal's, where both ends are one that can do something; `keep`: what is typed, for the next talk."""
    both = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
    if both and os.environ.get("TERM", "dumb") not in ("dumb", "unknown"):
        return _terminal(keep=keep)

    from libria.cli.chat.lines import Lines
    from libria.cli.chat.plain import Plain

    return Ends(Lines(), lambda _, reasoning: Plain(reasoning=reasoning), _complain, terminal=False)


def _terminal(*, keep: bool) -> Ends:
    from libria.cli.chat.blocks import Look
    from libria.cli.chat.editor import Editor
    from libria.cli.chat.live import Live
    from libria.cli.chat.quiet import quiet
    from libria.cli.chat.region import Region
    from libria.cli.known import known

    colour = not os.environ.get("NO_COLOR")
    look = Look(colour=colour)
    editor = Editor(known, colour=colour, keep=keep)

    def show(model: str, reasoning: bool) -> Shown:
        return Live(look, Region(sys.stdout), model, reasoning=reasoning)

    def say(text: str) -> None:
        lines = [line for part in text.split("\n") for line in look.dim(part) or [""]]
        sys.stdout.write("\n".join([*lines, "", ""]))
        sys.stdout.flush()

    return Ends(editor, show, say, terminal=True, quiet=quiet, problem=editor.typed.problem)


def _complain(text: str) -> None:
    print(text, file=sys.stderr)
