"""`libria cache`: what is kept of answers, and taking it away."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from libria.cli.output import complain, print_json, table
from libria.client.channel import connect

Json = Any

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+")
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


def run(argv: list[str]) -> int:
    parser = ArgumentParser(
        prog="libria cache",
        description="Look at the answers that the daemon keeps, or take them away.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    stats = commands.add_parser("stats", help="what is kept, and what it saved", allow_abbrev=False)
    stats.add_argument("--json", action="store_true", help="print the daemon's answer as JSON")
    clear = commands.add_parser("clear", help="take answers away: all, or some", allow_abbrev=False)
    clear.add_argument("--model", metavar="MODEL", help="only this one's (provider/model), or this provider's")
    clear.add_argument(
        "--older", type=_seconds, metavar="DURATION", help="only what was kept so long ago: 90s, 30m, 2h, 7d, 1h30m"
    )
    clear.add_argument("--json", action="store_true", help="print the daemon's answer as JSON")
    options = parser.parse_args(argv)
    if options.command == "stats":
        with connect() as client:
            found = client.request("libria/cacheStats", {})
        if options.json:
            print_json(found)
        else:
            _show(found)
        return 0
    return _clear(options.model, options.older, as_json=options.json)


def _clear(model: str | None, older: float | None, *, as_json: bool) -> int:
    params: dict[str, Json] = {}
    if model is not None:
        params["model"] = model
    if older is not None:
        params["olderThan"] = older
    with connect() as client:
        done = client.request("libria/cacheClear", params)
    if as_json:
        print_json(done)
    else:
        print(f"Took away {_count(done['removed'], 'answer')}.")
    problems: list[str] = done.get("problems") or []
    for problem in problems:
        complain(problem)
    return 1 if problems else 0


def _show(found: dict[str, Json]) -> None:
    rows = [("TIER", "ANSWERS", "SIZE", "AT MOST")]
    for tier in found["tiers"]:
        if not tier.get("problem"):
            most = tier.get("maxBytes")
            held = tier.get("entries")
            answers, size = ("?", "?") if held is None else (f"{held:,}", _size(tier["bytes"]))
            rows.append((tier["name"], answers, size, _size(most) if most else ""))
    print(table(rows))
    if models := found.get("models"):
        held = [(one["model"], f"{one['entries']:,}", _size(one["bytes"])) for one in models]
        print()
        print(table([("MODEL", "ANSWERS", "SIZE"), *held]))
    print()
    print(_since(found))
    for tier in found["tiers"]:
        if tier.get("problem"):
            complain(f"{tier['name']}: {tier['problem']}")


def _since(found: dict[str, Json]) -> str:
    """One sentence on what the cache was good for."""
    hits, asked = found["hits"], found["hits"] + found["misses"]
    if not asked:
        return "Nothing was looked up since the daemon started."
    rate = f"{hits:,} of {asked:,} look-ups since the daemon started found an answer ({hits * 100 // asked} %)"
    saved = f", which saved ${found['savedUsd']:.4f}" if found.get("savedUsd") else ""
    joined = f"; {_count(found['joined'], 'call')} heard the answer to an equal one" if found.get("joined") else ""
    return f"{rate}{saved}{joined}."


def _seconds(text: str) -> float:
    if not _DURATION.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is no duration: write 90s, 30m, 2h, 7d or 1h30m")
    return sum(float(number) * UNITS[unit] for number, unit in _PART.findall(text))


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _size(size: float) -> str:
    if size < 1000:
        return f"{size:.0f} B"
    for unit in ("kB", "MB"):
        size /= 1000
        if size < 1000:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:.1f} GB"
