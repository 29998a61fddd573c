"""What the figures were measured on, and whether it had other things to do."""

import os
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import libria

PACKAGES = ("uvloop", "httpx", "msgspec", "pydantic", "pygls")

BUSY = 0.1
"""Share of all cores, from which other work is worth a warning."""


def described() -> dict[str, Any]:
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "libria": libria.__version__,
        "tree": _tree(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def load() -> list[float]:
    """The load averages of 1, 5 and 15 minutes."""
    return [round(value, 2) for value in os.getloadavg()]


def busy(seconds: float = 0.4) -> float:
    """The share of all cores that is busy now, by anybody or by the hypervisor's other guests. To be
    asked when nothing of ours is at work."""
    idle, total = _jiffies()
    time.sleep(seconds)
    idle_after, total_after = _jiffies()
    passed = total_after - total
    return 1 - (idle_after - idle) / passed if passed else 0.0


def _jiffies() -> tuple[int, int]:
    """Idle (with waiting for disks) and all, since the machine started."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return fields[3] + fields[4], sum(fields)


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _tree() -> str | None:
    """The commit, and whether files differ from it; None where this is no checkout."""
    command = ["git", "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def need_linux() -> None:
    if not sys.platform.startswith("linux"):
        raise SystemExit("The bench reads /proc and runs on Linux only.")
