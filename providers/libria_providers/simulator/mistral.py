"""Mistral's code completion, as the server's side says it: a chat's reply to a prompt and a suffix.

https://docs.mistral.ai/api/endpoint/fim
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from libria_providers.simulator import prompts
from libria_providers.simulator.models import Answer, Ask
from libria_providers.simulator.problems import Problem, row
from libria_providers.simulator.vendor import Parts, Tag, Whole
from libria_providers.simulator.wire import Request

Json = Any
_encode = msgspec.json.encode
_INVALID = "invalid_request_error"

# status or kind: (type, code, message)
_PROBLEMS: Mapping[int | str, tuple[str, str | None, str]] = {
    400: (_INVALID, None, "Invalid request"),
    404: ("invalid_model", "1500", "Invalid model: {}"),
    429: ("rate_limited", "1300", "Rate limit exceeded"),
    500: ("internal_server_error", "1000", "Internal server error"),
    503: ("internal_server_error", "1001", "Service unavailable."),
    "quota": ("payment_required", None, "The free credit is used up; add a payment method."),
    "context-length": (_INVALID, "3051", "Prompt contains 215004 tokens, too large for model with 32768 maximum."),
    "prompt-filter": (_INVALID, "content_filter", "The prompt was refused"),
    "request": (_INVALID, None, "{}"),
}
# Its gateway's and its framework's errors are of another shape (recorded: 401).
_DETAILS: Mapping[int, str] = {401: "Invalid API Key", 403: "Forbidden", 405: "Method Not Allowed"}


class MistralFim:
    name = "mistral"

    def read(self, http: Request) -> Ask:
        return prompts.read(http.body)

    def stream(self, answer: Answer, ask: Ask, tag: Tag) -> Parts:
        opening = [_event(ask, tag, {"role": "assistant", "content": ""})]
        deltas = [_event(ask, tag, {"content": piece}) for piece in answer.text]
        last = _event(ask, tag, {"content": ""}, finish=_finish(answer), usage=_usage(answer, ask))
        return Parts(opening, deltas, [last, b"data: [DONE]\n\n"], 0, _failed)

    def whole(self, answer: Answer, ask: Ask, tag: Tag) -> bytes:
        message = {"role": "assistant", "tool_calls": None, "content": "".join(answer.text)}
        choice = {"index": 0, "finish_reason": _finish(answer), "message": message}
        said = {**_head(ask, tag), "object": "chat.completion"}
        return _encode({**said, "usage": _usage(answer, ask), "choices": [choice]})

    def problem(self, problem: Problem, tag: Tag) -> Whole:
        status = problem.at({"quota": 402, "model": 400})
        if status in _DETAILS or problem.kind == "url":
            return Whole(status, _encode({"detail": _DETAILS.get(status, "Not Found")}))
        return Whole(status, _encode(_error(problem)))

    def headers(self, tag: Tag) -> dict[str, str]:
        return {"mistral-correlation-id": tag.uuid, "x-kong-request-id": tag.uuid}

    def limits(self, tag: Tag) -> dict[str, str]:
        return {
            "x-ratelimit-limit-req-minute": "60",
            "x-ratelimit-remaining-req-minute": "59",
            "x-ratelimit-limit-tokens-minute": "500000",
            "x-ratelimit-remaining-tokens-minute": "499996",
            "x-ratelimit-tokens-query-cost": "4",
        }

    def models(self, names: list[str], tag: Tag) -> bytes:
        return _encode({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})


def _head(ask: Ask, tag: Tag) -> dict[str, Json]:
    return {"id": tag.hex(32), "created": int(tag.now), "model": ask.model}


def _event(ask: Ask, tag: Tag, delta: Json, *, finish: str | None = None, **more: Json) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    said = {**_head(ask, tag), "object": "chat.completion.chunk", "choices": [choice], **more}
    return b"data: " + _encode(said) + b"\n\n"


def _error(problem: Problem) -> Json:
    kind, code, message = row(_PROBLEMS, problem) or (_INVALID, None, "Invalid request")
    said = {"object": "error", "message": message.replace("{}", problem.detail)}
    return {**said, "type": kind, "param": None, "code": code}


def _failed(_: int) -> list[bytes]:
    return [b"data: " + _encode(_error(Problem("status", status=500))) + b"\n\n"]


def _finish(answer: Answer) -> str:
    return "length" if answer.finish == "length" else "stop"


def _usage(answer: Answer, ask: Ask) -> dict[str, Json]:
    out = len(answer.text)
    return {"prompt_tokens": ask.input_tokens, "completion_tokens": out, "total_tokens": ask.input_tokens + out}
