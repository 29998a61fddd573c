"""`libria stop`: end the daemon, after the calls in flight."""

import time
from argparse import ArgumentParser
from contextlib import suppress

from libria.cli.output import complain
from libria.client import Client, DaemonGone, attach
from libria.paths import socket_path

POLL = 0.02
"""Seconds between two looks at the socket."""


def run(argv: list[str]) -> int:
    parser = ArgumentParser(
        prog="libria stop",
        description="End the daemon: it takes no new call, finishes those in flight, and is gone.",
        allow_abbrev=False,
    )
    parser.add_argument("--wait", type=float, default=30.0, metavar="SECONDS", help="for it to end (default: 30)")
    options = parser.parse_args(argv)
    client = attach()
    if client is None:
        print("No daemon is running.")
        return 0
    until = time.monotonic() + options.wait
    mark = _mark()
    with client:
        _ask_to_stop(client)
        client.wait_closed(options.wait)
    while time.monotonic() < until:
        if _mark() != mark:
            print("The daemon has ended.")
            return 0
        time.sleep(POLL)
    complain(f"The daemon has not ended within {options.wait:g} s; it still finishes calls (see `libria status`).")
    return 1


def _ask_to_stop(client: Client) -> None:
    with suppress(DaemonGone):  # it may be quicker than its answer
        client.request("libria/stop", {})


def _mark() -> tuple[int, int] | None:
    """Which socket is there: another daemon may take the place at once."""
    try:
        found = socket_path().stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
