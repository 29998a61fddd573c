"""`libria` without a command: help, version, and what to do about a name that is none."""

import sys

from libria.cli import COMMANDS
from libria.cli.output import complain

HELP = """\
Libria: one daemon per user for every call to a language model.

Usage: libria COMMAND [OPTIONS]

Use it
  ask        ask a model; the answer is printed as it comes
  chat       talk with a model in the terminal
  embed      print the vectors of texts
  template   list, show and edit prompts that have a name
  task       have a task done and its result checked: JSON in, JSON lines out
  models     list the models that your keys and local servers offer
  simulate   run a simulated provider on loopback, for trying and testing

Look into it
  doctor     check keys, addresses, network, config and daemon
  status     show what the daemon is doing
  top        watch it do it, live
  log        show what it did: a line a call, a line an attempt
  usage      show what calls cost: by day, tool, model or provider
  cache      look at the answers that are kept, or take them away
  config     show, check and explain the configuration

Connect to it
  stdio      JSON-RPC on standard input and output: what an editor starts
  socket     print the path of the daemon's socket
  serve      run the daemon in the foreground
  stop       end the daemon
  completion print what the Tab key does in bash, zsh and fish

Options
  -h, --help     this text; `libria COMMAND --help` tells more
  --version      the version

Examples
  libria ask -m simulate/story "Why share one daemon?"
  git diff | libria ask "Write a commit message for this change"

Exit codes: 0 done, 1 the call or check failed, 2 wrong usage, 130 interrupted.
"""


def outside(command: str, rest: list[str]) -> int:
    """Answer a first argument that is no command."""
    if command in ("-h", "--help", "help"):
        return _help(rest)
    if command in ("--version", "-V", "version"):
        from libria import __version__

        print(f"libria {__version__}")
        return 0
    if command == "__words":
        from libria.cli.completion.words import run

        return run(rest)
    complain(f"{_no_such(command)} `libria --help` lists them all.")
    return 2


def _help(rest: list[str]) -> int:
    """`libria help ask` is `libria ask --help`."""
    if rest and rest[0] in COMMANDS:
        from importlib import import_module

        code: int = import_module(COMMANDS[rest[0]]).run(["--help"])
        return code
    sys.stdout.write(HELP)
    return 0


def _no_such(command: str) -> str:
    import difflib

    what = "option" if command.startswith("-") else "command"
    near = difflib.get_close_matches(command, [*COMMANDS, "stdio"], n=3, cutoff=0.65)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"There is no {what} {command!r}.{hint}"
