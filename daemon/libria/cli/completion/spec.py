"""What can stand on the command line, read from the commands' own parsers."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Literal, NoReturn

from libria.cli import COMMANDS
from libria.cli.help import HELP

Words = Literal["models", "templates", "chats", "files", "folders", "nothing"]
"""Where the words come from: asked for when they are wanted, the file system, or only the user knows."""

Values = tuple[str, ...] | Words

BY_DEST: dict[str, Words] = {
    "model": "models",
    "fallback": "models",
    "template": "templates",
    "attach": "files",
    "schema": "files",
    "go_on": "chats",
    "file": "files",
    "write": "folders",
}


@dataclass(frozen=True)
class Option:
    """`value` is None where none follows, else the choices, or where they are from."""

    flags: list[str]
    help: str
    value: Values | None
    repeats: bool = False


@dataclass(frozen=True)
class Command:
    """`words`: what can stand there without a dash. `subcommands` are the same again."""

    name: str
    help: str
    options: list[Option]
    words: Values = "nothing"
    subcommands: list["Command"] = field(default_factory=list["Command"])


def commands() -> list[Command]:
    """All, in the order of `libria --help`."""
    told = _told()
    found: list[Command] = []
    for name, what in told.items():
        parser = _parser(COMMANDS[name]) if name in COMMANDS else None
        options = [Option(["--isolated"], "share nothing", None), _HELP] if parser is None else []
        found.append(_read(name, what, parser) if parser else Command(name, what, options))
    return found


_HELP = Option(["-h", "--help"], "what it can be told", None)


def _read(name: str, what: str, parser: argparse.ArgumentParser) -> Command:
    options: list[Option] = []
    words: Values = "nothing"
    subcommands: list[Command] = []
    for action in parser._actions:  # there is no public way to ask
        kind = type(action).__name__
        if kind == "_SubParsersAction":
            listed: list[argparse.Action] = vars(action)["_choices_actions"]
            helps = {one.dest: one.help or "" for one in listed}
            parsers: dict[str, argparse.ArgumentParser] = vars(action)["choices"]
            subcommands = [_read(sub, helps.get(sub, ""), one) for sub, one in parsers.items()]
        elif not action.option_strings:
            words = _values(action, name, parser.prog)
        elif kind == "_HelpAction":
            options.append(_HELP)
        elif action.help != argparse.SUPPRESS:
            value = None if action.nargs == 0 else _values(action, name, parser.prog)
            help = (action.help or "").replace("%%", "%")
            options.append(Option(list(action.option_strings), help, value, kind == "_AppendAction"))
    return Command(name, what, options, words, subcommands)


def _values(action: argparse.Action, command: str, prog: str) -> Values:
    if action.choices is not None:
        return tuple(str(one) for one in action.choices)
    if prog.startswith("libria template"):
        return "templates"
    if action.metavar in ("FILE", "FILE|JSON", "FILE.json"):
        return "files"
    return BY_DEST.get(action.dest, "nothing")


class _Asked(BaseException):
    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser


def _parser(module: str) -> argparse.ArgumentParser | None:
    """The parser that the command makes, stopped where it would begin to read."""

    def stop(self: argparse.ArgumentParser, *_: object, **__: object) -> NoReturn:
        raise _Asked(self)

    run: Callable[[list[str]], int] = import_module(module).run
    before = argparse.ArgumentParser.parse_args
    argparse.ArgumentParser.parse_args = stop  # type: ignore[method-assign]  # for this one call
    try:
        run([])
    except _Asked as asked:
        return asked.parser
    finally:
        argparse.ArgumentParser.parse_args = before  # type: ignore[method-assign]  # as it was
    return None


def _told() -> dict[str, str]:
    """The commands and what they are for, as the help says it."""
    told: dict[str, str] = {}
    for line in HELP.splitlines():
        word, _, what = line.strip().partition(" ")
        if line.startswith("  ") and (word in COMMANDS or word == "stdio"):
            told[word] = what.strip()
    return told
