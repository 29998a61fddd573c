"""Which of our errors a recorded one is, by the vendor's code or type and by what the recording is of."""

import re
from typing import Any

import wire_bodies
from wire_recordings import Recording

# What the vendor's code or type makes more precise stands before the category.
KINDS_BY_CODE = {
    "model_decommissioned": "modelNotFound",
    "model_not_found": "modelNotFound",
    "insufficient_quota": "quotaExhausted",
    "exceed_context_size_error": "contextTooLong",
    "context_length_exceeded": "contextTooLong",
    "overloaded_error": "overloaded",
    "tool_use_failed": "badRequest",
    "content_filter": "contentFiltered",
    "UnrecognizedClientException": "credentialRejected",
}
KINDS_BY_CATEGORY = {
    "error-400": "badRequest",
    "error-403": "permissionDenied",
    "error-413": "contextTooLong",
    "error-422": "badRequest",
    "error-429": "rateLimited",
    "error-quota-429": "quotaExhausted",
    "error-498": "overloaded",
    "error-500": "overloaded",
    "error-501": "badRequest",
    "error-503": "overloaded",
    "error-504": "overloaded",
    "error-529": "overloaded",
    "error-auth-401": "credentialRejected",
    "error-auth-400": "credentialRejected",
    "error-auth-403": "credentialRejected",
    "error-not-found": "modelNotFound",
    "error-context-length": "contextTooLong",
}
# Besides the header that the index knows; Anthropic says it in the body too.
_REQUEST_IDS = (
    "request-id", "x-request-id", "apim-request-id", "x-debug-trace-id", "x-kong-request-id",
    "mistral-correlation-id", "x-ds-trace-id", "x-generation-id", "x-amzn-requestid", "x-ms-client-request-id",
)  # fmt: skip


def expected_error(recording: Recording) -> dict[str, Any]:
    """`code` is a tuple of all that would be the vendor's own."""
    within: dict[str, Any] = {"error": _kind(recording), "code": _words(recording)}
    if recording.expected["error_where"] != "http":
        return within
    return within | {
        "status": recording.status,
        "retry after": _retry_after(recording),
        "request id": request_id(recording),
    }


def request_id(recording: Recording) -> str | None:
    named = [recording.headers[name] for name in _REQUEST_IDS if recording.headers.get(name)]
    if recording.expected["request_id"]:
        return recording.expected["request_id"]
    said = wire_bodies.all_of(recording, "request_id") if recording.is_error else []
    return next(iter([*named, *said]), None)


def _kind(recording: Recording) -> str:
    for word in _words(recording):
        if word in KINDS_BY_CODE:
            return KINDS_BY_CODE[word]
    if recording.category == "error-quota-429" and _retry_after(recording):
        return "rateLimited"  # a quota of a minute: whoever waits as it says is served
    if recording.category in KINDS_BY_CATEGORY:
        return KINDS_BY_CATEGORY[recording.category]
    code = recording.expected["error_code"]
    return "badRequest" if code.isdigit() and int(code) < 500 else "overloaded"


def _words(recording: Recording) -> tuple[str | None, ...]:
    """The vendor's words for what is wrong; None where it has none but numbers of HTTP."""
    line = recording.expected
    amazon = recording.headers.get("x-amzn-errortype", "").partition(":")[0]
    words = [line["error_code"], line["error_type"], amazon]
    found = [word for word in words if word and not re.fullmatch(r"[1-5]\d\d", word)]
    return tuple(found) if found else (None, *words)


def _retry_after(recording: Recording) -> float | None:
    if recording.expected["retry_after"]:
        return float(recording.expected["retry_after"])
    delays = wire_bodies.all_of(recording, "retryDelay")  # Google's RetryInfo, "34.4s"
    return float(delays[0].removesuffix("s")) if delays else None
