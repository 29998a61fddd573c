"""`libria stop`: end the daemon, after the calls in flight."""

import signal
from argparse import ArgumentParser
from contextlib import suppress

from libria.cli.output import complain
from libria.client.channel import Channel, attach
from libria.client.errors import CallFailed, DaemonGone


def run(argv: list[str]) -> int:
    parser = ArgumentParser(
        prog="libria stop",
        description="End the daemon: it takes no new call, finishes those in flight, and is gone. One that does not "
        "answer is killed.",
        allow_abbrev=False,
    )
    parser.add_argument("--wait", type=float, default=30.0, metavar="SECONDS", help="for it to end (default: 30)")
    options = parser.parse_args(argv)
    client = attach()
    if client is None:
        print("No daemon is running.")
        return 0
    with client:
        try:
            ended = _stop(client, options.wait)
        except TimeoutError:
            return _kill()
    if ended:
        print("The daemon has ended.")
        return 0
    complain(f"The daemon has not ended within {options.wait:g} s; it still finishes calls (see `libria status`).")
    return 1


def _stop(client: Channel, wait: float) -> bool:
    """Whether it ended within `wait` seconds. Raises TimeoutError when it does not answer."""
    try:
        with suppress(DaemonGone):  # it may be quicker than its answer
            client.request("libria/stop", {})
    except CallFailed:  # of another protocol: it does not listen to us, but every daemon drains at a signal
        return _terminate(wait)
    return client.wait_closed(wait)  # it closes this connection by ending, and not before


def _terminate(wait: float) -> bool:
    from libria.connect.daemon import connected
    from libria.connect.process import Process

    connection = connected()
    if connection is None:
        return True
    with connection:
        process = Process(connection)
        try:
            process.signal(signal.SIGTERM)
            return process.gone(wait)
        finally:
            process.close()


def _kill() -> int:
    from libria.connect.daemon import connected, end_hung

    connection = connected()
    if connection is not None:
        with connection:
            end_hung(connection)
    print("The daemon did not answer; it was killed, and calls that were under way are lost.")
    return 0
