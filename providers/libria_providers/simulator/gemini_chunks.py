"""The messages of one reply of Gemini's: a stream's are like a whole one, each with the usage so far."""

from typing import Any

import msgspec

from libria_providers.simulator.gemini_read import signed_call
from libria_providers.simulator.models import Answer, Ask
from libria_providers.simulator.vendor import Tag

Json = Any


class Chunks:
    def __init__(self, answer: Answer, ask: Ask, tag: Tag) -> None:
        self._ask = ask
        self._thoughts = answer.reasoning_tokens
        self._cached = answer.cached
        self._shared = {"modelVersion": ask.model, "responseId": identity(tag)}

    def of(self, parts: list[Json], spoken: int, *, thought: int | None = None, finish: str | None = None) -> bytes:
        """`spoken` and `thought` are the tokens so far."""
        candidate: dict[str, Json] = {"content": {"parts": parts, "role": "model"}}
        if finish is not None:
            candidate["finishReason"] = finish
        thoughts = self._thoughts if thought is None else thought
        usage: dict[str, Json] = {
            "promptTokenCount": self._ask.input_tokens,
            "candidatesTokenCount": spoken,
            "totalTokenCount": self._ask.input_tokens + spoken + thoughts,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": self._ask.input_tokens}],
        }
        if thoughts:
            usage["thoughtsTokenCount"] = thoughts
        if self._cached:
            usage["cachedContentTokenCount"] = self._cached
        return msgspec.json.encode({"candidates": [{**candidate, "index": 0}], "usageMetadata": usage, **self._shared})


def calls(answer: Answer, tag: Tag) -> list[Json]:
    """The first of them is signed, for all."""
    parts: list[Json] = []
    for index, use in enumerate(answer.uses):
        args = msgspec.json.decode("".join(use.arguments))
        part: dict[str, Json] = {"functionCall": {"name": use.name, "args": args, "id": f"{tag.hex(6)}{index:02d}"}}
        if not parts:
            part["thoughtSignature"] = signed_call(use.name, args)
        parts.append(part)
    return parts


def identity(tag: Tag) -> str:
    return tag.hex(23)
