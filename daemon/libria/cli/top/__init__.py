"""`libria top`: what the daemon does, live. It never starts one."""

import sys
from argparse import ArgumentParser

DESCRIPTION = """\
Show live what the daemon does: calls, queue, headroom of each target, clients, cache, spend. It starts no daemon, and
waits for one where none runs. Keys: q ends, p holds the picture, arrows and page keys scroll."""


def run(argv: list[str]) -> int:
    parser = ArgumentParser(prog="libria top", description=DESCRIPTION, allow_abbrev=False)
    parser.add_argument("--once", action="store_true", help="print one picture and end, as where there is no terminal")
    options = parser.parse_args(argv)

    from rich.console import Console  # 50 ms, which no other command pays

    console = Console(highlight=False, markup=False, emoji=False)
    from libria.cli.top.screen import live, once

    if options.once or not sys.stdout.isatty() or console.is_dumb_terminal:
        return once(console)
    return live(console)
