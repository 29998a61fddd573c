"""One measured figure, what stands beside it, and what is to be reached."""

from dataclasses import dataclass
from typing import Any, Literal

Beyond = Literal["added", "ratio"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One of the bounds; it is for the figure itself, or for what Libria adds to the direct one."""

    at_most: float | None = None
    at_least: float | None = None
    of: Literal["libria", "added"] = "libria"

    def reached(self, value: float) -> bool:
        over = self.at_most is not None and value > self.at_most
        under = self.at_least is not None and value < self.at_least
        return not (over or under)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`libria` is None for what is not built yet. `beside` says what `direct` is."""

    name: str
    unit: str
    libria: float | None
    direct: float | None = None
    beside: str = ""
    beyond: Beyond = "added"
    goal: Goal | None = None
    note: str = ""

    @property
    def added(self) -> float | None:
        return None if self.libria is None or self.direct is None else self.libria - self.direct

    @property
    def ratio(self) -> float | None:
        return None if self.libria is None or not self.direct else self.libria / self.direct

    @property
    def reached(self) -> bool | None:
        """None where nothing is to be reached, or nothing was measured."""
        value = self.added if self.goal is not None and self.goal.of == "added" else self.libria
        return None if self.goal is None or value is None else self.goal.reached(value)

    def to_json(self) -> dict[str, Any]:
        goal = self.goal
        return {
            "name": self.name,
            "unit": self.unit,
            "libria": _rounded(self.libria),
            "direct": _rounded(self.direct),
            "beside": self.beside,
            "added": _rounded(self.added),
            "ratio": _rounded(self.ratio),
            "goal": goal and {"atMost": goal.at_most, "atLeast": goal.at_least, "of": goal.of},
            "reached": self.reached,
            "note": self.note,
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
