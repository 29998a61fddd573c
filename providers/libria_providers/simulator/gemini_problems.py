"""What Gemini answers when it does not answer. https://ai.google.dev/gemini-api/docs/troubleshooting"""

from collections.abc import Mapping
from typing import Any

from libria_providers.simulator.problems import Problem, row

Json = Any

_TYPE = "type.googleapis.com/google.rpc."
_METRIC = "generativelanguage.googleapis.com/generate_content_paid_tier_input_token_count"


def _quota(name: str) -> Json:
    return {"@type": f"{_TYPE}QuotaFailure", "violations": [{"quotaMetric": _METRIC, "quotaId": name}]}


_RETRY: Json = {"@type": f"{_TYPE}RetryInfo", "retryDelay": "48s"}
_BAD_KEY: Json = {"@type": f"{_TYPE}ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
_STATUS: Mapping[str, int] = {"key": 400, "no-key": 403}
_UNNAMED: tuple[str, str, list[Json]] = ("UNKNOWN", "Unknown error.", [])

# status or kind: (status in words, message, details); {} is the problem's detail.
_TABLE: Mapping[int | str, tuple[str, str, list[Json]]] = {
    400: ("INVALID_ARGUMENT", "Request contains an invalid argument.", []),
    401: ("UNAUTHENTICATED", "Request had invalid authentication credentials.", []),
    403: ("PERMISSION_DENIED", "The caller does not have permission.", []),
    404: ("NOT_FOUND", "models/{} is not found for API version v1beta.", []),
    408: ("DEADLINE_EXCEEDED", "Deadline exceeded.", []),
    409: ("ABORTED", "The operation was aborted.", []),
    413: ("INVALID_ARGUMENT", "Request payload size exceeds the limit: 20971520 bytes.", []),
    429: (
        "RESOURCE_EXHAUSTED",
        "Resource has been exhausted. Please retry in 48.2s.",
        [_quota("GenerateContentPaidTierInputTokensPerModelPerMinute"), _RETRY],
    ),
    499: ("CANCELLED", "The operation was cancelled.", []),
    500: ("INTERNAL", "An internal error has occurred.", []),
    501: ("UNIMPLEMENTED", "Operation is not implemented.", []),
    503: ("UNAVAILABLE", "The model is overloaded. Please try again later.", []),
    504: ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete.", []),
    "quota": (
        "RESOURCE_EXHAUSTED",
        "You exceeded your current quota.",
        [_quota("GenerateRequestsPerDayPerProjectPerModel")],
    ),
    "context-length": (
        "INVALID_ARGUMENT",
        "The input token count (1215004) exceeds the maximum number of tokens allowed (1048576).",
        [],
    ),
    "prefill": ("INVALID_ARGUMENT", "Please ensure that the last content has the role user.", []),
    "request": ("INVALID_ARGUMENT", "{}", []),
    "url": ("NOT_FOUND", "Nothing is at {}.", []),
    "key": ("INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [_BAD_KEY]),
    "no-key": ("PERMISSION_DENIED", "The request has no API key.", []),
}


def error(problem: Problem) -> tuple[int, dict[str, Json]]:
    """The status, and what the body says under "error"."""
    words, message, details = row(_TABLE, problem) or _UNNAMED
    status = problem.at(_STATUS)
    said: dict[str, Json] = {"code": status, "message": message.replace("{}", problem.detail), "status": words}
    return status, {**said, "details": details} if details else said
