"""Ollama's own format, as the server's side says it: lines of JSON, or one object.

Shapes after recorded replies; https://docs.ollama.com/api/chat and https://docs.ollama.com/api/errors
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from libria_providers.simulator import embeddings, ollama_read
from libria_providers.simulator.models import Answer, Ask
from libria_providers.simulator.problems import Problem, row
from libria_providers.simulator.vendor import LINES, BadRequest, Parts, Tag, Whole
from libria_providers.simulator.wire import Request

Json = Any

_encode = msgspec.json.encode
_TYPE = "application/json; charset=utf-8"

# Quota, length of the prompt and keys are matters of its cloud.
_PROBLEMS: Mapping[int | str, str] = {
    400: "invalid request",
    401: "unauthorized",
    403: "this model requires a subscription, upgrade for access",
    404: "model '{}' not found",
    413: "request body too large",
    429: "too many requests",
    500: "model runner has unexpectedly stopped",
    503: "server busy, please try again",
    "quota": "you have reached your weekly usage limit, please wait or upgrade to continue",
    "context-length": "prompt too long; exceeded max context length by 25004 tokens",
    "prompt-filter": "the prompt was refused",
    "prefill": "the last message must not be from the assistant",
    "request": "{}",
    "url": "404 page not found",
    "no-key": "unauthorized",
}


class Ollama:
    """/api/chat, or /api/generate, whose text is not within a message."""

    name = "ollama"

    def __init__(self, kind: Literal["chat", "generate"]) -> None:
        self._chat = kind == "chat"

    def read(self, http: Request) -> Ask:
        return ollama_read.chat(http.body) if self._chat else ollama_read.generate(http.body)

    def stream(self, answer: Answer, ask: Ask, tag: Tag) -> Parts:
        deltas = [self._line(ask, tag, thinking=piece) for piece in answer.reasoning]
        known = {piece: self._line(ask, tag, piece) for piece in set(answer.text)}
        deltas += [known[piece] for piece in answer.text]
        deltas += [self._line(ask, tag, calls=[call]) for call in _calls(answer, tag)]
        last = {**self._said(ask, tag), **_done(answer, ask)}
        return Parts([], deltas, [_encode(last) + b"\n"], 0, _failed, LINES, marked=False)

    def whole(self, answer: Answer, ask: Ask, tag: Tag) -> bytes:
        said = self._said(ask, tag, "".join(answer.text), "".join(answer.reasoning), _calls(answer, tag))
        return _encode({**said, **_done(answer, ask)})

    def embed(self, http: Request) -> tuple[Ask, bytes]:
        try:
            asked = _decode_embed(http.body)
        except msgspec.MsgspecError as error:
            raise BadRequest(str(error)) from None
        texts = [asked.input] if isinstance(asked.input, str) else asked.input
        vectors = [embeddings.vector(text, asked.dimensions or embeddings.DIMENSIONS) for text in texts]
        tokens = embeddings.tokens(texts)
        durations = {"total_duration": 14_143_917, "load_duration": 1_019_500}
        said = {"model": asked.model, "embeddings": vectors, **durations, "prompt_eval_count": tokens}
        return Ask(asked.model, stream=False, user_text="", input_tokens=tokens), _encode(said)

    def problem(self, problem: Problem, tag: Tag) -> Whole:
        message = row(_PROBLEMS, problem) or "unknown error"
        return Whole(problem.at(), _encode({"error": message.replace("{}", problem.detail)}), type=_TYPE)

    def headers(self, tag: Tag) -> dict[str, str]:
        return {}

    def limits(self, tag: Tag) -> dict[str, str]:
        return {}

    def models(self, names: list[str], tag: Tag) -> bytes:
        details = {"format": "gguf", "family": "simulated", "parameter_size": "1B", "quantization_level": "Q4_K_M"}
        shared = {"modified_at": _time(tag), "size": 806_000_000, "digest": "0" * 64, "details": details}
        return _encode({"models": [{"name": name, "model": name, **shared} for name in names]})

    def _line(
        self, ask: Ask, tag: Tag, text: str = "", *, thinking: str = "", calls: list[Json] | None = None
    ) -> bytes:
        return _encode({**self._said(ask, tag, text, thinking, calls), "done": False}) + b"\n"

    def _said(
        self, ask: Ask, tag: Tag, text: str = "", thinking: str = "", calls: list[Json] | None = None
    ) -> dict[str, Json]:
        """What a line says, before whether it is the last one."""
        head: dict[str, Json] = {"model": ask.model, "created_at": _time(tag)}
        more: dict[str, Json] = {"thinking": thinking} if thinking else {}
        if not self._chat:
            return {**head, "response": text, **more}
        if calls:
            more["tool_calls"] = calls
        return {**head, "message": {"role": "assistant", "content": text, **more}}


class _Embed(msgspec.Struct):
    model: str
    input: str | list[str]
    dimensions: int | None = None


_decode_embed = msgspec.json.Decoder(_Embed).decode


def _calls(answer: Answer, tag: Tag) -> list[Json]:
    """Whole, with an object as arguments; ids are since version 0.12."""
    calls: list[Json] = []
    for index, use in enumerate(answer.uses):
        arguments = msgspec.json.decode("".join(use.arguments))
        function = {"index": index, "name": use.name, "arguments": arguments}
        calls.append({"id": f"call_{tag.hex(6)}{index:02d}", "function": function})
    return calls


def _done(answer: Answer, ask: Ask) -> dict[str, Json]:
    """The end, with its reason: there is none for calls, nor for a filter. Times are in nanoseconds."""
    return {
        "done": True,
        "done_reason": "length" if answer.finish == "length" else "stop",
        "total_duration": 174_560_334,
        "load_duration": 101_397_084,
        "prompt_eval_count": ask.input_tokens,
        "prompt_eval_duration": 13_074_791,
        "eval_count": answer.tokens,
        "eval_duration": 52_479_709,
    }


def _failed(_: int) -> list[bytes]:
    return [_encode({"error": _PROBLEMS[500]}) + b"\n"]


def _time(tag: Tag) -> str:
    return datetime.fromtimestamp(tag.now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
