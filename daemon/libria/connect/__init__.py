"""What an editor starts: the thin process between its stdio and the user's one daemon, whichever that is.

Standard library only, and little of it: it lives as long as the editor, once per window.
"""

import sys

from libria.connect.daemon import NoDaemon, daemon_socket, ensure_daemon, running_socket

__all__ = ["NoDaemon", "daemon_socket", "ensure_daemon", "main", "running_socket"]

USAGE = """usage: libria stdio [--isolated]

Serve JSON-RPC in LSP framing on standard input and output, through the user's shared daemon,
which is started where there is none. --isolated serves in this process and shares nothing.
"""


def main(argv: list[str]) -> int:
    """Exit codes: 0 the client ended, 1 it did so unasked or no daemon could be had, 2 wrong usage, 130
    interrupted."""
    if argv:
        asked = argv[0] in ("-h", "--help")
        (sys.stdout if asked else sys.stderr).write(USAGE)
        return 0 if asked else 2
    from libria.connect.pump import forward

    try:
        return forward(lambda: daemon_socket(moves=True))
    except KeyboardInterrupt:
        return 130
