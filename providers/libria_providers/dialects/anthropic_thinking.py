"""How a Claude model is asked to think: by a budget of tokens, or (newer ones) by an effort.

Up to 4.5 there are budgets, 4.6 takes both, and from 4.7 on a budget is a 400:
https://platform.claude.com/docs/en/build-with-claude/thinking
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.said import items, mapping
from libria_providers.errors import BadRequest
from libria_providers.types import Call, Json

LEAST_BUDGET = 1024  # the API's minimum
BINDING_BETA = "thinking-binding-controls-2026-08-01"  # for `block_binding`

_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384}
_EFFORTS: dict[str, Literal["low", "medium", "high"]] = {
    "minimal": "low", "low": "low", "medium": "medium", "high": "high",
}  # fmt: skip
_THOUGHTS = ("thinking", "redacted_thinking")


@dataclass(frozen=True, slots=True)
class Thinking:
    """`field` is the body's `thinking`, None when there is nothing to say of it; `effort` goes into
    output_config; `max_tokens` replaces the default; `budgeted` when a budget is set."""

    field: dict[str, Json] | None = None
    effort: str | None = None
    max_tokens: int | None = None

    @property
    def budgeted(self) -> bool:
        return self.field is not None and "budget_tokens" in self.field


def thinking(call: Call, model: str, quirks: Quirks, turns: Sequence[dict[str, Json]]) -> Thinking:
    """Raises BadRequest when the numbers leave no room to think or to answer."""
    if quirks.adaptive_thinking:
        return _adaptive(call, model, quirks, turns)
    if call.reasoning is None or _has_begun_without(turns):
        return Thinking()
    effort, budget = call.reasoning.effort, call.reasoning.max_tokens
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
    room = None if call.max_tokens is not None else budget + quirks.answer_tokens
    return Thinking({"type": "enabled", "budget_tokens": budget}, None, room)


def _adaptive(call: Call, model: str, quirks: Quirks, turns: Sequence[dict[str, Json]]) -> Thinking:
    field: dict[str, Json] | None = None
    effort, room = None, None
    if call.reasoning is not None:
        wanted = call.reasoning.effort
        if call.reasoning.max_tokens is not None and wanted is None:
            raise BadRequest(f"{model} takes no reasoning.maxTokens: set reasoning.effort instead.")
        # From 4.7 on the default is "omitted": thinking blocks without their text.
        field = {"type": "adaptive", "display": "summarized"}
        effort = _EFFORTS[wanted] if wanted else None
        room = None if call.max_tokens else _BUDGETS[wanted or "medium"] + quirks.answer_tokens
    if _binding(quirks, turns):
        # Of a conversation that was shortened or whose tools changed, what was thought is left out
        # rather than all of it refused; "adaptive" is what these models do anyway.
        # https://platform.claude.com/docs/en/build-with-claude/preserved-thinking/prefix-checks
        field = {**(field or {"type": "adaptive"}), "block_binding": {"prefix_mismatch_behavior": "drop_block"}}
    return Thinking(field, effort, room)


def _binding(quirks: Quirks, turns: Sequence[dict[str, Json]]) -> bool:
    """Whether anything goes back whose binding can be broken."""
    return quirks.binds_thinking and any(
        mapping(block).get("type") in _THOUGHTS
        for turn in turns
        if turn["role"] == "assistant"
        for block in items(turn["content"])
    )


def _has_begun_without(turns: Sequence[dict[str, Json]]) -> bool:
    """The turn at hand (calls that are answered now, or words to be gone on with) was begun without
    thinking, by another provider or when nobody asked for it. With a budget that is a 400 ("a final
    assistant message must start with a thinking block"); so this one turn goes on without."""
    last = next((turn for turn in reversed(turns) if turn["role"] == "assistant"), None)
    if last is None:
        return False
    blocks = [mapping(block).get("type") for block in items(last["content"])]
    open_ended = last is turns[-1] or "tool_use" in blocks
    return open_ended and (not blocks or blocks[0] not in _THOUGHTS)
