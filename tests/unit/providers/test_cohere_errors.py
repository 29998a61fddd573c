"""Cohere's errors and its list of models; and whatever else it may send."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.cohere import Cohere
from libria_providers.errors import InvalidResponse, ProviderError
from libria_providers.types import Event, Finish, Model

DIALECT = Cohere()


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, '{"message":"invalid request: model is required"}', "badRequest", None),
        (400, '{"message":"too many tokens: size limit exceeded by 9","error_type":"TOO_MANY_TOKENS"}',
         "contextTooLong", "TOO_MANY_TOKENS"),
        (401, '{"message":"invalid api token"}', "credentialRejected", None),
        (402, '{"message":"Please add or update your payment method"}', "quotaExhausted", None),
        (404, '{"id":"i","message":"model not found"}', "modelNotFound", None),
        (404, "<html><title>Not Found</title></html>", "badRequest", None),
        (422, '{"message":"x"}', "badRequest", None),
        (429, '{"message":"You are using a Trial key, which is limited to 40 API calls"}', "rateLimited", None),
        (498, '{"message":"blocked"}', "contentFiltered", None),
        (499, '{"message":"request cancelled"}', "overloaded", None),
        (500, '{"message":"internal server error"}', "overloaded", None),
        (503, "", "overloaded", None),
        (504, '{"message":"timeout"}', "overloaded", None),
    ],
)  # fmt: skip
def test_error(status: int, body: str, kind: str, code: str | None) -> None:
    error = DIALECT.error(status, {"x-debug-trace-id": "r1"}, body.encode())
    assert (error.kind, error.code, error.status, error.request_id) == (kind, code, status, "r1")


def test_models() -> None:
    rows: list[dict[str, Any]] = [
        {
            "name": "c",
            "endpoints": ["generate", "chat"],
            "context_length": 128000.0,
            "features": ["tools", "vision", "x"],
        },
        {"name": "e", "endpoints": ["embed", "classify"], "features": None, "context_length": 0},
        {"name": "r", "endpoints": ["rerank"]},
        {"name": "old"},
        {},
    ]
    assert DIALECT.models(msgspec.json.encode({"models": rows, "next_page_token": None}), "cohere") == [
        Model("cohere/c", "cohere", 128000, ("chat", "tools", "vision")),
        Model("cohere/e", "cohere", None, ("embed",)),
        Model("cohere/old", "cohere"),
    ]
    with pytest.raises(InvalidResponse):
        DIALECT.models(b"<html>", "cohere")
    with pytest.raises(ProviderError, match="no such key"):
        DIALECT.models(b'{"message":"no such key"}', "cohere")


WORDS = ["type", "index", "delta", "message", "content", "text", "thinking", "tool_plan", "tool_calls", "id",
         "function", "name", "arguments", "finish_reason", "usage", "tokens", "billed_units", "input_tokens",
         "cached_tokens", "error", "error_type", "models", "embeddings", "float"]  # fmt: skip
KINDS = ["message-start", "content-start", "content-delta", "tool-plan-delta", "tool-call-start", "tool-call-delta",
         "tool-call-end", "message-end"]  # fmt: skip
VALUES = st.none() | st.booleans() | st.integers(-3, 600) | st.floats() | st.text(max_size=4) | st.sampled_from(KINDS)
JSON = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=20,
)
DATA = JSON.map(msgspec.json.encode) | st.binary(max_size=20) | st.just(b"[DONE]")


@given(st.lists(st.tuples(st.sampled_from(["", "error", "later", *KINDS]), DATA), max_size=6))
@settings(deadline=None, max_examples=200, derandomize=True)
def test_garbage(events: list[tuple[str, bytes]]) -> None:
    decoder, found = DIALECT.decoder(Quirks()), list[Event]()
    for name, data in events:
        with suppress(ProviderError):
            found += decoder.feed(name, data)
    with suppress(ProviderError):
        found += decoder.end()
    assert sum(isinstance(event, Finish) for event in found) <= 1
    msgspec.json.encode(found)


@given(DATA, st.integers(100, 999))
@settings(deadline=None, max_examples=200, derandomize=True)
def test_garbage_in_bodies(body: bytes, status: int) -> None:
    with suppress(ProviderError):
        assert isinstance(DIALECT.whole(body, Quirks())[-1], Finish)
    with suppress(ProviderError):
        DIALECT.models(body, "p")
    assert DIALECT.error(status, {}, body).message.isprintable()
