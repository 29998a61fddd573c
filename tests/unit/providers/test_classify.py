"""What vendors say when they fail, and what we make of it."""

import json
from typing import Any

import pytest

from libria_providers.dialects.classify import failed, stated


def openai(code: str | int | None = None, kind: str | None = None, **more: Any) -> dict[str, Any]:
    return {"error": {"message": "Words.", "type": kind, "param": None, "code": code, **more}}


def anthropic(kind: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": "Words."}, "request_id": "req_1"}


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (400, openai(None, "invalid_request_error"), "badRequest"),
        (400, openai("context_length_exceeded", "invalid_request_error"), "contextTooLong"),
        (400, openai("model_not_found", "invalid_request_error"), "modelNotFound"),
        (400, openai("model_decommissioned", "invalid_request_error"), "modelNotFound"),
        (400, openai("content_filter", None), "contentFiltered"),
        (400, openai(None, None, innererror={"code": "ResponsibleAIPolicyViolation"}), "contentFiltered"),
        (400, openai(400, "exceed_context_size_error", n_ctx=1), "contextTooLong"),
        (400, {"object": "error", "message": "m", "type": "invalid_model", "code": "1500"}, "modelNotFound"),
        (401, openai("invalid_api_key", "invalid_request_error"), "credentialRejected"),
        (401, openai("invalid_request_error", "authentication_error"), "credentialRejected"),
        (401, openai(None, "api_error"), "credentialRejected"),
        (401, {"detail": "Invalid API Key"}, "credentialRejected"),
        (402, openai(402), "quotaExhausted"),
        (402, anthropic("billing_error"), "quotaExhausted"),
        (403, openai(None, "invalid_request_error"), "permissionDenied"),
        (403, openai(403, metadata={"reasons": ["violence"], "flagged_input": "x"}), "contentFiltered"),
        (404, openai("model_not_found", "invalid_request_error"), "modelNotFound"),
        (404, openai("DeploymentNotFound"), "modelNotFound"),
        (404, anthropic("not_found_error"), "modelNotFound"),
        (404, {"error": "model 'x' not found"}, "modelNotFound"),
        (404, {"detail": "Not Found"}, "badRequest"),
        (408, openai(408), "overloaded"),
        (409, anthropic("conflict_error"), "overloaded"),
        (413, openai("rate_limit_exceeded", "tokens"), "contextTooLong"),
        (413, anthropic("request_too_large"), "contextTooLong"),
        (422, {"detail": [{"loc": ["body", "x"], "msg": "Field required"}]}, "badRequest"),
        (424, openai(), "badRequest"),
        (429, openai("rate_limit_exceeded", "requests"), "rateLimited"),
        (429, openai("insufficient_quota", "insufficient_quota"), "quotaExhausted"),
        (429, openai(None, "invalid_request_error"), "rateLimited"),
        (429, {"code": "Some resource has been exhausted", "error": "x"}, "rateLimited"),
        (429, anthropic("rate_limit_error"), "rateLimited"),
        (498, openai("capacity_exceeded"), "overloaded"),
        (499, openai(), "overloaded"),
        (500, anthropic("api_error"), "overloaded"),
        (501, openai(501, "not_supported_error"), "badRequest"),
        (503, openai(503, "unavailable_error"), "overloaded"),
        (504, anthropic("timeout_error"), "overloaded"),
        (529, anthropic("overloaded_error"), "overloaded"),
        (400, openai(400, metadata={"raw": json.dumps(openai("context_length_exceeded"))}), "contextTooLong"),
        # The aggregator's own key at its upstream is not the user's.
        (502, openai(502, metadata={"raw": json.dumps(openai("invalid_api_key"))}), "overloaded"),
        (302, {}, "invalidResponse"),
        (400, [openai("context_length_exceeded")], "contextTooLong"),
        (400, "words", "badRequest"),
        (400, {"error": {"message": {"detail": [{"msg": "m"}]}}}, "badRequest"),
    ],
)
def test_kind(status: int, said: Any, kind: str) -> None:
    error = failed(status, {}, json.dumps(said).encode())
    assert error.kind == kind
    assert error.status == status


