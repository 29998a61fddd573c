"""llama.cpp's own code completion at /infill, as its server says it.

Shapes after recorded replies; https://github.com/ggml-org/llama.cpp/tree/master/tools/server#post-infill-for-code-infilling
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from libria_providers.simulator.models import Answer, Ask
from libria_providers.simulator.openai_site import OpenAISite
from libria_providers.simulator.problems import Problem, row
from libria_providers.simulator.prompts import tokens
from libria_providers.simulator.vendor import BadRequest, Parts, Tag, Whole
from libria_providers.simulator.wire import Request

Json = Any
_encode = msgspec.json.encode
_INVALID = "invalid_request_error"

# status or kind: (type, message); a server of one's own knows neither quotas nor filters.
_PROBLEMS: Mapping[int | str, tuple[str, str]] = {
    400: (_INVALID, "Invalid request"),
    401: ("authentication_error", "Invalid API Key"),
    403: ("permission_error", "Forbidden"),
    404: ("not_found_error", "model '{}' not found"),
    500: ("server_error", "Internal server error"),
    501: ("not_supported_error", "Infill is not supported by this model"),
    503: ("unavailable_error", "Loading model"),
    "quota": ("rate_limit_error", "Too many requests"),
    "context-length": ("exceed_context_size_error", "the request exceeds the available context size"),
    "prompt-filter": (_INVALID, "The prompt was refused"),
    "request": (_INVALID, "{}"),
    "url": ("not_found_error", "File Not Found"),
    "no-key": ("authentication_error", "Invalid API Key"),
}


class _Request(msgspec.Struct):
    input_prefix: str
    input_suffix: str
    model: str = "story"  # a server of one model does not ask which
    stream: bool = False
    n_predict: int = -1
    stop: list[str] = []


_decode = msgspec.json.Decoder(_Request).decode


class Infill(OpenAISite):
    def read(self, http: Request) -> Ask:
        try:
            request = _decode(http.body)
        except msgspec.MsgspecError as error:
            raise BadRequest(str(error)) from None
        return Ask(
            model=request.model,
            stream=request.stream,
            user_text=request.input_prefix,
            input_tokens=tokens(request.input_prefix, request.input_suffix),
            max_tokens=request.n_predict if request.n_predict >= 0 else None,
            stop=tuple(request.stop),
        )

    def stream(self, answer: Answer, ask: Ask, tag: Tag) -> Parts:
        deltas: list[bytes] = []
        for at, piece in enumerate(answer.text, 1):
            counts = {"tokens_predicted": at, "tokens_evaluated": ask.input_tokens}
            deltas.append(_event({"index": 0, "content": piece, "tokens": [at], "stop": False, "id_slot": 0, **counts}))
        return Parts([], deltas, [_event(_last(answer, ask, ""))], 0, _failed, marked=False)

    def whole(self, answer: Answer, ask: Ask, tag: Tag) -> bytes:
        return _encode(_last(answer, ask, "".join(answer.text)))

    def problem(self, problem: Problem, tag: Tag) -> Whole:
        kind, message = row(_PROBLEMS, problem) or (_INVALID, "Invalid request")
        status = problem.at()
        error: dict[str, Json] = {"code": status, "message": message.replace("{}", problem.detail), "type": kind}
        if problem.kind == "context-length":
            error |= {"n_prompt_tokens": 215004, "n_ctx": 4096}
        return Whole(status, _encode({"error": error}), type="application/json; charset=utf-8")

    def headers(self, tag: Tag) -> dict[str, str]:
        return {"server": "llama.cpp"}

    def limits(self, tag: Tag) -> dict[str, str]:
        return {}


def _last(answer: Answer, ask: Ask, text: str) -> dict[str, Json]:
    cut = answer.finish == "length"
    evaluated = ask.input_tokens - answer.cached
    return {
        "index": 0,
        "content": text,
        "tokens": [],
        "id_slot": 0,
        "stop": True,
        "model": ask.model,
        "tokens_predicted": len(answer.text),
        "tokens_evaluated": ask.input_tokens,
        "generation_settings": {"n_predict": -1 if ask.max_tokens is None else ask.max_tokens},
        "prompt": "",
        "has_new_line": "\n" in "".join(answer.text),
        "truncated": False,
        "stop_type": "limit" if cut else "word" if answer.stopped_by else "eos",
        "stopping_word": answer.stopped_by or "",
        "tokens_cached": ask.input_tokens + len(answer.text),
        "timings": {"cache_n": answer.cached, "prompt_n": evaluated, "predicted_n": len(answer.text)},
    }


def _event(value: Json) -> bytes:
    return b"data: " + _encode(value) + b"\n\n"


def _failed(_: int) -> list[bytes]:
    kind, message = _PROBLEMS[500]
    return [_event({"error": {"code": 500, "message": message, "type": kind}})]
