"""`libria status`: what the daemon is doing. It never starts one."""

from argparse import ArgumentParser
from time import monotonic
from typing import Any

from libria.cli.output import complain, print_json
from libria.client.channel import Channel

Json = Any

ANSWER_SECONDS = 1.0
"""For the daemon, which is well when it answers in a thousandth of it. Then its watch is asked."""

BUSY_SECONDS = 10.0
"""For one that is known to be alive."""


def run(argv: list[str]) -> int:
    parser = ArgumentParser(
        prog="libria status",
        description="Show what the daemon is doing; starts none. Exits 0 when no daemon runs, and says so.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help='JSON; {"running": false} when no daemon runs')
    options = parser.parse_args(argv)
    status, trouble = _look()
    if trouble is not None:
        if options.json:
            print_json({"running": True, "answers": status is not None, **trouble, **(status or {})})
        else:
            complain(trouble["message"])
    elif options.json:
        print_json({"running": False} if status is None else {"running": True, **status})
    if not options.json and status is not None:
        from libria.cli.report import report
        from libria.cli.words import harmless

        print("\n".join(report(harmless(status))))
    elif not options.json and trouble is None:
        print("No daemon is running; the next `libria ask` or editor starts one.")
    return 1 if trouble is not None and status is None else 0


def _look() -> tuple[dict[str, Json] | None, dict[str, Json] | None]:
    """The daemon's answer, and what is the matter with it; neither when none runs."""
    from libria.connect import NoDaemon

    pid, since = None, monotonic()
    try:
        return _ask(ANSWER_SECONDS), None
    except Late as late:
        pid = late.pid
    except NoDaemon:  # nor does it accept
        from libria import watch

        if watch.ask() is None:
            raise
    from libria.cli.silent import silent

    trouble = silent(pid, since)
    if trouble["state"] != "busy":
        return None, trouble
    try:
        return _ask(BUSY_SECONDS), trouble
    except TimeoutError:
        return None, trouble


class Late(TimeoutError):
    """The daemon, process `pid`, is there and silent."""

    def __init__(self, pid: int | None) -> None:
        super().__init__("The daemon does not answer.")
        self.pid = pid


def _ask(seconds: float) -> dict[str, Json] | None:
    """None where no daemon runs, or one is just ending. Raises Late."""
    from libria.connect import running_socket
    from libria.connect.peer import pid_of

    try:
        connection = running_socket("libria status")
    except ConnectionError:
        return None
    if connection is None:
        return None
    pid = pid_of(connection)
    connection.settimeout(seconds)
    with Channel(connection) as client:
        try:
            answer: dict[str, Json] = client.request("libria/status", {})
        except TimeoutError:
            raise Late(pid) from None
    return answer
