"""`libria status`: what the daemon is doing. It never starts one."""

from argparse import ArgumentParser

from libria.cli.describe import describe
from libria.cli.output import print_json
from libria.client import attach


def run(argv: list[str]) -> int:
    parser = ArgumentParser(
        prog="libria status",
        description="Show what the daemon is doing; starts none. Exits 0 when no daemon runs, and says so.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help='JSON; {"running": false} when no daemon runs')
    options = parser.parse_args(argv)
    client = attach()
    if client is None:
        if options.json:
            print_json({"running": False})
        else:
            print("No daemon is running; the next `libria ask` or editor starts one.")
        return 0
    with client:
        status = client.request("libria/status", {})
    if options.json:
        print_json({"running": True, **status})
    else:
        print(describe(status))
    return 0
