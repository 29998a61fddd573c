"""What each family of Claude can be asked, by its name."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.errors import BadRequest
from libria_providers.refusals import refuse
from libria_providers.rows.anthropic import ROWS
from libria_providers.types import Call, Message, ReasoningOptions, ResponseFormat, Tool, ToolChoice

PLAIN = Call(model="p/m", messages=(Message("user", "Hi"),))
TOOL = Tool("f", {})
SCHEMA = ResponseFormat("jsonSchema", "x", {"type": "object", "properties": {"a": {"type": "string"}}})
NEW_VERSION = {"anthropic-version": "2026-10-21"}


def body(model: str, headers: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    call, quirks = replace(PLAIN, **changes), ROWS[0].quirks_of(model, headers or {})
    refuse(call, model, quirks)
    request = AnthropicMessages().encode(call, model, quirks)
    return msgspec.json.decode(request.body, type=dict[str, Any])


@pytest.mark.parametrize(
    ("model", "tokens", "schema", "thinking", "sampling", "prefill", "turns", "binds", "forced"),
    [
        # schema, prefill, system turns, binds thinking, forced tools: y or n
        ("claude-3-haiku-20240307", 4096, "n", None, "both", "y", "n", "n", "y"),
        ("claude-3-5-haiku-20241022", 8192, "n", None, "both", "y", "n", "n", "y"),
        ("claude-3-7-sonnet-20250219", 8192, "n", "budget", "both", "y", "n", "n", "y"),
        ("claude-sonnet-4-20250514", 8192, "n", "budget", "both", "y", "n", "n", "y"),
        ("claude-opus-4@20250514", 8192, "n", "budget", "both", "y", "n", "n", "y"),
        ("claude-opus-4-0", 8192, "n", "budget", "both", "y", "n", "n", "y"),
        ("claude-opus-4-1-20250805", 8192, "n", "budget", "one", "y", "n", "n", "y"),
        ("claude-haiku-4-5-20251001", 16000, "y", "budget", "one", "y", "n", "n", "y"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 16000, "y", "budget", "one", "y", "n", "n", "y"),
        ("claude-opus-4.5", 16000, "y", "budget", "one", "y", "n", "n", "y"),
        ("claude-sonnet-4-6", 16000, "y", "adaptive", "one", "n", "n", "n", "y"),
        ("claude-opus-4-7", 16000, "y", "adaptive", "none", "n", "n", "n", "y"),
        ("claude-opus-4-8", 16000, "y", "adaptive", "none", "n", "y", "n", "y"),
        ("claude-mythos-preview", 16000, "y", "adaptive", "none", "n", "n", "n", "y"),
        ("claude-sonnet-5", 32000, "y", "adaptive", "none", "n", "n", "n", "y"),
        ("claude-opus-5", 32000, "y", "adaptive", "none", "n", "y", "n", "y"),
        ("claude-fable-5", 32000, "y", "adaptive", "none", "n", "y", "n", "y"),
        ("claude-fable-5-1", 32000, "y", "adaptive", "none", "n", "y", "y", "n"),
        ("claude-mythos-5-2", 32000, "y", "adaptive", "none", "n", "y", "y", "n"),
        ("claude-sonnet-5-5", 32000, "y", "adaptive", "none", "n", "y", "y", "n"),
        ("claude-haiku-5-5", 32000, "y", "adaptive", "none", "n", "y", "y", "y"),
        ("claude-opus-5-5-20260901", 32000, "y", "adaptive", "none", "n", "y", "y", "n"),
        ("claude-opus-6", 32000, "y", "adaptive", "none", "n", "y", "y", "n"),
        ("some-other-model", 4096, "y", "budget", "both", "y", "n", "n", "y"),
    ],
)  # fmt: skip
def test_family(
    model: str, tokens: int, schema: str, thinking: str | None, sampling: str, prefill: str, turns: str,
    binds: str, forced: str,
) -> None:  # fmt: skip
    quirks = ROWS[0].quirks_of(model)
    assert quirks.cache_marks
    assert quirks.answer_tokens == tokens
    given = (quirks.json_schema, quirks.prefill, quirks.system_turns, quirks.binds_thinking, quirks.forced_tools)
    assert "".join("ny"[one] for one in given) == schema + prefill + turns + binds + forced
    assert (None if "reasoning" in quirks.refuses else "adaptive" if quirks.adaptive_thinking else "budget") == thinking
    refused = "temperature" in quirks.refuses and "topP" in quirks.refuses
    assert ("none" if refused else "one" if quirks.one_sampler else "both") == sampling


@pytest.mark.parametrize(
    ("model", "reasoning", "max_tokens", "budget", "effort", "most"),
    [
        ("claude-haiku-4-5", ReasoningOptions("low"), None, 2048, None, 18048),
        ("claude-haiku-4-5-20251001", ReasoningOptions(), None, 8192, None, 24192),
        ("claude-3-7-sonnet-20250219", ReasoningOptions("high"), 4000, 3999, None, 4000),
        ("claude-opus-4-20250514", ReasoningOptions("high"), None, 16384, None, 24576),
        ("claude-opus-4-5", ReasoningOptions(max_tokens=2000), 3000, 2000, None, 3000),
        ("other", ReasoningOptions("low"), None, 2048, None, 6144),
        ("claude-opus-4-6", ReasoningOptions("high"), None, None, "high", 32384),
        ("claude-sonnet-5", ReasoningOptions("minimal"), 50, None, "low", 50),
        ("claude-opus-5-5-20260901", ReasoningOptions(), 50, None, None, 50),
    ],
)
def test_thinking(
    model: str, reasoning: ReasoningOptions, max_tokens: int | None, budget: int | None, effort: str | None, most: int
) -> None:
    said = body(model, reasoning=reasoning, max_tokens=max_tokens, temperature=1.0)
    expected = {"type": "enabled", "budget_tokens": budget} if budget else {"type": "adaptive", "display": "summarized"}
    assert said["thinking"] == expected
    assert said.get("output_config", {}).get("effort") == effort
    assert said["max_tokens"] == most
    assert not {"temperature", "top_p"} & set(said)


def test_budget_for_a_model_that_decides_itself() -> None:
    with pytest.raises(BadRequest, match=r"reasoning\.maxTokens"):
        body("claude-sonnet-5", reasoning=ReasoningOptions(max_tokens=2000))


@pytest.mark.parametrize(
    ("model", "headers"), [("claude-opus-5-5", None), ("claude-haiku-4-5", NEW_VERSION), ("any", NEW_VERSION)]
)
@pytest.mark.parametrize(("name", "word"), [("temperature", "temperature"), ("top_p", "topP")])
def test_no_sampling(model: str, headers: dict[str, str] | None, name: str, word: str) -> None:
    with pytest.raises(BadRequest, match=word):
        body(model, headers, **{name: 0.5})
    # 1 is the default: saying it would be a 400, leaving it out is the same.
    assert name not in body(model, headers, **{name: 1.0})
    assert body(model, headers, provider_options={name: 0.5})[name] == 0.5  # who says it so knows better


def test_the_default_version_keeps_sampling() -> None:
    assert body("claude-haiku-4-5", {"anthropic-version": "2023-06-01"}, temperature=0.5)["temperature"] == 0.5


@pytest.mark.parametrize("choice", [ToolChoice("required"), ToolChoice("tool", "f")])
def test_a_forced_call(choice: ToolChoice) -> None:
    def asked(model: str, **changes: Any) -> dict[str, Any]:
        return body(model, tools=(TOOL,), tool_choice=choice, **changes)

    for model, changes in (("claude-opus-5-5", {}), ("claude-haiku-4-5", {"reasoning": ReasoningOptions("low")})):
        with pytest.raises(BadRequest, match="toolChoice"):
            asked(model, **changes)
    assert "thinking" in asked("claude-opus-4-8", reasoning=ReasoningOptions("low"))
    assert "thinking" not in asked("claude-haiku-4-5")
    with pytest.raises(BadRequest, match="reasoning"):
        body("claude-3-5-haiku-20241022", reasoning=ReasoningOptions("low"))


FORMAT = {"type": "tool", "name": "libria_answer"}


@pytest.mark.parametrize(
    ("changes", "tools", "choice"),
    [
        ({}, ["libria_answer"], FORMAT),
        ({"tools": (TOOL,)}, ["f", "libria_answer"], {"type": "any"}),
        ({"tools": (TOOL,), "tool_choice": ToolChoice("auto")}, ["f", "libria_answer"], {"type": "any"}),
        ({"tools": (TOOL,), "tool_choice": ToolChoice("none")}, ["f", "libria_answer"], FORMAT),
        (
            {"tools": (TOOL,), "tool_choice": ToolChoice("tool", "f")},
            ["f", "libria_answer"],
            {"type": "tool", "name": "f"},
        ),
    ],
)
def test_a_schema_for_a_model_without_structured_outputs(
    changes: dict[str, Any], tools: list[str], choice: dict[str, Any]
) -> None:
    said = body("claude-opus-4-1", response_format=SCHEMA, **changes)
    assert [tool["name"] for tool in said["tools"]] == tools
    assert said["tools"][-1]["input_schema"] == SCHEMA.schema
    assert said["tool_choice"] == choice
    assert "output_config" not in said
    with pytest.raises(BadRequest, match="responseFormat"):
        body("claude-opus-4-1", response_format=SCHEMA, reasoning=ReasoningOptions("low"))


def test_a_schema() -> None:
    said = body("claude-opus-5-5", response_format=SCHEMA, reasoning=ReasoningOptions("low"))
    assert "tools" not in said
    assert said["output_config"] == {
        "effort": "low",
        "format": {"type": "json_schema", "schema": {**(SCHEMA.schema or {}), "additionalProperties": False}},
    }
