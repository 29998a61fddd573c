"""Whether this machine's clock is right: the servers that were reached say what time it is."""

import time
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from pathlib import Path
from statistics import median

import libria

FAR = 60.0
"""Seconds. Certificates and some sign-ins fail with a clock that is minutes off; the `Date` of a server counts
whole seconds and may come out of a cache, hence the median."""


def off_by(date: str | None, now: float) -> float | None:
    """Seconds by which a server's `Date` is ahead of `now`."""
    try:
        return parsedate_to_datetime(date).timestamp() - now if date else None
    except (ValueError, OverflowError):
        return None


def clock(differences: Iterable[float | None]) -> tuple[float | None, str | None]:
    """Seconds that this clock is behind (None where nobody said), and what is wrong with it."""
    known = [seconds for seconds in differences if seconds is not None]
    if known:
        behind = median(known)
        if abs(behind) < FAR:
            return behind, None
        way = "behind" if behind > 0 else "ahead of"
        return behind, f"the clock is {abs(behind):.0f} s {way} the servers'; set it (timedatectl set-ntp true)"
    if time.time() < Path(libria.__file__).stat().st_mtime - 86400:
        return None, "the clock is before this program was installed; set it (timedatectl set-ntp true)"
    return None, None
