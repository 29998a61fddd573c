"""What is read of Gemini's generateContent format, on AI Studio and on Vertex.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
"""

from typing import Any
from urllib.parse import quote

import msgspec

NAME = "gemini"

Number = int | float | None


class WireUsage(msgspec.Struct, rename="camel"):
    """`candidates` is without what was thought; `prompt` is without what server tools brought in."""

    prompt_token_count: Number = None
    tool_use_prompt_token_count: Number = None
    cached_content_token_count: Number = None
    candidates_token_count: Number = None
    thoughts_token_count: Number = None
    total_token_count: Number = None


class Content(msgspec.Struct):
    parts: list[dict[str, Any]] | None = None


class Candidate(msgspec.Struct, rename="camel"):
    """Reasons are numbers where enum-encoding=int was asked for."""

    index: int | None = None
    content: Content | None = None
    finish_reason: str | int | None = None
    finish_message: str | None = None


class PromptFeedback(msgspec.Struct, rename="camel"):
    block_reason: str | int | None = None


class Chunk(msgspec.Struct, rename="camel"):
    """One message of a stream, or a whole reply."""

    candidates: list[Candidate] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: WireUsage | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: msgspec.Raw = msgspec.Raw()


def path(model: str, method: str) -> str:
    """Where `method` of `model` is: "x" is "models/x"; a tuned model says so itself."""
    kind, slash, name = model.partition("/")
    if not slash or kind not in ("models", "tunedModels"):
        kind, name = "models", model
    return f"/{kind}/{quote(name, safe='@')}:{method}"


def full_name(model: str) -> str:
    """The model as it is named within a body."""
    return model if model.startswith(("models/", "tunedModels/")) else f"models/{model}"