@pytest.mark.parametrize(
    ("status", "body", "kind", "shown"),
    [
        (
            502,
            b"<html><head><title>502 Bad\n Gateway</title></head><body>x</body></html>",
            "overloaded",
            "502 Bad Gateway",
        ),
        (413, b"<html><head><title>413 Request Entity Too Large</title></head></html>", "contextTooLong", "413"),
        (404, b"404 page not found", "badRequest", "base URL: 404 page not found"),
        (503, b"", "overloaded", "HTTP 503"),
        (500, b"\xff\xfe", "overloaded", ""),
        (500, b"[" * 5000, "overloaded", ""),
    ],
)
def test_not_json(status: int, body: bytes, kind: str, shown: str) -> None:
    error = failed(status, {}, body)
    assert error.kind == kind
    assert shown in error.message
    assert "<" not in error.message


@pytest.mark.parametrize(
    ("said", "kind", "status"),
    [
        (openai(502), "overloaded", 502),
        (openai(429), "rateLimited", 429),
        (openai("tool_use_failed", "invalid_request_error", status_code=400), "badRequest", 400),
        (openai(None, "invalid_request_error"), "badRequest", None),
        (openai(None, "something_new"), "overloaded", None),
        (anthropic("overloaded_error"), "overloaded", None),
        (anthropic("permission_error"), "permissionDenied", None),
        ({"object": "error", "message": "x", "type": "NotFoundError", "code": 404}, "modelNotFound", 404),
        ("words", "overloaded", None),
        (None, "overloaded", None),
    ],
)
def test_stated(said: Any, kind: str, status: int | None) -> None:
    """Within a stream or a 200: what only the provider can have failed at is its own failure."""
    error = stated(said)
    assert (error.kind, error.status) == (kind, status)


@pytest.mark.parametrize(
    "secret",
    [
        "sk-abcdefghijklmnop", "sk-proj-12", "gsk_abcdefghijklmnop", "xai-abcdefghijkl", "AIzaSyA1234567890",
        "Bearer abc.def", "0123456789abcdef0123456789abcdef", "sk-or-v1-0123abcd", "sk-ab****************cd",
        "sk-ant-api03-a_b-c", "eyJhbGciOiJIUzI1NiIsInR5cCI6",
    ],
)  # fmt: skip
def test_no_key_is_shown(secret: str) -> None:
    error = failed(
        401, {}, json.dumps(openai("invalid_api_key") | {"error": {"message": f"Wrong key: {secret}."}}).encode()
    )
    assert secret not in error.message
    assert secret not in repr(error)
    assert "Wrong key" in error.message


def test_words_are_one_short_line() -> None:
    error = failed(400, {}, json.dumps(openai() | {"error": {"message": "a\nb\tc\x1b[31m " + "long " * 500}}).encode())
    assert "a b c" in error.message
    assert error.message.isprintable()
    assert len(error.message) < 400


def test_ordinary_words_stay() -> None:
    words = "The model `meta-llama/llama-4-maverick-17b-128e-instruct` does not exist, see https://x.y/docs/ab."
    assert words in failed(404, {}, json.dumps({"error": {"message": words}}).encode()).message


def test_fields() -> None:
    headers = {"retry-after": "7", "x-should-retry": "false", "request-id": "r"}
    error = failed(429, headers, json.dumps(openai("Rate_Limit", "tokens")).encode())
    assert (error.code, error.retry_after, error.should_retry, error.request_id) == ("Rate_Limit", 7.0, False, "r")
    assert failed(400, {}, json.dumps(anthropic("x")).encode()).request_id == "req_1"
    upstream = openai(400, metadata={"raw": json.dumps({"code": "c", "error": "Why."})})
    assert "Words.: Why." in failed(400, {}, json.dumps(upstream).encode()).message
