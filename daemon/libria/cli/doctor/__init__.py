"""`libria doctor`: whether calls can work from here, and what to set where they cannot."""

import os
from argparse import ArgumentParser

from libria.cli.output import print_json


def run(argv: list[str]) -> int:
    parser = ArgumentParser(
        prog="libria doctor",
        description="Check keys, addresses, network, config and daemon. Needs no daemon, sends no key, "
        "and exits 1 when no provider can be used or something must be mended.",
        allow_abbrev=False,
    )
    parser.add_argument("--offline", action="store_true", help="ask no address whether it answers")
    parser.add_argument("--json", action="store_true", help="the findings as one JSON object")
    options = parser.parse_args(argv)

    from libria.cli.doctor.advice import faults
    from libria.cli.doctor.findings import examine
    from libria.cli.doctor.report import as_json, as_text

    findings = examine(os.environ, ask_network=not options.offline)
    if options.json:
        print_json(as_json(findings))
    else:
        print(as_text(findings))
    return 0 if findings.usable and not faults(findings) else 1
