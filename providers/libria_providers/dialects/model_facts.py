"""What the vendors' lists say of a model, each in its own words, as ours."""

from collections.abc import Iterator
from typing import Any

import msgspec

from libria_providers.dialects.said import items, mapping
from libria_providers.types import Capability, Json, Price

_MILLION = 1_000_000

# In what vendors call capabilities, features, tags or supported parameters; lower case, with "_" for
# "-" and without the "CAPABILITY_" and "FEATURE_" of Together's newer list.
_WORDS: dict[str, Capability] = {
    "chat": "chat",
    "completion_chat": "chat",  # Mistral
    "chat_completion": "chat",  # Azure
    "completion_fim": "complete",  # Mistral
    "embedding": "embed",
    "embeddings": "embed",
    "tools": "tools",
    "tool_use": "tools",  # LM Studio, Vercel
    "tool_calling": "tools",
    "function_calling": "tools",
    "vision": "vision",
    "image_input": "vision",  # Anthropic
    "file_input": "files",  # Vercel
    "pdf_input": "files",  # Anthropic
    "reasoning": "reasoning",
    "thinking": "reasoning",
    "response_format": "json",  # OpenRouter
    "structured_output": "jsonSchema",
    "structured_outputs": "jsonSchema",
}
_TYPES: dict[str, tuple[Capability, ...]] = {
    "chat": ("chat",),  # Together, whose "language" completes text only
    "llm": ("chat",),  # LM Studio
    "vlm": ("chat", "vision"),
    "embedding": ("embed",),
    "embeddings": ("embed",),
}
_ORDER: tuple[Capability, ...] = (
    "chat", "complete", "embed", "tools", "vision", "files", "reasoning", "json", "jsonSchema",
)  # fmt: skip


class Modalities(msgspec.Struct):
    input_modalities: list[str] | None = None
    output_modalities: list[str] | None = None


class Meta(msgspec.Struct):
    n_ctx: int | None = None  # what the server was started with
    n_ctx_train: int | None = None


class Upstream(msgspec.Struct):
    """Who serves a model for the Hugging Face router."""

    status: str | None = None
    context_length: int | None = None
    supports_tools: bool | None = None
    supports_structured_output: bool | None = None


class Facts(msgspec.Struct):
    """A row of any vendor's list: the context window goes by many names, and capabilities by more; OpenAI
    says nothing but the id."""

    id: str = ""
    type: str | None = None  # LM Studio, Together, Vercel
    context_window: int | None = None  # Groq, Vercel
    context_length: int | None = None  # OpenRouter, Together, Fireworks, Moonshot, SambaNova
    max_context_length: int | None = None  # Mistral, LM Studio
    max_model_len: int | None = None  # vLLM
    max_input_tokens: int | None = None  # Anthropic
    meta: Meta | None = None  # llama.cpp, GPUStack
    architecture: Modalities | None = None  # OpenRouter, Hugging Face, llama.cpp
    capabilities: Any = None  # an object: Anthropic, Mistral, Azure; a list: LM Studio
    supported_parameters: list[str] | None = None  # OpenRouter
    tags: list[str] | None = None  # Vercel
    supports_chat: bool | None = None  # Fireworks
    supports_tools: bool | None = None
    supports_image_input: bool | None = None
    supports_image_in: bool | None = None  # Moonshot
    supports_reasoning: bool | None = None
    providers: list[Upstream] | None = None  # Hugging Face
    pricing: Any = None


def context_window(row: Facts) -> int | None:
    meta = row.meta or Meta()
    window = (
        row.context_window
        or row.context_length
        or row.max_context_length
        or row.max_model_len
        or row.max_input_tokens
        or meta.n_ctx
        or meta.n_ctx_train
        or max((upstream.context_length or 0 for upstream in _live(row)), default=0)
    )
    return window if window and window > 0 else None


def capabilities(row: Facts) -> tuple[Capability, ...]:
    """Empty where nothing is said."""
    found = set(_said(row))
    if found & {"tools", "reasoning", "json", "jsonSchema"}:
        found.add("chat")
    return tuple(capability for capability in _ORDER if capability in found)


def price(row: Facts) -> Price | None:
    """Vendors say dollars a token in strings (OpenRouter, Vercel, SambaNova), or dollars a million tokens
    in numbers (Together, Perplexity)."""
    said = mapping(row.pricing)
    into = said.get("prompt", said.get("input"))
    out = said.get("completion", said.get("output"))
    cached = next((said[name] for name in ("input_cache_read", "cache_read", "cached_input") if name in said), None)
    each = _MILLION if isinstance(into, str) or "prompt" in said else 1
    numbers = [_dollars(value, each) for value in (into, out, cached)]
    if numbers[0] is None or ("hourly" in said and not numbers[0] and not numbers[1]):
        return None  # OpenRouter's -1 for what depends; Together's 0 for what is rented
    return Price(numbers[0], numbers[1] or 0.0, numbers[2])


def _said(row: Facts) -> Iterator[Capability]:
    yield from _TYPES.get((row.type or "").lower(), ())
    if row.type == "language" and row.tags is not None:
        yield "chat"  # Vercel
    for word in (*_words(row.capabilities), *(row.supported_parameters or ()), *(row.tags or ())):
        plain = word.lower().replace("-", "_").removeprefix("capability_").removeprefix("feature_")
        if plain in _WORDS:
            yield _WORDS[plain]
    if row.max_input_tokens and isinstance(row.capabilities, dict):
        yield from ("chat", "tools")  # Anthropic, which names what not every model can
    modes = row.architecture or Modalities()
    into, out = modes.input_modalities or (), modes.output_modalities or ()
    if "embeddings" in out:
        yield "embed"
    elif "text" in out:
        yield "chat"
        if "image" in into:
            yield "vision"
        if "file" in into:
            yield "files"
    if row.supports_chat:
        yield "chat"
    if row.supports_tools or any(upstream.supports_tools for upstream in _live(row)):
        yield "tools"
    if any(upstream.supports_structured_output for upstream in _live(row)):
        yield "jsonSchema"
    if row.supports_image_input or row.supports_image_in:
        yield "vision"
    if row.supports_reasoning:
        yield "reasoning"


def _words(said: Json) -> list[str]:
    """["tool_use"], {"vision": true} or {"thinking": {"supported": true}}."""
    if isinstance(said, dict):
        return [
            name for name, value in mapping(said).items() if value is True or mapping(value).get("supported") is True
        ]
    return [word for word in items(said) if isinstance(word, str)]


def _live(row: Facts) -> list[Upstream]:
    return [upstream for upstream in row.providers or () if upstream.status in (None, "live")]


def _dollars(value: Json, each: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return round(number * each, 9) if 0 <= number < 1e6 else None
