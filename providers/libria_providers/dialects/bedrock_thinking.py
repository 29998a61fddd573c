"""How a model on Bedrock is asked to reason: each family has fields of its own.

https://docs.aws.amazon.com/bedrock/latest/userguide/inference-reasoning.html
"""

from dataclasses import dataclass, field
from typing import Literal

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.said import mapping
from libria_providers.errors import BadRequest
from libria_providers.types import Call, Json, ReasoningOptions

LEAST_BUDGET = 1024  # Claude's minimum

_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384}
_LEVELS: dict[str, Literal["low", "medium", "high"]] = {
    "minimal": "low", "low": "low", "medium": "medium", "high": "high",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Thinking:
    """`fields` are for additionalModelRequestFields; `effort` for outputConfig; `max_tokens` replaces the
    call's; `samples` is false where the temperature and topP must be left out."""

    fields: dict[str, Json] = field(default_factory=dict[str, Json])
    effort: str | None = None
    max_tokens: int | None = None
    samples: bool = True

    @property
    def budgeted(self) -> bool:
        return "budget_tokens" in mapping(self.fields.get("thinking"))


def thinking(call: Call, model: str, quirks: Quirks) -> Thinking:
    """Raises BadRequest where the model is of no family that we know, or the numbers leave no room."""
    wanted = call.reasoning
    if wanted is None:
        return Thinking()
    match quirks.converse_reasoning:
        case "thinking":
            return _claude(call, wanted, model, quirks)
        case "reasoningConfig":
            return _nova(call, _level(wanted, model), model)
        case "reasoning_effort":
            return Thinking({"reasoning_effort": _level(wanted, model)})
        case None:
            raise BadRequest(
                f"How {model} is asked for reasoning is not known: leave reasoning out, or say it in "
                "providerOptions.additionalModelRequestFields."
            )


def _level(wanted: ReasoningOptions, model: str) -> str:
    if wanted.effort is None and wanted.max_tokens is not None:
        raise BadRequest(f"{model} takes no reasoning.maxTokens: set reasoning.effort instead.")
    return _LEVELS[wanted.effort or "medium"]


def _nova(call: Call, level: str, model: str) -> Thinking:
    """With "high", temperature, topP and maxTokens must not be set:
    https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html"""
    if level == "high" and call.max_tokens is not None:
        raise BadRequest(f"{model} takes no maxTokens with the reasoning.effort high: leave one of them out.")
    fields: dict[str, Json] = {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": level}}
    return Thinking(fields, samples=level != "high")


def _claude(call: Call, wanted: ReasoningOptions, model: str, quirks: Quirks) -> Thinking:
    """https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html"""
    if quirks.adaptive_thinking:
        level = _level(wanted, model) if wanted.effort or wanted.max_tokens else None
        room = None if call.max_tokens else _BUDGETS[wanted.effort or "medium"] + quirks.answer_tokens
        return Thinking({"thinking": {"type": "adaptive", "display": "summarized"}}, level, room, False)
    budget = wanted.max_tokens
    if budget is None:
        budget = _BUDGETS[wanted.effort or "medium"]
        if call.max_tokens is not None:
            budget = min(budget, call.max_tokens - 1)
            if budget < LEAST_BUDGET:
                raise BadRequest(f"Reasoning needs maxTokens above {LEAST_BUDGET} here, or no reasoning.")
    elif budget < LEAST_BUDGET:
        raise BadRequest(f"reasoning.maxTokens must be at least {LEAST_BUDGET} here.")
    elif call.max_tokens is not None and budget >= call.max_tokens:
        raise BadRequest("reasoning.maxTokens must be below maxTokens, which counts the reasoning too.")
    room = None if call.max_tokens is not None else budget + quirks.answer_tokens
    return Thinking({"thinking": {"type": "enabled", "budget_tokens": budget}}, None, room, False)
