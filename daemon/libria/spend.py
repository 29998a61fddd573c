"""What was used since the daemon started, by target: failed, cancelled and hedged attempts too."""

from dataclasses import dataclass

from libria_providers.types import Attempt, Usage

MOST_TARGETS = 1000
"""Kept apart; what is beyond is summed up under one name."""

OTHERS = "others"


@dataclass(slots=True)
class Spent:
    """Sums. `estimated_attempts` are those whose tokens were counted here, as the provider said none:
    their replies broke or were left before the end."""

    attempts: int = 0
    failed: int = 0
    cancelled: int = 0
    estimated_attempts: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class Spend:
    def __init__(self) -> None:
        self.by_target: dict[str, Spent] = {}

    def add(self, attempt: Attempt, usage: Usage, exact: bool) -> None:
        name = attempt.target
        if name not in self.by_target and len(self.by_target) >= MOST_TARGETS:
            name = OTHERS
        spent = self.by_target.setdefault(name, Spent())
        spent.attempts += 1
        spent.failed += attempt.outcome not in ("ok", "cancelled")
        spent.cancelled += attempt.outcome == "cancelled"
        spent.estimated_attempts += not exact
        spent.input_tokens += usage.input_tokens
        spent.output_tokens += usage.output_tokens
