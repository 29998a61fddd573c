"""Bedrock's list of models; and whatever else it may send."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.bedrock_converse import BedrockConverse
from libria_providers.errors import InvalidResponse, ProviderError
from libria_providers.types import Event, Finish, Model

DIALECT = BedrockConverse()


def test_models() -> None:
    rows = [
        {"modelId": "amazon.nova-lite-v1:0", "inputModalities": ["TEXT", "IMAGE"], "outputModalities": ["TEXT"]},
        {"modelId": "amazon.titan-embed", "inputModalities": ["TEXT"], "outputModalities": ["EMBEDDING"]},
        {"modelName": "nameless"},
    ]
    assert DIALECT.models(msgspec.json.encode({"modelSummaries": rows}), "p") == [
        Model("p/amazon.nova-lite-v1:0", "p", None, ("chat", "vision")),
        Model("p/amazon.titan-embed", "p", None, ("embed",)),
    ]
    profiles = {"inferenceProfileSummaries": [{"inferenceProfileId": "us.x"}, {}]}
    assert DIALECT.models(msgspec.json.encode(profiles), "p") == [Model("p/us.x", "p")]
    assert [model.id for model in DIALECT.models(b'{"data":[{"id":"openai.x"}]}', "p")] == ["p/openai.x"]
    with pytest.raises(InvalidResponse):
        DIALECT.models(b"<html>", "p")


WORDS = ["contentBlockIndex", "start", "delta", "toolUse", "toolResult", "toolUseId", "name", "type", "input", "text",
         "reasoningContent", "reasoningText", "signature", "redactedContent", "stopReason", "usage", "inputTokens",
         "totalTokens", "output", "message", "content", "citationsContent", "__type", "Message"]  # fmt: skip
VALUES = st.none() | st.booleans() | st.integers(-3, 600) | st.floats() | st.text(max_size=4) | st.just('{"a":1}')
JSON = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=20,
)
DATA = JSON.map(msgspec.json.encode) | st.binary(max_size=20)
NAMES = st.sampled_from(["contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata",
                         "messageStart", "", "exception/x"])  # fmt: skip


@given(st.lists(st.tuples(NAMES, DATA), max_size=6))
@settings(deadline=None, max_examples=200, derandomize=True)
def test_garbage(said: list[tuple[str, bytes]]) -> None:
    decoder, events = DIALECT.decoder(Quirks()), list[Event]()
    for name, data in said:
        with suppress(ProviderError):
            events += decoder.feed(name, data)
    with suppress(ProviderError):
        events += decoder.end()
    assert sum(isinstance(event, Finish) for event in events) <= 1
    msgspec.json.encode(events)


@given(DATA, st.integers(100, 999), st.text(max_size=9))
@settings(deadline=None, max_examples=200, derandomize=True)
def test_garbage_in_bodies(body: bytes, status: int, name: str) -> None:
    with suppress(ProviderError):
        assert isinstance(DIALECT.whole(body, Quirks())[-1], Finish)
    with suppress(ProviderError):
        DIALECT.models(body, "p")
    assert DIALECT.error(status, {"x-amzn-errortype": name}, body).message.isprintable()
