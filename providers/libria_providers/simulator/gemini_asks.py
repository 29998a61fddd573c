"""Gemini's other questions, which take no model's words: how many tokens, which vectors.

https://ai.google.dev/api/tokens, https://ai.google.dev/api/embeddings
"""

from typing import Any, TypeVar

import msgspec

from libria_providers.simulator import embeddings, gemini_read
from libria_providers.simulator.models import Ask
from libria_providers.simulator.vendor import BadRequest
from libria_providers.simulator.wire import Request

Json = Any
_T = TypeVar("_T")

MOST_REQUESTS = 100
_encode = msgspec.json.encode


class _Count(gemini_read.Body, rename="camel"):
    generate_content_request: gemini_read.Body | None = None


class _Embed(msgspec.Struct, rename="camel"):
    content: gemini_read.Content
    output_dimensionality: int | None = None

    @property
    def embedding(self) -> Json:
        dimensions = self.output_dimensionality or embeddings.DIMENSIONS
        return {"values": embeddings.vector(self.content.text, dimensions)}


class _Batch(msgspec.Struct):
    requests: list[_Embed]


def count(http: Request) -> tuple[Ask, bytes]:
    """Of contents alone, or of a whole request within the body."""
    body = _read(http, _Count)
    tokens = gemini_read.tokens(body.generate_content_request or body)
    said = {"totalTokens": tokens, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens}]}
    return _ask(http, tokens), _encode(said)


def embed_all(http: Request) -> tuple[Ask, bytes]:
    asked = _read(http, _Batch).requests
    if not 0 < len(asked) <= MOST_REQUESTS:
        raise BadRequest(f"* BatchEmbedContentsRequest.requests: at most {MOST_REQUESTS} requests can be in one batch")
    tokens = embeddings.tokens([one.content.text for one in asked])
    said = {"embeddings": [one.embedding for one in asked], "usageMetadata": {"promptTokenCount": tokens}}
    return _ask(http, tokens), _encode(said)


def embed_one(http: Request) -> tuple[Ask, bytes]:
    asked = _read(http, _Embed)
    return _ask(http, embeddings.tokens([asked.content.text])), _encode({"embedding": asked.embedding})


def _read(http: Request, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(http.body, type=kind)
    except msgspec.MsgspecError as error:
        raise BadRequest(f"Invalid JSON payload received. {error}") from None


def _ask(http: Request, tokens: int) -> Ask:
    return Ask(gemini_read.model(http.path), stream=False, user_text="", input_tokens=tokens)
