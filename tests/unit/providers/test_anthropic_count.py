"""Tokens counted by the provider, from the body that would be sent."""

from typing import Any

import msgspec
import pytest

from libria_providers.dialects.anthropic_count import AnthropicCount
from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.dialects.base import Quirks
from libria_providers.errors import InvalidResponse, ProviderError
from libria_providers.rows.anthropic import ROWS
from libria_providers.types import (
    Call,
    Counted,
    CountTokens,
    Finish,
    Message,
    ReasoningOptions,
    Tool,
    ToolChoice,
    Usage,
)  # fmt: skip

CALL = Call(
    "anthropic/claude-haiku-4-5",
    (Message("user", "u"), Message("assistant", "a"), Message("user", "u")),
    ask=CountTokens(),
    system="s",
    tools=(Tool("f", {}),),
    tool_choice=ToolChoice("auto"),
    reasoning=ReasoningOptions("low"),
    stop=("x",),
    provider_options={"top_k": 1, "tools": [{"type": "web_search_20250305", "name": "web_search"}]},
)


def test_what_is_counted() -> None:
    quirks = ROWS[0].quirks_of("claude-haiku-4-5")
    request = AnthropicCount().encode(CALL, "claude-haiku-4-5", quirks)
    assert request.path == "/messages/count_tokens"
    counted = msgspec.json.decode(request.body, type=dict[str, Any])
    assert set(counted) == {"model", "messages", "system", "tools", "tool_choice", "thinking"}
    sent = msgspec.json.decode(AnthropicMessages().encode(CALL, "claude-haiku-4-5", quirks).body, type=dict[str, Any])
    assert counted == {name: sent[name] for name in counted}


def test_the_row_counts() -> None:
    exchange = ROWS[0].exchange(CALL, "claude-haiku-4-5")
    assert exchange is not None
    assert exchange.name == "anthropic-count"


def test_counted() -> None:
    events = AnthropicCount().whole(
        b'{"input_tokens": 14, "context_management": {"original_input_tokens": 20}}', Quirks()
    )
    assert events == [Counted(14, exact=True), Finish("stop", Usage(14))]
    assert AnthropicCount().frames(b"{") is None


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'"x"', b'{"input_tokens": null}', b'{"input_tokens": {}}', b"\xff"]
)
def test_no_count(body: bytes) -> None:
    with pytest.raises(InvalidResponse):
        AnthropicCount().whole(body, Quirks())


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
        b'{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}',
    ],
)
def test_an_error_in_a_body(body: bytes) -> None:
    with pytest.raises(ProviderError) as caught:
        AnthropicCount().whole(body, Quirks())
    assert caught.value.kind == "overloaded"


def test_not_found() -> None:
    body = b'{"type":"error","error":{"type":"not_found_error","message":"model: x"},"request_id":"req_1"}'
    error = AnthropicCount().error(404, {}, body)
    assert (error.kind, error.request_id) == ("modelNotFound", "req_1")
