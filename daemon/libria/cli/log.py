"""`libria log`: what the daemon did, a line a call and a line an attempt."""

import contextlib
import json
import os
import re
import select
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import takewhile
from typing import Any, cast

from libria import paths
from libria.log.read import follow
from libria.log.shown import shown, visible

Json = Any

LEVELS = ("debug", "info", "warning", "error")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

LOOK_SECONDS = 0.2
"""Between two looks for new lines."""

BEFORE = 10
"""Lines shown before those that are waited for."""


def run(argv: list[str]) -> int:
    options = _options(argv)
    path = paths.log_file()
    if not path.exists():
        _note(f"There is no log yet at {path}; the daemon begins it with the first `libria ask` or editor.", options)
    all = follow(path, _wait if options.follow else None, options.since)
    so_far = takewhile(lambda line: line is not None, all)
    _print(options, _last(options, _chosen(options, so_far)))
    sys.stdout.flush()
    _print(options, _chosen(options, all))
    return 0


def _options(argv: list[str]) -> Namespace:
    parser = ArgumentParser(
        prog="libria log",
        description="Show what the daemon did: its own messages, a line for each call, and one for each request that "
        "was made for it. Never what was asked or answered, unless the config says log.content = true.",
        allow_abbrev=False,
    )
    parser.add_argument("-f", "--follow", action="store_true", help="go on with the lines that come, until Ctrl-C")
    parser.add_argument("-n", "--lines", type=_count, metavar="N", help="at most the last N (with --follow: 10)")
    parser.add_argument("--client", metavar="NAME", help="of clients whose name holds NAME")
    parser.add_argument("--call", metavar="ID", help="of the call whose id begins with ID")
    parser.add_argument("--level", choices=LEVELS, default="debug", help="this one and what is worse")
    parser.add_argument(
        "--since", type=_since, default=0.0, metavar="WHEN", help="10m, 2h, 3d ago, or a time: 2026-01-31T15:00"
    )
    parser.add_argument("--json", action="store_true", help="the lines as they are: one JSON object each")
    return parser.parse_args(argv)


def _print(options: Namespace, records: Iterator[tuple[str, dict[str, Json] | None]]) -> None:
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    write, flush = sys.stdout.write, sys.stdout.flush
    for line, record in records:
        if options.json:
            write((line if record is not None else json.dumps({"event": "output", "message": line})) + "\n")
        elif record is None:
            write(f"{visible(line)}\n")
        else:
            write(f"{shown(record, time.strftime('%Y-%m-%d'), colour=colour)}\n")
        if options.follow:
            flush()


def _chosen(options: Namespace, all: Iterator[str | None]) -> Iterator[tuple[str, dict[str, Json] | None]]:
    """Each line that is wanted, with the object in it; what is no JSON (an interpreter's last words) has none
    and is shown where nothing is looked for."""
    wanted = _wanted(options)
    for line in all:
        if line is None:
            continue
        record = _object(line)
        if record is not None:
            if wanted(record):
                yield line, record
        elif line and not (options.client or options.call or options.since):
            yield line, None


def _last(
    options: Namespace, records: Iterator[tuple[str, dict[str, Json] | None]]
) -> Iterator[tuple[str, dict[str, Json] | None]]:
    most = options.lines
    if most is None and options.follow and not options.since:
        most = BEFORE
    return records if most is None else iter(deque(records, maxlen=most))


def _wanted(options: Namespace) -> Callable[[dict[str, Json]], bool]:
    levels = LEVELS[LEVELS.index(options.level) :]
    client = options.client.casefold() if options.client else None

    def wanted(record: dict[str, Json]) -> bool:
        if record.get("level", "info") not in levels:
            return False
        if client is not None and client not in str(record.get("client", "")).casefold():
            return False
        if options.call and not str(record.get("callId", "")).startswith(options.call):
            return False
        return not options.since or _at(record) >= options.since

    return wanted


def _object(line: str) -> dict[str, Json] | None:
    with contextlib.suppress(ValueError, RecursionError):
        record: Json = json.loads(line)
        if isinstance(record, dict):
            return cast(dict[str, Json], record)
    return None


def _at(record: dict[str, Json]) -> float:
    try:
        return datetime.fromisoformat(str(record.get("ts"))).timestamp()
    except ValueError:
        return 0.0


def _wait() -> None:
    """Until there may be more. Raises BrokenPipeError when nobody reads what is written any more."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    if any(events & (select.POLLERR | select.POLLNVAL) for _, events in poll.poll(LOOK_SECONDS * 1000)):
        raise BrokenPipeError


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise ArgumentTypeError("it takes a number of lines")
    return int(text)


def _since(text: str) -> float:
    ago = re.fullmatch(r"(\d{1,9})([smhdw])", text)
    if ago:
        return time.time() - int(ago[1]) * SECONDS[ago[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise ArgumentTypeError("it takes how long ago (10m, 2h, 3d) or a time (2026-01-31T15:00)") from None


def _note(sentence: str, options: Namespace) -> None:
    """Beside the lines, where a program reads them."""
    print(sentence, file=sys.stderr if options.json or options.follow else sys.stdout)
