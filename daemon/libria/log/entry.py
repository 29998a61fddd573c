"""One event of the log, and the line that it is in the file."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from libria.log.facts import Facts
from libria_providers.types import Json

Level = Literal["debug", "info", "warning", "error"]

RANK: Mapping[Level, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}

DEL = "\x7f"


@dataclass(frozen=True, slots=True)
class Entry:
    """`at` is seconds since the epoch; fields that are None are left out of the line. `facts` is for who
    makes spans of it, and nobody else is to have a `quiet` one; `weight` is about its size in bytes."""

    at: float
    level: Level
    event: str
    fields: Mapping[str, Json]
    facts: Facts | None = field(default=None, repr=False)
    weight: int = 500
    quiet: bool = False

    def line(self) -> bytes:
        """ASCII alone: whatever a foreigner wrote, it steers no terminal and breaks no line."""
        said = {name: _sound(value) for name, value in self.fields.items() if value is not None}
        text = json.dumps({"ts": stamp(self.at), "level": self.level, "event": self.event, **said})
        return text.replace(DEL, "\\u007f").encode("ascii") + b"\n"


def lost(at: float, lines: int) -> Entry:
    """What is written once lines can be written again."""
    message = f"{lines} lines could not be written here and are lost"
    return Entry(at, "warning", "lost", {"lines": lines, "message": message})


def stamp(at: float) -> str:
    """RFC 3339 in UTC, with milliseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _sound(value: Json) -> Json:
    """JSON has no infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
