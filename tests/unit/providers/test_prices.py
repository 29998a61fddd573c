"""Prices, by the library's data as it is installed: what must hold whatever it says today."""

import subprocess
import sys

import pytest

from libria_providers import prices
from libria_providers.prices import completed, context_window, cost, price
from libria_providers.registry import ROWS
from libria_providers.types import Model, Price, Usage

MILLION = 1_000_000


def test_nothing_is_loaded_before_the_first_price() -> None:
    """And nothing ever opens a connection: the library's own updater does not run."""
    script = (
        "import sys, threading; from libria_providers import prices; import libria_providers.dialects.model_list; "
        "assert 'genai_prices' not in sys.modules; assert prices.price('ollama', 'x') is None; "
        "assert 'genai_prices' not in sys.modules; prices.preload(); assert 'genai_prices' in sys.modules; "
        "assert threading.active_count() == 1"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "nobody-knows-this-1"),
        ("nobody", "gpt-4o"),
        ("ollama", "llama3.3"),
        ("vllm", "gpt-4o"),
        ("simulate", "story"),
        ("openrouter", "openrouter/auto"),
        ("huggingface", "openai/gpt-oss-120b"),
        ("vercel-gateway", "gpt-4o"),
        ("vercel-gateway", "nobody/gpt-4o"),
        ("openai", ""),
    ],
)
def test_what_is_not_known(provider: str, model: str) -> None:
    assert price(provider, model) is None
    assert cost(provider, model, Usage(1, 1)) is None
    assert context_window(provider, model) is None


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "claude-haiku-4-5"),
        ("openai", "gpt-4o-2024-08-06"),
        ("openai", "text-embedding-3-small"),
        ("groq", "openai/gpt-oss-20b"),
        ("deepseek", "deepseek-flash"),
        ("xai", "grok-4.3"),
        ("together", "openai/gpt-oss-120b"),
        ("cerebras", "gpt-oss-120b"),
        ("fireworks", "accounts/fireworks/models/gpt-oss-120b"),
        ("perplexity", "sonar"),
        ("moonshot", "kimi-k2.6"),
        ("zai", "glm-5.3"),
        ("mistral", "mistral-small-latest"),
        ("gemini", "gemini-2.5-flash"),
        ("vertex", "gemini-2.5-flash"),
        ("openrouter", "openai/gpt-5"),
        ("huggingface", "openai/gpt-oss-120b:groq"),
        ("vercel-gateway", "anthropic/claude-sonnet-4.5"),
        ("voyage", "voyage-4"),
    ],
)
def test_what_is_known(provider: str, model: str) -> None:
    found = price(provider, model)
    assert found is not None
    assert found.input > 0
    dollars = cost(provider, model, Usage(1000, 1000))
    assert dollars is not None
    assert dollars >= (found.input + found.output) / 1000 - 1e-9


def test_every_name_is_that_of_a_row() -> None:
    later = {"bedrock", "cohere", "gemini", "vertex", "azure"}
    assert set(prices.IDS) - set(ROWS) <= later


def test_the_arithmetic() -> None:
    """Cached tokens and those written to a cache are within the input, reasoning within the output."""
    known = price("anthropic", "claude-haiku-4-5")
    assert known is not None
    assert known.cached_input is not None
    usage = Usage(MILLION, MILLION, 200_000, 600_000, 300_000)
    whole = 0.5 * known.input + 0.2 * known.cached_input + 0.3 * known.input * 1.25 + known.output
    assert cost("anthropic", "claude-haiku-4-5", usage) == pytest.approx(whole)
    plain = cost("anthropic", "claude-haiku-4-5", Usage(MILLION, MILLION))
    assert plain == pytest.approx(known.input + known.output)
    assert cost("anthropic", "claude-haiku-4-5", Usage()) == 0


def test_a_long_input_costs_more() -> None:
    small, large = (cost("xai", "grok-4.3", Usage(tokens, 0)) for tokens in (100_000, 1_000_000))
    assert small is not None
    assert large is not None
    assert large > small * 10.5


def test_figures_that_contradict_each_other() -> None:
    """More from the cache than there was at all: still a number."""
    assert cost("anthropic", "claude-haiku-4-5", Usage(10, 10, 99, 99, 99)) is not None


def test_a_list_that_says_little() -> None:
    own = Price(1.0, 2.0)
    listed = [
        Model("openai/gpt-4o", "openai"),
        Model("openai/gpt-4o", "openai", 5, ("chat",), own),
        Model("openai/mine", "openai"),
    ]
    filled = completed(listed, "openai")
    assert filled[0].price == price("openai", "gpt-4o")
    assert filled[0].context_window == 128_000
    assert filled[1:] == listed[1:]
