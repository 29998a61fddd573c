"""Spending: what the user's budgets do not allow is not sent.

Position: per target, around retry; not around those that cost nothing. Once per call and target. Raises
QuotaExhausted with `asked` False, after which fallback tries the call's next target: one that is free may answer.
"""

from typing import Protocol

from libria.layers.service import Service
from libria_providers.reply import Reply
from libria_providers.types import Call


class Budgets(Protocol):
    async def check(self, call: Call) -> None:
        """Raises QuotaExhausted that names the budget."""
        ...


class Spending:
    def __init__(self, inner: Service, budgets: Budgets) -> None:
        self._inner = inner
        self._budgets = budgets

    async def send(self, call: Call) -> Reply:
        await self._budgets.check(call)
        return await self._inner.send(call)
