"""Cohere's chat and embeddings, version 2, as the server's side says them.

Shapes after recorded replies; https://docs.cohere.com/v2/docs/streaming
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from libria_providers.simulator import cohere_read, embeddings, texts
from libria_providers.simulator.models import Answer, Ask, Finish
from libria_providers.simulator.problems import Problem, row
from libria_providers.simulator.vendor import BadRequest, Parts, Tag, Telling, Whole
from libria_providers.simulator.wire import Request

Json = Any

_FINISH: Mapping[Finish, str] = {
    "stop": "COMPLETE",
    "stop_sequence": "STOP_SEQUENCE",
    "length": "MAX_TOKENS",
    "tools": "TOOL_CALL",
    "filter": "ERROR_TOXIC",  # of version 1; the second one names none
}
_DONE = b"data: [DONE]\n\n"
_MOST_TEXTS = 96
_encode = msgspec.json.encode

# status or kind: (error type, message), after recorded replies and https://docs.cohere.com/reference/errors
_PROBLEMS: Mapping[int | str, tuple[str | None, str]] = {
    400: (None, "invalid request."),
    401: (None, "Incorrect API key provided. You can find your API key at https://dashboard.cohere.com/api-keys."),
    402: (None, "Please add or update your payment method at https://dashboard.cohere.com/billing to continue."),
    403: (None, "You do not have permission to use this model."),
    404: (None, "model '{}' not found, make sure the correct model ID was used."),
    413: (None, "request body too large."),
    422: (None, "unprocessable request."),
    429: (None, "You are past the per minute request limit, please wait and try again later."),
    498: (None, "blocked: a deny-listed token is in the request or the response."),
    499: (None, "request cancelled by user."),
    500: (None, "internal server error, this has been reported to our developers."),
    503: (None, "service unavailable, please try again."),
    504: (None, "request timed out."),
    "quota": (None, "Please add or update your payment method at https://dashboard.cohere.com/billing to continue."),
    "context-length": ("TOO_MANY_TOKENS", "too many tokens: size limit exceeded by 25004 tokens."),
    "prompt-filter": (None, "blocked: a deny-listed token is in the request or the response."),
    "prefill": (None, "invalid request: the last message must not be from the assistant."),
    "request": (None, "{}"),
    "url": (None, "nothing is at {}."),
    "no-key": (None, "no api key supplied"),
}


class Cohere:
    name = "cohere"

    def read(self, http: Request) -> Ask:
        return cohere_read.read(http.body)

    def stream(self, answer: Answer, ask: Ask, tag: Tag) -> Parts:
        telling = Telling()
        message: Json = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        telling.say(_event("message-start", id=tag.uuid, delta={"message": message}))
        index = 0
        for kind, pieces in (("thinking", answer.reasoning), ("text", answer.text)):
            if pieces:
                _block(telling, kind, pieces, index)
                index += 1
        for piece in _plan(answer):
            telling.delta(_event("tool-plan-delta", delta={"message": {"tool_plan": piece}}))
        for at, call in enumerate(_calls(answer, tag)):
            _call(telling, call, at)
        telling.say(
            _event("message-end", delta={"finish_reason": _FINISH[answer.finish], "usage": _usage(answer, ask)})
        )
        telling.say(_DONE)
        opening, deltas, closing = telling.split(1)
        return Parts(opening, deltas, closing, len(closing) - 2, _failed)

    def whole(self, answer: Answer, ask: Ask, tag: Tag) -> bytes:
        message: dict[str, Json] = {"role": "assistant"}
        blocks = (("thinking", answer.reasoning), ("text", answer.text))
        content = [{"type": kind, kind: "".join(pieces)} for kind, pieces in blocks if pieces]
        if content:
            message["content"] = content
        if answer.uses:
            message |= {"tool_plan": texts.PLAN, "tool_calls": _calls(answer, tag)}
        said = {"id": tag.uuid, "message": message, "finish_reason": _FINISH[answer.finish]}
        return _encode({**said, "usage": _usage(answer, ask)})

    def embed(self, http: Request) -> tuple[Ask, bytes]:
        try:
            asked = _decode_embed(http.body)
        except msgspec.MsgspecError as error:
            raise BadRequest(f"invalid request: {error}") from None
        if not 0 < len(asked.texts) <= _MOST_TEXTS:
            raise BadRequest(f"invalid request: total number of texts must be at most {_MOST_TEXTS}")
        dimensions = asked.output_dimension or embeddings.DIMENSIONS
        tokens = embeddings.tokens(asked.texts)
        said = {
            "id": f"embed-{len(asked.texts)}",
            "texts": asked.texts,
            "embeddings": {"float": [embeddings.vector(text, dimensions) for text in asked.texts]},
            "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": tokens, "image_tokens": 0}},
            "response_type": "embeddings_by_type",
        }
        return Ask(asked.model, stream=False, user_text="", input_tokens=tokens), _encode(said)

    def problem(self, problem: Problem, tag: Tag) -> Whole:
        kind, message = row(_PROBLEMS, problem) or (None, "unknown error.")
        said = {"id": tag.uuid, "message": message.replace("{}", problem.detail)}
        body = _encode({"error_type": kind, **said} if kind else said)
        return Whole(problem.at({"quota": 402, "prompt-filter": 498}), body)

    def headers(self, tag: Tag) -> dict[str, str]:
        return {"x-debug-trace-id": tag.hex(32)}

    def limits(self, tag: Tag) -> dict[str, str]:
        """Those of a trial key (recorded); the others' replies have none."""
        return {
            "x-endpoint-monthly-call-limit": "1000",
            "x-trial-endpoint-call-limit": "20",
            "x-trial-endpoint-call-remaining": "19",
        }

    def models(self, names: list[str], tag: Tag) -> bytes:
        shared = {"endpoints": ["chat", "embed"], "finetuned": False, "context_length": 288000, "features": ["tools"]}
        return _encode({"models": [{"name": name, **shared} for name in names]})


