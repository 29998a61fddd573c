"""Anthropic's documented errors. https://platform.claude.com/docs/en/api/errors"""

from typing import Any

import msgspec
import pytest

from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.dialects.base import Quirks
from libria_providers.errors import ProviderError

HTML = b"<html> <head><title>413 Request Entity Too Large</title></head> <body>cloudflare</body></html>"
MESSAGES = AnthropicMessages()
BAD = "invalid_request_error"


def said(kind: str, message: str = "x") -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


@pytest.mark.parametrize(
    ("status", "kind", "message", "ours", "retryable"),
    [
        (400, BAD, "temperature: Extra inputs are not permitted", "badRequest", False),
        (400, BAD, "prompt is too long: 2 tokens > 1 maximum", "contextTooLong", False),
        (400, BAD, "input length and `max_tokens` exceed context limit: 1 + 1", "contextTooLong", False),
        (400, BAD, "Your credit balance is too low to access …", "quotaExhausted", False),
        (401, "authentication_error", "invalid x-api-key", "credentialRejected", False),
        (402, "billing_error", "x", "quotaExhausted", False),
        (403, "permission_error", "x", "permissionDenied", False),
        (404, "not_found_error", "model: x", "modelNotFound", False),
        (409, "conflict_error", "x", "overloaded", True),
        (413, "request_too_large", "x", "contextTooLong", False),
        (429, "rate_limit_error", "x", "rateLimited", True),
        (500, "api_error", "Internal server error", "overloaded", True),
        (504, "timeout_error", "x", "overloaded", True),
        (529, "overloaded_error", "Overloaded", "overloaded", True),
    ],
)  # fmt: skip
def test_status(status: int, kind: str, message: str, ours: str, retryable: bool) -> None:
    headers = {"retry-after": "17", "x-should-retry": "true", "request-id": "req_2"}
    error = MESSAGES.error(status, headers, msgspec.json.encode(said(kind, message)))
    assert (error.kind, error.retryable, error.status, error.code) == (ours, retryable, status, kind)
    assert (error.retry_after, error.should_retry, error.request_id) == (17, True, "req_2")
    assert message[:20] in error.message
    assert MESSAGES.error(status, {}, msgspec.json.encode(said(kind, message))).request_id == "req_1"


@pytest.mark.parametrize(
    ("status", "ours"), [(413, "contextTooLong"), (502, "overloaded"), (520, "overloaded"), (529, "overloaded")]
)
def test_from_a_proxy(status: int, ours: str) -> None:
    error = MESSAGES.error(status, {}, HTML)
    assert error.kind == ours
    assert "<" not in error.message
    assert MESSAGES.error(status, {}, b"").kind == ours


@pytest.mark.parametrize(
    ("kind", "ours"),
    [
        ("overloaded_error", "overloaded"),
        ("api_error", "overloaded"),
        ("timeout_error", "overloaded"),
        ("rate_limit_error", "rateLimited"),
        ("invalid_request_error", "badRequest"),
        ("billing_error", "quotaExhausted"),
        ("permission_error", "permissionDenied"),
        ("authentication_error", "credentialRejected"),
        ("not_found_error", "modelNotFound"),
        ("a_new_error", "overloaded"),
    ],
)
def test_within_a_stream(kind: str, ours: str) -> None:
    decoder = MESSAGES.decoder(Quirks())
    start = {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 1}}}
    decoder.feed("message_start", msgspec.json.encode(start))
    with pytest.raises(ProviderError) as caught:
        decoder.feed("error", msgspec.json.encode(said(kind)))
    assert (caught.value.kind, caught.value.request_id) == (ours, "req_1")
