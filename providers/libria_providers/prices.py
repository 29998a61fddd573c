"""What models cost, by the data of genai-prices: bundled with the library, read without any network.

The library takes 0.2 s and 14 MB to load, so nothing of it is imported before the first price is wanted;
`preload` is for a thread.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from libria_providers.types import Model, Price, Usage

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider, TieredPrices

# Our rows and what the library calls them. A row that is not here has no published prices: servers of
# one's own, and vendors that the library does not have (Alibaba, NVIDIA, SambaNova).
IDS: Mapping[str, str] = {
    "anthropic": "anthropic",
    "azure": "azure",
    "bedrock": "aws",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "fireworks": "fireworks",
    "gemini": "google",
    "groq": "groq",
    "mistral": "mistral",
    "moonshot": "moonshotai",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together": "together",
    "vertex": "google",
    "voyage": "voyageai",
    "xai": "x-ai",
    "zai": "zai",
}
# Vercel sells at the vendors' own prices: https://vercel.com/docs/ai-gateway/pricing
_RESOLD: Mapping[str, str] = {
    "anthropic": "anthropic",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "google": "google",
    "mistral": "mistral",
    "moonshotai": "moonshotai",
    "openai": "openai",
    "perplexity": "perplexity",
    "xai": "x-ai",
    "zai": "zai",
}


def preload() -> None:
    """Load the library; for a thread."""
    _find("openai", "gpt-4o")


def price(provider: str, model: str) -> Price | None:
    """What `model` costs now, before any surcharge for a long input; None where it is not known.
    `provider` is a row's name."""
    found = _find(provider, model)
    if found is None:
        return None
    now = found[1].get_prices(datetime.now(UTC))
    into = _base(now.input_mtok)
    if into is None:
        return None
    return Price(into, _base(now.output_mtok) or 0.0, _base(now.cache_read_mtok))


def cost(provider: str, model: str, usage: Usage) -> float | None:
    """US dollars, None where the price of `model` is not known. Written to a cache that is kept for an
    hour, tokens cost more at Anthropic than is counted here: its usage says them together."""
    found = _find(provider, model)
    if found is None:
        return None
    from genai_prices import Usage as Counts

    cached = min(usage.cached_input_tokens or 0, usage.input_tokens)
    counts = Counts(
        input_tokens=usage.input_tokens,
        cache_read_tokens=cached,
        cache_write_tokens=min(usage.cache_write_input_tokens or 0, usage.input_tokens - cached),
        output_tokens=usage.output_tokens,
        output_reasoning_tokens=min(usage.reasoning_tokens or 0, usage.output_tokens),
    )
    try:
        return float(found[1].calc_price(counts, found[0]).total_price)
    except (LookupError, ValueError):
        return None  # priced by something that no usage says


def context_window(provider: str, model: str) -> int | None:
    """Tokens, None where it is not known."""
    found = _find(provider, model)
    return found[1].context_window if found else None


def completed(models: Iterable[Model], provider: str) -> list[Model]:
    """`models` of the row `provider` with what their list did not say and the library knows."""
    return [
        replace(
            model,
            price=model.price or price(provider, model.id.partition("/")[2]),
            context_window=model.context_window or context_window(provider, model.id.partition("/")[2]),
        )
        for model in models
    ]


def _find(provider: str, model: str) -> "tuple[Provider, ModelInfo] | None":
    seller, name = _seller(provider, model)
    if not seller or not name:
        return None
    from genai_prices import data_snapshot

    try:
        return data_snapshot.get_snapshot().find_provider_model(name, None, seller, None)
    except LookupError:
        return None


def _seller(provider: str, model: str) -> tuple[str, str]:
    """The library's name of who is paid, and the model as it is called there."""
    if provider == "vercel-gateway":
        vendor, _, name = model.partition("/")
        return _RESOLD.get(vendor, ""), name
    if provider == "huggingface":  # "model:provider" names who serves it, else the router chooses
        name, _, server = model.rpartition(":")
        return (f"huggingface_{server}", name) if name else ("", "")
    if provider == "openrouter":
        return "openrouter", model
    return IDS.get(provider, ""), model


def _base(dollars: "Decimal | TieredPrices | None") -> float | None:
    if dollars is None:
        return None
    return float(dollars if isinstance(dollars, Decimal) else dollars.base)
