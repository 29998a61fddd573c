"""What Google's errors are."""

from typing import Any

import msgspec
import pytest

from libria_providers.dialects.gemini import Gemini

RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}


def quota(*ids: str, **fields: Any) -> dict[str, Any]:
    violations = [{"quotaId": identity, "quotaMetric": "m", **fields} for identity in ids]
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": violations}


def reason(word: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": word, "domain": "googleapis.com"}


@pytest.mark.parametrize(
    ("status", "word", "details", "kind", "retry_after"),
    [
        (400, "INVALID_ARGUMENT", [], "badRequest", None),
        (400, "INVALID_ARGUMENT", [reason("API_KEY_INVALID")], "credentialRejected", None),
        (400, "INVALID_ARGUMENT", [{"x": 1}, "odd", None, reason("API_KEY_INVALID")], "credentialRejected", None),
        (401, "UNAUTHENTICATED", [reason("ACCESS_TOKEN_EXPIRED")], "credentialRejected", None),
        (403, "PERMISSION_DENIED", [reason("SERVICE_DISABLED")], "permissionDenied", None),
        (403, "PERMISSION_DENIED", [reason("BILLING_DISABLED")], "quotaExhausted", None),
        (404, "NOT_FOUND", [], "modelNotFound", None),
        (429, "RESOURCE_EXHAUSTED", [], "rateLimited", None),
        (429, "RESOURCE_EXHAUSTED", [RETRY], "rateLimited", 34.4),
        (429, "RESOURCE_EXHAUSTED", [quota("RequestsPerMinutePerModel-FreeTier"), RETRY], "rateLimited", 34.4),
        (429, "RESOURCE_EXHAUSTED", [quota("RequestsPerDayPerModel-FreeTier"), RETRY], "quotaExhausted", 34.4),
        (429, "RESOURCE_EXHAUSTED", [quota("PerMinute", "XPerDay")], "quotaExhausted", None),
        (429, "RESOURCE_EXHAUSTED", [quota("PerMinute", quotaValue="0")], "quotaExhausted", None),
        (429, "RESOURCE_EXHAUSTED", [quota("PerMinute", quotaValue="10"), {"retryDelay": "0s"}], "rateLimited", None),
        (429, "RESOURCE_EXHAUSTED", [{"retryDelay": "x"}, {"violations": [None, {"quotaId": 7}]}], "rateLimited", None),
        (499, "CANCELLED", [], "overloaded", None),
        (500, "INTERNAL", [], "overloaded", None),
        (503, "UNAVAILABLE", [RETRY], "overloaded", 34.4),
        (504, "DEADLINE_EXCEEDED", [], "overloaded", None),
    ],
)  # fmt: skip
def test_kind(status: int, word: str, details: list[Any], kind: str, retry_after: float | None) -> None:
    body = {"error": {"code": status, "message": "no", "status": word, "details": details}}
    for said in (body, [body]):
        error = Gemini().error(status, {}, msgspec.json.encode(said))
        assert (error.kind, error.code, error.status, error.retry_after) == (kind, word, status, retry_after)


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, "The input token count (12) exceeds the maximum number of tokens allowed (10).", "contextTooLong"),
        (400, "API key not valid. Please pass a valid API key.", "credentialRejected"),
        (403, "Your API key was reported as leaked. Please use another API key.", "credentialRejected"),
        (403, "Method doesn't allow callers (callers without established identity).", "credentialRejected"),
        (400, "User location is not supported for the API use.", "permissionDenied"),
    ],
)  # fmt: skip
def test_words(status: int, words: str, kind: str) -> None:
    body = {"error": {"code": status, "message": words, "status": "FAILED_PRECONDITION"}}
    assert Gemini().error(status, {}, msgspec.json.encode(body)).kind == kind


def test_the_delay_in_words_is_the_last_resort() -> None:
    error: dict[str, Any] = {"code": 429, "message": "Quota exceeded.\nPlease retry in 48.939935699s.", "status": "X"}
    assert Gemini().error(429, {}, msgspec.json.encode({"error": error})).retry_after == 48.939935699
    error["details"] = [RETRY]
    assert Gemini().error(429, {}, msgspec.json.encode({"error": error})).retry_after == 34.4
    assert Gemini().error(429, {"retry-after": "5"}, msgspec.json.encode({"error": error})).retry_after == 5
    error |= {"details": None, "message": "please retry in 9...9s or in 1.1.1s"}
    assert Gemini().error(429, {}, msgspec.json.encode({"error": error})).retry_after is None
