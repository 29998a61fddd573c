"""What the kernel says of a process: its memory and its CPU time."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Memory:
    """MiB. `rss` is what is resident, `pss` the same with shared pages divided among those who share."""

    rss: float
    pss: float


def memory(pid: int) -> Memory:
    fields: dict[str, float] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, value = line.partition(":")
        fields[name] = int(value.split()[0]) / 1024
    return Memory(rss=fields["Rss"], pss=fields["Pss"])


def cpu_seconds(pid: int) -> float:
    """User and system time so far, in the kernel's steps, mostly of 10 ms."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")
