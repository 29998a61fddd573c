"""Whatever is sent at the end of a code completion or by Ollama: events, or a ProviderError."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libria_providers.dialects.base import Exchange, Quirks
from libria_providers.dialects.completions import OpenAICompletions
from libria_providers.dialects.llamacpp_infill import LlamaCppFill
from libria_providers.dialects.mistral_fim import MistralFim
from libria_providers.dialects.ollama import Ollama
from libria_providers.dialects.ollama_embed import OllamaEmbed
from libria_providers.dialects.ollama_fill import OllamaFill
from libria_providers.errors import ProviderError
from libria_providers.types import Finish

WORDS = [
    "model", "created_at", "message", "response", "thinking", "content", "tool_calls", "function", "name", "arguments",
    "id", "done", "done_reason", "prompt_eval_count", "eval_count", "error", "code", "type", "choices", "text", "index",
    "finish_reason", "usage", "prompt_tokens", "stop", "stop_type", "tokens_evaluated", "timings", "cache_n", "models",
    "details", "capabilities", "embeddings", "embedding", "status",
]  # fmt: skip
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 600), st.floats(), st.text(max_size=4),
    st.sampled_from(["stop", "load", "length", "error", "limit", '{"a":1}']),
)  # fmt: skip
JSON = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.sampled_from(WORDS), JSON, min_size=1, max_size=6)
DATA = OBJECTS.map(msgspec.json.encode) | JSON.map(msgspec.json.encode) | st.binary(max_size=30) | st.just(b"[DONE]")

STREAMED = (Ollama(), OllamaFill(), OpenAICompletions(), MistralFim(), LlamaCppFill())
every = pytest.mark.parametrize("exchange", [*STREAMED, OllamaEmbed()], ids=lambda one: one.name)


@pytest.mark.parametrize("exchange", STREAMED, ids=lambda one: one.name)
@given(st.lists(st.tuples(st.sampled_from(["", "error", "ping"]), DATA), max_size=6))
@settings(deadline=None, max_examples=80, derandomize=True)
def test_stream(exchange: Exchange, said: list[tuple[str, bytes]]) -> None:
    decoder = exchange.decoder(Quirks())
    events = []
    for event, data in said:
        with suppress(ProviderError):
            events += decoder.feed(event, data)
    with suppress(ProviderError):
        events += decoder.end()
    finishes = [event for event in events if isinstance(event, Finish)]
    assert len(finishes) <= 1
    assert not finishes or events[-1] is finishes[0]


@every
@given(DATA)
@settings(deadline=None, max_examples=80, derandomize=True)
def test_whole(exchange: Exchange, body: bytes) -> None:
    with suppress(ProviderError):
        assert isinstance(exchange.whole(body, Quirks())[-1], Finish)
    if isinstance(exchange, Ollama):
        with suppress(ProviderError):
            exchange.models(body, "p")


@every
@given(st.integers(100, 999), DATA)
@settings(deadline=None, max_examples=80, derandomize=True)
def test_error(exchange: Exchange, status: int, body: bytes) -> None:
    error = exchange.error(status, {}, body)
    assert isinstance(error, ProviderError)
    assert error.message.isprintable()
