"""What OpenAI's models are asked for, in which format, and what each of them refuses."""

from dataclasses import replace

import pytest

from libria_providers.errors import BadRequest
from libria_providers.refusals import refuse
from libria_providers.rows.openai import OTHERS, ROWS
from libria_providers.types import Call, CountTokens, Message, ReasoningOptions, Tool

BY_NAME = {row.name: row for row in (*ROWS, *OTHERS)}
OPENAI = BY_NAME["openai"]
PLAIN = Call(model="openai/m", messages=(Message("user", "Hi"),))
ASKED = {
    "temperature": replace(PLAIN, temperature=0.5),
    "topP": replace(PLAIN, top_p=0.5),
    "stop": replace(PLAIN, stop=("a",)),
    "reasoning": replace(PLAIN, reasoning=ReasoningOptions("low")),
    "seed": replace(PLAIN, seed=1),
    "maxTokens": replace(PLAIN, max_tokens=9),
    "tools": replace(PLAIN, tools=(Tool("f", {}),)),
}
NOTHING: set[str] = set()
THINKING = {"temperature", "topP", "stop"}


@pytest.mark.parametrize(
    ("model", "refused"),
    [
        ("gpt-4o", {"reasoning"}),
        ("gpt-4.1-nano-2025-04-14", {"reasoning"}),
        ("ft:gpt-4o-mini-2024-07-18:org::id", {"reasoning"}),
        ("chatgpt-4o-latest", {"reasoning"}),
        ("gpt-4o-mini-search-preview-2025-03-11", {"reasoning", "temperature", "topP"}),
        ("o1", {"temperature", "topP"}),
        ("o3-mini", {"temperature", "topP"}),
        ("o3", THINKING),
        ("o4-mini-2025-04-16", THINKING),
        ("ft:o4-mini-2025-04-16:org::id", THINKING),
        ("gpt-5", THINKING),
        ("GPT-5-nano-2025-08-07", THINKING),
        ("gpt-5-chat-latest", {"reasoning"}),
        ("gpt-5.1", {"stop"}),
        ("gpt-5.2-2025-12-11", {"stop"}),
        ("gpt-5.4-nano", {"stop"}),
        ("gpt-5.2-chat-latest", NOTHING),
        ("gpt-5.3-codex", THINKING),
        ("gpt-5.2-pro", THINKING),
        ("gpt-5.5", THINKING),
        ("gpt-5.6-luna", THINKING),
        ("gpt-5.10", THINKING),
        ("gpt-6-luna", THINKING),
        ("gpt-6.1-sol", THINKING),
        ("gpt-10", THINKING),
        ("chat-latest", NOTHING),
        ("gpt-oss-20b", NOTHING),
        ("my-gpt-5", NOTHING),
        ("story", NOTHING),
    ],
)
def test_refused(model: str, refused: set[str]) -> None:
    quirks = OPENAI.quirks_of(model)
    found: set[str] = set()
    for name, call in ASKED.items():
        try:
            refuse(call, model, quirks)
        except BadRequest as error:
            found.add(name if name in error.message else error.message)
    assert found == refused
    refuse(replace(PLAIN, temperature=1.0, top_p=1.0), model, quirks)  # the defaults


@pytest.mark.parametrize(
    ("model", "efforts"),
    [
        ("o3", "low low medium high"),
        ("gpt-5", "minimal low medium high"),
        ("gpt-5.1", "low low medium high"),
        ("gpt-6-luna", "low low medium high"),
        ("gpt-5-codex", "low low medium high"),
        ("gpt-5-pro-2025-10-06", "high high high high"),
        ("gpt-5.2-pro", "medium medium medium high"),
        ("o3-deep-research", "medium medium medium medium"),
        ("gpt-5.2-chat-latest", "medium medium medium medium"),
    ],
)
def test_efforts(model: str, efforts: str) -> None:
    own = dict(OPENAI.quirks_of(model).efforts)
    assert " ".join(own.get(ours, ours) for ours in ("minimal", "low", "medium", "high")) == efforts


@pytest.mark.parametrize(
    ("model", "plain", "with_tools"),
    [
        ("gpt-4o", "openai-chat", "openai-chat"),
        ("gpt-4o-mini-search-preview", "openai-chat", "openai-chat"),
        ("gpt-5", "openai-chat", "openai-chat"),
        ("gpt-5.2", "openai-chat", "openai-chat"),
        ("gpt-5.3-chat-latest", "openai-chat", "openai-chat"),
        ("gpt-5.4-mini", "openai-chat", "openai-responses"),
        ("gpt-5.6-sol", "openai-chat", "openai-responses"),
        ("gpt-6-luna", "openai-chat", "openai-responses"),
        ("gpt-6.1-sol", "openai-chat", "openai-responses"),
        ("o1-pro-2025-03-19", "openai-responses", "openai-responses"),
        ("o3-pro", "openai-responses", "openai-responses"),
        ("gpt-5-pro", "openai-responses", "openai-responses"),
        ("gpt-5.5-pro-2026-04-23", "openai-responses", "openai-responses"),
        ("gpt-5.1-codex-max", "openai-responses", "openai-responses"),
        ("codex-mini-latest", "openai-responses", "openai-responses"),
        ("o4-mini-deep-research-2025-06-26", "openai-responses", "openai-responses"),
        ("computer-use-preview", "openai-responses", "openai-responses"),
        ("gpt-5.6-cyber", "openai-responses", "openai-responses"),
        ("story", "openai-chat", "openai-chat"),
        ("my-product", "openai-chat", "openai-chat"),
    ],
)
def test_route(model: str, plain: str, with_tools: str) -> None:
    for call, name in ((PLAIN, plain), (ASKED["tools"], with_tools)):
        exchange = OPENAI.exchange(call, model)
        assert exchange is not None
        assert exchange.name == name
        always = BY_NAME["openai-responses"].exchange(call, model)
        assert always is not None
        assert always.name == "openai-responses"


@pytest.mark.parametrize("name", ["openai", "openai-responses"])
def test_tokens_are_counted(name: str) -> None:
    exchange = BY_NAME[name].exchange(replace(PLAIN, ask=CountTokens()), "gpt-5-pro")
    assert exchange is not None
    assert exchange.name == "openai-responses-count"


@pytest.mark.parametrize(
    ("model", "asked"), [("gpt-4o", False), ("gpt-4.1-mini", False), ("gpt-5", True), ("o3", True)]
)
def test_encrypted_reasoning_is_asked_of_who_reasons(model: str, asked: bool) -> None:
    assert BY_NAME["openai-responses"].quirks_of(model).encrypted_reasoning is asked
