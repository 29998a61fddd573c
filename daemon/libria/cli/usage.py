"""`libria usage`: what calls cost, by day, tool, model or provider; out of the ledger, whether a daemon runs or not."""

import csv
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import Any, cast

from libria.cli.output import complain, print_json
from libria.client.channel import attach
from libria.client.errors import CallFailed

Json = Any

BY = ("day", "model", "provider", "tool")

NO_SUCH_METHOD = -32601

DESCRIPTION = """\
Show what calls cost, out of the ledger, which holds figures and nothing of what was said. Prices are the published
ones; tokens are the providers' own figures. Without options: the last thirty days, day by day."""


def run(argv: list[str]) -> int:
    options = _options(argv)
    found = _asked(options)
    if found is None:
        return 1
    for problem in found.get("problems") or ():
        complain(problem)
    if options.json:
        print_json(found)
    elif options.csv:
        _write_csv(found, options.by)
    elif not found["rows"]:
        print(_empty(options))
    else:
        from libria.cli.usage_chart import show  # imports rich, which programs do not wait for

        show(found, options.by)
    return 0


def _options(argv: list[str]) -> Namespace:
    from libria.ledger.when import FORMS

    parser = ArgumentParser(prog="libria usage", description=DESCRIPTION, allow_abbrev=False)
    parser.add_argument("--by", choices=BY, default="day", help="what is summed up (default: day)")
    parser.add_argument("--since", type=_time, metavar="WHEN", help=f"from then on: {FORMS}")
    parser.add_argument("--until", type=_time, metavar="WHEN", help="before then")
    parser.add_argument("--all", action="store_true", help="all that the ledger holds, in place of thirty days")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object")
    form.add_argument("--csv", action="store_true", help="a line of names, then a line for each row")
    options = parser.parse_args(argv)
    if options.since is None and not options.all:
        options.since = "30d"
    if options.since and options.until and _begins_late(options.since, options.until):
        parser.error("nothing lies between: --since must be before --until")
    return options


def _begins_late(since: str, until: str) -> bool:
    from libria.ledger.when import moment

    now = time.time()
    return moment(since, now) >= moment(until, now)


def _time(text: str) -> str:
    from libria.ledger.when import moment

    try:
        moment(text, time.time())
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
    return text


def _asked(options: Namespace) -> dict[str, Json] | None:
    """The daemon's answer, as it knows also of what it writes only in a moment; where none runs, the file's."""
    client = attach()
    if client is not None:
        params = {name: getattr(options, name) for name in ("by", "since", "until") if getattr(options, name)}
        try:
            with client:
                return cast("dict[str, Json]", client.request("libria/usage", params))
        except CallFailed as error:
            if error.code != NO_SUCH_METHOD:
                complain(str(error))
                return None
    return _read(options)


def _read(options: Namespace) -> dict[str, Json] | None:
    import msgspec

    from libria.ledger.query import Unreadable, usage
    from libria.ledger.when import moment
    from libria.paths import ledger_file
    from libria.rpc.usage_results import to_report

    now = time.time()
    since = moment(options.since, now) if options.since else None
    until = moment(options.until, now) if options.until else now + 1
    try:
        found = usage(ledger_file(), options.by, since, until)
    except Unreadable as error:
        complain(str(error))
        return None
    return cast("dict[str, Json]", msgspec.to_builtins(to_report(found, [])))


def _write_csv(found: dict[str, Json], by: str) -> None:
    names = list(found["total"])[1:]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([by, *names])
    for row in found["rows"]:
        writer.writerow([_no_formula(row["key"]), *(_plain(row[name]) for name in names)])


def _no_formula(key: str) -> str:
    """A tool chooses its own name; a spreadsheet shall not compute with it."""
    return f"'{key}" if key[:1] in ("=", "+", "-", "@", "\t", "\r") else key


def _plain(value: float) -> str:
    """Never 1e-06."""
    return str(value) if isinstance(value, int) else f"{value:.12f}".rstrip("0").rstrip(".")


def _empty(options: Namespace) -> str:
    if options.all:
        return "The ledger is empty: nothing was asked yet."
    return f"Nothing was asked since {options.since}; `libria usage --all` shows all that the ledger holds."