class _Embed(msgspec.Struct):
    model: str
    texts: list[str]
    input_type: str
    output_dimension: int | None = None


_decode_embed = msgspec.json.Decoder(_Embed).decode


def _block(telling: Telling, kind: str, pieces: list[str], index: int) -> None:
    telling.say(_event("content-start", index=index, delta={"message": {"content": {"type": kind, kind: ""}}}))
    for piece in pieces:
        telling.delta(_event("content-delta", index=index, delta={"message": {"content": {kind: piece}}}))
    telling.say(_event("content-end", index=index))


def _call(telling: Telling, call: dict[str, Json], index: int) -> None:
    function = call["function"]
    started = {**call, "function": {**function, "arguments": ""}}
    telling.say(_event("tool-call-start", index=index, delta={"message": {"tool_calls": started}}))
    arguments = function["arguments"]
    for at in range(0, len(arguments), 5):
        piece = {"function": {"arguments": arguments[at : at + 5]}}
        telling.delta(_event("tool-call-delta", index=index, delta={"message": {"tool_calls": piece}}))
    telling.say(_event("tool-call-end", index=index))


def _calls(answer: Answer, tag: Tag) -> list[dict[str, Json]]:
    return [
        {
            "id": f"{use.name}_{tag.hex(10)}{index:02d}",
            "type": "function",
            "function": {"name": use.name, "arguments": "".join(use.arguments)},
        }
        for index, use in enumerate(answer.uses)
    ]


def _plan(answer: Answer) -> list[str]:
    """What Cohere's models say before their calls, which is no part of the answer."""
    return texts.pieces(texts.PLAN) if answer.uses else []


def _usage(answer: Answer, ask: Ask) -> dict[str, Json]:
    tokens: dict[str, Json] = {"input_tokens": ask.input_tokens, "output_tokens": answer.tokens}
    if answer.reasoning:
        tokens["reasoning_tokens"] = answer.reasoning_tokens
    billed = {"input_tokens": ask.input_tokens, "output_tokens": answer.tokens}
    return {"billed_units": billed, "tokens": tokens, "cached_tokens": answer.cached}


def _failed(_: int) -> list[bytes]:
    """https://docs.cohere.com/v2/docs/streaming: the last event says it."""
    why = _PROBLEMS[500][1]
    return [_event("message-end", delta={"error": why, "finish_reason": "ERROR"}), _DONE]


def _event(kind: str, **fields: Json) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + _encode({"type": kind, **fields}) + b"\n\n"
