"""`libria socket`: print the path of the daemon's socket, starting the daemon if it must."""

from argparse import ArgumentParser


def run(argv: list[str]) -> int:
    ArgumentParser(
        prog="libria socket",
        description="Print the path of the daemon's socket, starting the daemon if it must. "
        "It speaks JSON-RPC 2.0 with Content-Length framing, as in the Language Server Protocol.",
        allow_abbrev=False,
    ).parse_args(argv)
    from libria.connect import ensure_daemon

    print(ensure_daemon())
    return 0
