"""Whatever a provider sends, a dialect answers with events or with a ProviderError."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.dialects.base import Dialect, Quirks
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.errors import ProviderError
from libria_providers.types import Finish

QUIRKS = Quirks(echo=("reasoning_details", "reasoning_content", "extra_content"), reasoning_outside_output=True)
WORDS = [
    "id",
    "choices",
    "delta",
    "message",
    "content",
    "finish_reason",
    "usage",
    "error",
    "code",
    "type",
    "status_code",
    "metadata",
    "raw",
    "headers",
    "index",
    "tool_calls",
    "function",
    "name",
    "arguments",
    "reasoning",
    "reasoning_details",
    "text",
    "summary",
    "thinking",
    "content_block",
    "partial_json",
    "signature",
    "citation",
    "stop_reason",
    "input",
    "model",
    "object",
    "detail",
    "loc",
    "msg",
    "data",
    "prompt_tokens",
    "total_tokens",
    "input_tokens",
    "prompt_tokens_details",
    "cached_tokens",
    "extra_content",
    "x_groq",
    "request_id",
    "innererror",
]
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 600), st.floats(), st.text(max_size=5), st.sampled_from(
        ["stop", "error", "text", "tool_use", "thinking", "text_delta", "input_json_delta", "message_start",
         "message_stop", "message_delta", "content_block_start", "content_block_delta", "content_block_stop", "404",
         "{", '{"a":1}']
    ),
)  # fmt: skip
JSON = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
    max_leaves=25,
)
OBJECTS = st.dictionaries(st.sampled_from(WORDS), JSON, min_size=1, max_size=6)
DATA = OBJECTS.map(msgspec.json.encode) | JSON.map(msgspec.json.encode) | st.binary(max_size=40) | st.just(b"[DONE]")
EVENTS = st.sampled_from(["", "message", "error", "content_block_delta"])

both = pytest.mark.parametrize("dialect", [OpenAIChat(), AnthropicMessages()], ids=["chat", "messages"])


@both
@given(st.lists(st.tuples(EVENTS, DATA), max_size=6))
@settings(deadline=None, max_examples=150, derandomize=True)
def test_stream(dialect: Dialect, said: list[tuple[str, bytes]]) -> None:
    decoder = dialect.decoder(QUIRKS)
    events = []
    for event, data in said:
        with suppress(ProviderError):
            events += decoder.feed(event, data)
    with suppress(ProviderError):
        events += decoder.end()
    finishes = [event for event in events if isinstance(event, Finish)]
    assert len(finishes) <= 1
    assert not finishes or events[-1] is finishes[0]


@both
@given(DATA)
@settings(deadline=None, max_examples=150, derandomize=True)
def test_whole(dialect: Dialect, body: bytes) -> None:
    with suppress(ProviderError):
        assert isinstance(dialect.whole(body, QUIRKS)[-1], Finish)
    with suppress(ProviderError):
        dialect.models(body, "p")


@both
@given(
    st.integers(100, 999),
    DATA,
    st.dictionaries(st.sampled_from(["retry-after", "date", "request-id"]), st.text(max_size=9)),
)
@settings(deadline=None, max_examples=150, derandomize=True)
def test_error(dialect: Dialect, status: int, body: bytes, headers: dict[str, str]) -> None:
    error = dialect.error(status, headers, body)
    assert isinstance(error, ProviderError)
    assert error.message.isprintable()
