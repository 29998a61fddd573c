"""What vendors answer when they do not answer: one table a vendor, by status and by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import msgspec

Kind = Literal[
    "status", "model", "quota", "context-length", "prompt-filter", "prefill", "request", "url", "key", "no-key"
]

_STATUS: Mapping[str, int] = {
    "model": 404,
    "quota": 429,
    "context-length": 400,
    "prompt-filter": 400,
    "prefill": 400,
    "request": 400,
    "url": 404,
    "key": 401,
    "no-key": 401,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """ "status" is the vendor's usual error of that `status`; the other kinds have the status that the
    vendor gives them, unless one is set. `detail` is what the message is about: the model, or for
    "request" the message itself, which may come with a `code` and a `param`."""

    kind: Kind
    detail: str = ""
    status: int = 0
    code: str | None = None
    param: str | None = None

    def at(self, special: Mapping[str, int] = MappingProxyType({})) -> int:
        """The status, where `special` are those of a vendor that departs from the usual ones."""
        return self.status or special.get(self.kind) or _STATUS[self.kind]


_INVALID = "invalid_request_error"

# status or kind: (type, code, param, message); {} is the problem's detail.
_OPENAI: dict[int | str, tuple[str | None, str | None, str | None, str]] = {
    401: (
        _INVALID,
        "invalid_api_key",
        None,
        "Incorrect API key provided: sk-simul****ated. You can find "
        "your API key at https://platform.openai.com/account/api-keys.",
    ),
    403: (_INVALID, None, None, "You are not allowed to sample from this model"),
    404: (
        _INVALID,
        "model_not_found",
        None,
        "The model `{}` does not exist or you do not have access to it.",
    ),
    408: ("server_error", None, None, "Request timed out."),
    413: (_INVALID, None, None, "Request body too large."),
    429: (
        "tokens",
        "rate_limit_exceeded",
        None,
        "Rate limit reached for {} in organization org-simulated on "
        "tokens per min (TPM): Limit 30000, Used 14567, Requested 24754. Please try again in 18.642s. Visit "
        "https://platform.openai.com/account/rate-limits to learn more.",
    ),
    500: (
        "server_error",
        None,
        None,
        "The server had an error while processing your request. Sorry about that!",
    ),
    503: ("server_error", None, None, "The engine is currently overloaded, please try again later"),
    529: ("server_error", "overloaded", None, "The engine is currently overloaded, please try again later"),
    "quota": (
        "insufficient_quota",
        "insufficient_quota",
        None,
        "You exceeded your current quota, please check "
        "your plan and billing details. For more information on this error, read the docs: "
        "https://platform.openai.com/docs/guides/error-codes/api-errors.",
    ),
    "context-length": (
        _INVALID,
        "context_length_exceeded",
        "messages",
        "This model's maximum context length is "
        "128000 tokens. However, your messages resulted in 215004 tokens. Please reduce the "
        "length of the messages.",
    ),
    "prefill": (
        _INVALID,
        None,
        "messages",
        "The last message must not be from the assistant: this model does not support assistant message prefill.",
    ),
    "url": (
        _INVALID,
        "unknown_url",
        None,
        "Unknown request URL: {}. Please check the URL for typos, or see the "
        "docs at https://platform.openai.com/docs/api-reference/.",
    ),
    "no-key": (
        _INVALID,
        None,
        None,
        "You didn't provide an API key. You need to provide your API key in an "
        "Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
    ),
    "request": (_INVALID, None, None, "{}"),
}

# Groq's bodies have no `param`; messages after its recorded and documented replies.
_GROQ: dict[int | str, tuple[str | None, str | None, str | None, str]] = {
    401: (_INVALID, "invalid_api_key", None, "Invalid API Key"),
    413: (
        "tokens",
        "rate_limit_exceeded",
        None,
        "Request too large for model `{}` in organization "
        "`org_simulated` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Requested 10338, "
        "please reduce your message size and try again.",
    ),
    429: (
        "tokens",
        "rate_limit_exceeded",
        None,
        "Rate limit reached for model `{}` in organization "
        "`org_simulated` service tier `on_demand` on tokens per minute (TPM): Limit 15000, Used 11972, "
        "Requested 4351. Please try again in 5.289s.",
    ),
    498: ("capacity_exceeded", "capacity_exceeded", None, "Flex tier capacity exceeded"),
    500: ("internal_server_error", None, None, "Internal Server Error"),
    503: ("internal_server_error", None, None, "Service Unavailable"),
}

# status or kind: (type, message). https://platform.claude.com/docs/en/api/errors
_ANTHROPIC: dict[int | str, tuple[str, str]] = {
    401: ("authentication_error", "invalid x-api-key"),
    402: ("billing_error", "Your credit balance is too low to access the Anthropic API."),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "model: {}"),
    409: ("conflict_error", "The request conflicts with the current state of the resource."),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: (
        "rate_limit_error",
        "This request would exceed the rate limit for your organization of 30,000 input tokens per minute.",
    ),
    500: ("api_error", "Internal server error"),
    504: ("timeout_error", "Request timed out"),
    529: ("overloaded_error", "Overloaded"),
    "quota": (
        "billing_error",
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & "
        "Billing to upgrade or purchase credits.",
    ),
    "context-length": (_INVALID, "prompt is too long: 215004 tokens > 200000 maximum"),
    "prompt-filter": (_INVALID, "Output blocked by content filtering policy"),
    "prefill": (
        _INVALID,
        "This model does not support assistant message prefill. The conversation must end with a user message.",
    ),
    "url": ("not_found_error", "Not found"),
    "no-key": ("authentication_error", "x-api-key header is required"),
    "request": (_INVALID, "{}"),
}

_FILTERED = {
    "error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management "
        "policy. Please modify your prompt and retry.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {"violence": {"filtered": True, "severity": "medium"}},
        },
    }
}


_T = TypeVar("_T")


def page(status: int, vendor: str) -> bytes | None:
    """The HTML that a proxy in front of the vendor answers with, for the statuses that are its own.
    Anthropic's 413 is Cloudflare's (recorded)."""
    words = {502: "Bad Gateway", 520: "Web server is returning an unknown error"}.get(status)
    if status == 413 and vendor == "anthropic":
        words = "Request Entity Too Large"
    if words is None:
        return None
    title = f"{status} {words}"
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
    ).encode()


def openai(problem: Problem) -> bytes:
    if problem.kind == "prompt-filter":
        return msgspec.json.encode(_FILTERED)
    return msgspec.json.encode({"error": openai_error(problem)})


def openai_error(problem: Problem) -> dict[str, Any]:
    type_, code, param, message = row(_OPENAI, problem) or (_INVALID, None, None, "Invalid request")
    return {
        "message": message.replace("{}", problem.detail),
        "type": type_,
        "param": problem.param or param,
        "code": problem.code or code,
    }


def groq(problem: Problem) -> bytes:
    return msgspec.json.encode({"error": groq_error(problem)})


def groq_error(problem: Problem) -> dict[str, Any]:
    known = row(_GROQ, problem)
    if known is None:
        error = openai_error(problem)
        del error["param"]
    else:
        error = {"message": known[3].replace("{}", problem.detail), "type": known[0], "code": known[1]}
    if error["code"] is None:
        del error["code"]
    return error


def anthropic(problem: Problem, request_id: str) -> bytes:
    type_, message = row(_ANTHROPIC, problem) or (_INVALID, "Invalid request")
    error = {"type": type_, "message": message.replace("{}", problem.detail)}
    return msgspec.json.encode({"type": "error", "error": error, "request_id": request_id})


def row(table: Mapping[int | str, _T], problem: Problem) -> _T | None:
    """What `table` has for `problem`: by its kind, else by its status; any 5xx may be as 500."""
    if problem.kind in table or problem.kind not in _BY_STATUS:
        return table.get(problem.kind)
    status = problem.at()
    return table.get(status) or (table.get(500) if status >= 500 else None)


_BY_STATUS = ("status", "model", "key")
