"""Gemini's generateContent, as the server's side says it, streamed in both ways and whole.

Shapes after recorded replies; https://ai.google.dev/api/generate-content
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import msgspec

from libria_providers.simulator import gemini_chunks, gemini_problems, gemini_read
from libria_providers.simulator.gemini_read import SIGNED_TEXT
from libria_providers.simulator.models import Answer, Ask, Finish
from libria_providers.simulator.problems import Problem
from libria_providers.simulator.vendor import Framing, Parts, Tag, Telling, Whole
from libria_providers.simulator.wire import Request

Json = Any
Way = Literal["whole", "events", "array"]

EVENTS = Framing("text/event-stream", b"\r\n\r\n", b": keep-alive\r\n\r\n")
ARRAY = Framing("application/json; charset=UTF-8", b"\n", b"\n", one=True)
_METHODS = ["generateContent", "countTokens", "batchEmbedContents"]
_FINISH: Mapping[Finish, str] = {
    "stop": "STOP",
    "stop_sequence": "STOP",
    "length": "MAX_TOKENS",
    "tools": "STOP",  # recorded: 50 of 50
    "filter": "SAFETY",
}
_encode = msgspec.json.encode


class Gemini:
    """`way` is how the answer comes: "events" with alt=sse, "array" where a stream is asked for without."""

    name = "gemini"

    def __init__(self, way: Way) -> None:
        self._way: Way = way

    def read(self, http: Request) -> Ask:
        return gemini_read.read(http, stream=self._way != "whole")

    def stream(self, answer: Answer, ask: Ask, tag: Tag) -> Parts:
        answer = _said(answer)
        chunks = gemini_chunks.Chunks(answer, ask, tag)
        telling = Telling()
        for at, piece in enumerate(answer.reasoning, 1):
            telling.delta(chunks.of([{"text": piece, "thought": True}], 0, thought=at))
        for at, piece in enumerate(answer.text, 1):
            telling.delta(chunks.of([{"text": piece}], at))
        for part in gemini_chunks.calls(answer, tag):
            telling.delta(chunks.of([part], _spoken(answer)))
        last: dict[str, Json] = {"text": ""} if answer.uses else {"text": "", "thoughtSignature": SIGNED_TEXT}
        telling.say(chunks.of([last], _spoken(answer), finish=_finish(answer)))
        _, deltas, closing = telling.split(0)
        if self._way == "events":
            deltas, closing = _events(deltas), _events(closing)
            return Parts([], deltas, closing, finish=0, failure=_failed_event, framing=EVENTS, marked=False)
        deltas, closing = _elements(deltas, closing)
        return Parts([b"["], deltas, closing, finish=0, failure=_failed_element, framing=ARRAY)

    def whole(self, answer: Answer, ask: Ask, tag: Tag) -> bytes:
        answer = _said(answer)
        parts: list[Json] = []
        if answer.reasoning:
            parts.append({"text": "".join(answer.reasoning), "thought": True})
        if answer.text:
            parts.append({"text": "".join(answer.text), "thoughtSignature": SIGNED_TEXT})
        parts += gemini_chunks.calls(answer, tag)
        return gemini_chunks.Chunks(answer, ask, tag).of(parts, _spoken(answer), finish=_finish(answer))

    def problem(self, problem: Problem, tag: Tag) -> Whole:
        """Where an array was asked for, the error is in one; a filtered prompt is no error."""
        if problem.kind == "prompt-filter":
            return self._blocked(problem, tag)
        status, error = gemini_problems.error(problem)
        body = _encode({"error": error})
        if self._way == "array":
            return Whole(status, b"[" + body + b"\n]", type=ARRAY.type)
        return Whole(status, body, type="application/json; charset=UTF-8")

    def headers(self, tag: Tag) -> dict[str, str]:
        return {"server-timing": "gfet4t7; dur=12", "x-gemini-service-tier": "standard"}

    def limits(self, tag: Tag) -> dict[str, str]:
        return {}

    def models(self, names: list[str], tag: Tag) -> bytes:
        rows = [
            {
                "name": f"models/{name}",
                "version": "001",
                "displayName": name,
                "inputTokenLimit": 1048576,
                "outputTokenLimit": 65536,
                "supportedGenerationMethods": _METHODS,
                "thinking": True,
            }
            for name in names
        ]
        return _encode({"models": rows})

    def _blocked(self, problem: Problem, tag: Tag) -> Whole:
        said = {
            "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
            "usageMetadata": {"promptTokenCount": 8, "totalTokenCount": 8},
            "modelVersion": problem.detail,
            "responseId": gemini_chunks.identity(tag),
        }
        body = _encode(said)
        if self._way == "events":
            return Whole(200, b"data: " + body + EVENTS.end, type=EVENTS.type)
        return Whole(200, b"[" + body + b"\n]" if self._way == "array" else body, type=ARRAY.type)


def _said(answer: Answer) -> Answer:
    """Of a refusal nothing but the reason."""
    return replace(answer, text=[]) if answer.refused else answer


def _events(chunks: list[bytes]) -> list[bytes]:
    return [b"data: " + chunk + EVENTS.end for chunk in chunks]


def _elements(deltas: list[bytes], closing: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """The messages as elements of an array whose bracket is the first event and the last."""
    made = [(b",\r\n" if at else b"") + chunk + ARRAY.end for at, chunk in enumerate([*deltas, *closing])]
    return made[: len(deltas)], [*made[len(deltas) :], b"]"]


def _failed_event(_: int) -> list[bytes]:
    return [b"data: " + _error() + EVENTS.end]


def _failed_element(said: int) -> list[bytes]:
    return [(b",\r\n" if said > 1 else b"") + _error() + ARRAY.end, b"]"]


def _error() -> bytes:
    return _encode({"error": gemini_problems.error(Problem("status", status=503))[1]})


def _finish(answer: Answer) -> str:
    return "PROHIBITED_CONTENT" if answer.refused else _FINISH[answer.finish]


def _spoken(answer: Answer) -> int:
    return answer.tokens - answer.reasoning_tokens
