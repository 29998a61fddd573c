"""OpenAI's legacy completions, as the server's side says them; DeepSeek and local servers do so too.

Shapes after recorded replies; https://platform.openai.com/docs/api-reference/completions
"""

from typing import Any

import msgspec

from libria_providers.simulator import problems, prompts
from libria_providers.simulator.models import Answer, Ask
from libria_providers.simulator.openai_site import OpenAISite, usage
from libria_providers.simulator.problems import Problem
from libria_providers.simulator.vendor import Parts, Tag
from libria_providers.simulator.wire import Request

Json = Any
_FINISH = {"length": "length", "filter": "content_filter"}
_encode = msgspec.json.encode


class Completions(OpenAISite):
    """A model that reasons or calls tools only writes its text here."""

    def read(self, http: Request) -> Ask:
        return prompts.read(http.body)

    def stream(self, answer: Answer, ask: Ask, tag: Tag) -> Parts:
        deltas = [_event(ask, tag, [_choice(piece, None)]) for piece in answer.text]
        closing = [_event(ask, tag, [_choice("", _FINISH.get(answer.finish, "stop"))])]
        if ask.usage_chunk:
            closing.append(_event(ask, tag, [], usage=_usage(answer, ask)))
        return Parts([], deltas, [*closing, b"data: [DONE]\n\n"], 0, _failed)

    def whole(self, answer: Answer, ask: Ask, tag: Tag) -> bytes:
        choice = _choice("".join(answer.text), _FINISH.get(answer.finish, "stop"))
        return _encode({**_head(ask, tag), "choices": [choice], "usage": _usage(answer, ask)})


def _head(ask: Ask, tag: Tag) -> dict[str, Json]:
    return {"id": f"cmpl-{tag.hex(29)}", "object": "text_completion", "created": int(tag.now), "model": ask.model}


def _choice(text: str, finish: str | None) -> Json:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": finish}


def _event(ask: Ask, tag: Tag, choices: list[Json], **more: Json) -> bytes:
    return b"data: " + _encode({**_head(ask, tag), "choices": choices, **more}) + b"\n\n"


def _usage(answer: Answer, ask: Ask) -> dict[str, Json]:
    return usage(ask.input_tokens, len(answer.text), answer.cached, 0)


def _failed(_: int) -> list[bytes]:
    return [b"data: " + problems.openai(Problem("status", status=500)) + b"\n\n"]
