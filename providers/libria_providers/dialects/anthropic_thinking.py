"""How a Claude model is asked to think: by a budget of tokens, or (newer ones) by an effort.

Up to 4.5 there are budgets, 4.6 takes both, and from 4.7 on a budget is a 400:
https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking
"""

import re
from dataclasses import dataclass
from typing import Literal

from libria_providers.errors import BadRequest
from libria_providers.types import Call, Json

LEAST_BUDGET = 1024  # the API's minimum
ANSWER_TOKENS = 4096  # room for the answer beside the thinking, when the call sets no limit

_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384}
_EFFORTS: dict[str, Literal["low", "medium", "high"]] = {
    "minimal": "low", "low": "low", "medium": "medium", "high": "high",
}  # fmt: skip
# claude-opus-4-6, claude-sonnet-5, claude-haiku-4-5-20251001; what follows as a date is no version.
_VERSION = re.compile(r"claude-[a-z]+-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")


@dataclass(frozen=True, slots=True)
class Thinking:
    """`field` is the body's `thinking`, None when the call wants none; `effort` goes into
    output_config; `max_tokens` replaces the default."""

    field: dict[str, Json] | None = None
    effort: str | None = None
    max_tokens: int | None = None


def thinking(call: Call, model: str) -> Thinking:
    """Raises BadRequest when the numbers leave no room to think or to answer."""
    if call.reasoning is None:
        return Thinking()
    effort, budget = call.reasoning.effort, call.reasoning.max_tokens
    if _adaptive(model):
        if budget is not None and effort is None:
            raise BadRequest(f"{model} takes no reasoning.maxTokens: set reasoning.effort instead.")
        room = None if call.max_tokens else _BUDGETS[effort or "medium"] + ANSWER_TOKENS
        # From 4.7 on the default is "omitted": thinking blocks without their text.
        return Thinking({"type": "adaptive", "display": "summarized"}, _EFFORTS[effort] if effort else None, room)
    if budget is None:
        budget = _BUDGETS[effort or "medium"]
        if call.max_tokens is not None:
            budget = min(budget, call.max_tokens - 1)
            if budget < LEAST_BUDGET:
                raise BadRequest(f"Reasoning needs maxTokens above {LEAST_BUDGET} here, or no reasoning.")
    elif budget < LEAST_BUDGET:
        raise BadRequest(f"reasoning.maxTokens must be at least {LEAST_BUDGET} here.")
    elif call.max_tokens is not None and budget >= call.max_tokens:
        raise BadRequest("reasoning.maxTokens must be below maxTokens, which counts the reasoning too.")
    room = None if call.max_tokens is not None else budget + ANSWER_TOKENS
    return Thinking({"type": "enabled", "budget_tokens": budget}, None, room)


def _adaptive(model: str) -> bool:
    found = _VERSION.search(model)
    return found is not None and (int(found[1]), int(found[2] or 0)) >= (4, 6)
