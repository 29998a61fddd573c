"""Days and months, as the clock on the wall has them here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Per = Literal["day", "month"]


@dataclass(frozen=True, slots=True)
class Period:
    """`begin` and `end` are seconds since the epoch, `name` is "2026-11-24" or "2026-11"."""

    begin: float
    end: float
    name: str

    def holds(self, now: float) -> bool:
        return self.begin <= now < self.end


def period(per: Per, now: float) -> Period:
    begin = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    if per == "day":
        end = (begin + timedelta(days=1, hours=1)).replace(hour=0)  # a day may have 25 hours
        return Period(begin.timestamp(), end.timestamp(), f"{begin:%Y-%m-%d}")
    begin = begin.replace(day=1)
    end = (begin + timedelta(days=32)).replace(day=1)
    return Period(begin.timestamp(), end.timestamp(), f"{begin:%Y-%m}")
