"""`libria stop`: end the daemon, after the calls in flight."""

from argparse import ArgumentParser
from contextlib import suppress

from libria.cli.output import complain
from libria.client import Client, DaemonGone, attach


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
    with client:
        _ask_to_stop(client)
        if client.wait_closed(options.wait):  # it closes this connection by ending, and not before
            print("The daemon has ended.")
            return 0
    complain(f"The daemon has not ended within {options.wait:g} s; it still finishes calls (see `libria status`).")
    return 1


def _ask_to_stop(client: Client) -> None:
    with suppress(DaemonGone):  # it may be quicker than its answer
        client.request("libria/stop", {})
