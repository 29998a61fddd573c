"""Which of a task's criteria an output meets, and what is to be said of the others."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from libria.config.model import Tasks
from libria.tasks.criteria import check
from libria.tasks.judge import judge
from libria.tasks.messages import ISSUE, Output
from libria.tasks.order import Command, Order, Prose
from libria_providers.errors import ProviderError

Phase = Literal["asking", "checking", "judging"]

AskJudge = Callable[[str, str], Awaitable[str]]
"""The answer of the model named first to the question. Raises ProviderError."""


@dataclass(slots=True)
class Found:
    """`met` in the order of the criteria, `said` of them by number; `mend` are the issues that a model can do
    something about."""

    met: list[bool]
    said: dict[int, str] = field(default_factory=dict[int, str])
    mend: list[str] = field(default_factory=list[str])

    @property
    def issues(self) -> list[str]:
        return [self.said[number] for number in sorted(self.said)]

    def fails(self, number: int, why: str, *, mend: bool) -> None:
        issue = f"Criterion {number} {why}"[:ISSUE].rstrip(".") + "."
        self.met[number - 1] = False
        self.said[number] = issue
        if mend:
            self.mend.append(issue)


async def validate(order: Order, output: Output, config: Tasks, ask: AskJudge, phase: Callable[[Phase], None]) -> Found:
    """A criterion that nobody can judge is not met: whoever relies on it must hear of that."""
    found = Found([True] * len(order.criteria))
    phase("checking")
    for number, criterion in enumerate(order.criteria, 1):
        if isinstance(criterion, Prose):
            continue
        fault = await check(criterion, output, order.wanted, allow_commands=config.allow_commands)
        if fault is not None:
            can = config.allow_commands or not isinstance(criterion, Command)
            found.fails(number, f"is not met: {fault}", mend=can)
    await _judged(order, output, config.judge, ask, found, phase)
    return found


async def _judged(
    order: Order, output: Output, name: str | None, ask: AskJudge, found: Found, phase: Callable[[Phase], None]
) -> None:
    prose = [(number, one.text) for number, one in enumerate(order.criteria, 1) if isinstance(one, Prose)]
    if not prose:
        return
    if name is None:
        for number, _ in prose:
            why = "was not judged: it is in words, and the config names no model for that; set judge in [tasks]"
            found.fails(number, why, mend=False)
        return
    phase("judging")
    try:
        verdicts = await judge(lambda text: ask(name, text), order.instruction, output, prose)
    except ProviderError as error:
        for number, _ in prose:
            found.fails(number, f"was not judged: {error.message}", mend=False)
        return
    for number, _ in prose:
        verdict = verdicts.get(number)
        if verdict is None:
            found.fails(number, f"was not judged: {name} gave no verdict that can be read", mend=False)
        elif verdict.met:
            found.said[number] = f"Criterion {number} is met, judges {name}: {verdict.reason}"[:ISSUE]
        else:
            found.fails(number, f"is not met, judges {name}: {verdict.reason or 'it gave no reason'}", mend=True)
