"""Times as people write them: "7d", "today", "2026-11-01"."""

import re
from datetime import datetime, timedelta

SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}

FORMS = 'how long ago (12h, 7d, 4w), "today", "yesterday", "month" (its first), or a date or time (2026-11-01)'

_AGO = re.compile(r"(\d{1,6})([mhdw])")


def moment(text: str, now: float) -> float:
    """Seconds since the epoch. Days and weeks count back to a midnight, this day being the first. Raises ValueError."""
    today = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    match text:
        case "today":
            return today.timestamp()
        case "yesterday":
            return (today - timedelta(days=1)).timestamp()
        case "month":
            return today.replace(day=1).timestamp()
        case _:
            pass
    try:
        if found := _AGO.fullmatch(text):
            number, unit = int(found[1]), found[2]
            if unit in "dw":
                return (today - timedelta(days=max(0, number * (7 if unit == "w" else 1) - 1))).timestamp()
            return now - number * SECONDS[unit]
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{text[:40]!r} is no time; write {FORMS}") from None


def stamp(at: float) -> str:
    """ISO 8601 with the offset that the clock on the wall has here."""
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")
