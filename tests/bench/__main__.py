"""The command: runs the workloads, prints one table, writes JSON."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench import machine
from tests.bench.figure import Figure
from tests.bench.rig import Rig
from tests.bench.table import table
from tests.bench.workloads import LONG, WORKLOADS


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    machine.need_linux()
    begun, started = time.monotonic(), datetime.now(UTC)
    load, busiest = machine.load(), 0.0
    figures: dict[str, list[Figure]] = {}
    for name in options.only or (name for name in WORKLOADS if name not in LONG):
        print(f"{name} …", file=sys.stderr, flush=True)
        with Rig() as rig:
            busiest = max(busiest, machine.busy())
            figures[name] = WORKLOADS[name](rig, options.quick)
    seconds = time.monotonic() - begun
    found = {**machine.described(), "load": load, "busyBefore": round(busiest, 3)}
    warnings = _warnings(found, quick=options.quick)
    print(table(figure for group in figures.values() for figure in group))
    print("\n" + "\n".join([_footer(found, seconds), *warnings]))
    if options.json:
        said = {
            "started": started.isoformat(timespec="seconds"),
            "seconds": round(seconds, 1),
            "quick": options.quick,
            "machine": found,
            "warnings": warnings,
            "figures": [{"workload": name, **one.to_json()} for name, group in figures.items() for one in group],
        }
        options.json.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def _footer(found: dict[str, Any], seconds: float) -> str:
    packages = ", ".join(f"{name} {version or '(none)'}" for name, version in found["packages"].items())
    return (
        f"{found['cpu']}, {found['cores']} cores, {found['system']}; Python {found['python']}, "
        f"Libria {found['libria']} ({found['tree'] or 'no checkout'}), {packages}; "
        f"load before {found['load'][0]}; took {seconds:.0f} s"
    )


def _warnings(found: dict[str, Any], *, quick: bool) -> list[str]:
    warnings: list[str] = []
    if found["busyBefore"] > machine.BUSY or found["load"][0] > found["cores"] / 4:
        warnings.append(
            f"WARNING: the machine had other work (load {found['load'][0]} at the start, up to "
            f"{found['busyBefore']:.0%} of its cores busy before a workload); measure again when it is idle."
        )
    if quick:
        warnings.append("WARNING: measured with --quick; too few samples to quote.")
    return warnings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add("--only", action="append", choices=list(WORKLOADS), metavar="NAME",
        help=f"one workload, may be repeated: {', '.join(WORKLOADS)}")  # fmt: skip
    add("--quick", action="store_true", help="few samples: to see that it works")
    add("--json", type=Path, metavar="PATH", help="write everything there as well")
    return parser


if __name__ == "__main__":
    sys.exit(main())
