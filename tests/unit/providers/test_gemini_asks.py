"""What else is asked of Gemini: embeddings, counts, the list of models."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from libria_providers.dialects.base import Exchange, Quirks
from libria_providers.dialects.gemini import Gemini
from libria_providers.dialects.gemini_count import GeminiCount
from libria_providers.dialects.gemini_embed import GeminiEmbed
from libria_providers.errors import BadRequest, CredentialRejected, InvalidResponse
from libria_providers.types import Call, Counted, CountTokens, Embed, Finish, Message, Model, Tool, Usage, Vectors
from libria_providers.vertex import VertexCount, VertexEmbed

EMBED = Call(model="p/m", ask=Embed(("a", "b")))
COUNT = Call(model="p/m", ask=CountTokens(), messages=(Message("user", "Hi"),))
HI = [{"role": "user", "parts": [{"text": "Hi"}]}]
BRIEF = {"parts": [{"text": "Be brief."}]}
REFUSED = b'{"error":{"code":400,"message":"no","status":"X","details":[{"reason":"API_KEY_INVALID"}]}}'


def sent(exchange: Exchange, call: Call, model: str) -> tuple[str, dict[str, Any]]:
    request = exchange.encode(call, model, Quirks())
    return request.path, msgspec.json.decode(request.body)


def content(text: str) -> dict[str, Any]:
    return {"content": {"parts": [{"text": text}]}}


@pytest.mark.parametrize(
    ("exchange", "call", "model", "path", "said"),
    [
        (
            GeminiEmbed(), EMBED, "gemini-embedding-001", "/models/gemini-embedding-001:batchEmbedContents",
            {"requests": [{"model": "models/gemini-embedding-001", **content(text)} for text in "ab"]},
        ),
        (
            GeminiEmbed(),
            replace(EMBED, ask=Embed(("a",), 64), provider_options={"taskType": "RETRIEVAL_QUERY"}),
            "models/e", "/models/e:batchEmbedContents",
            {"requests": [
                {"model": "models/e", **content("a"), "outputDimensionality": 64, "taskType": "RETRIEVAL_QUERY"}
            ]},
        ),
        (
            VertexEmbed(), replace(EMBED, ask=Embed(("a",))), "gemini-embedding-2",
            "/models/gemini-embedding-2:embedContent", content("a"),
        ),
        (
            VertexEmbed(), replace(EMBED, ask=Embed(("a", "b"), 64)), "gemini-embedding-2",
            "/models/gemini-embedding-2:batchEmbedContents",
            {"requests": [{**content(text), "embedContentConfig": {"outputDimensionality": 64}} for text in "ab"]},
        ),
        (
            VertexEmbed(), replace(EMBED, ask=Embed(("a", "b"), 64)), "text-embedding-005",
            "/models/text-embedding-005:predict",
            {"instances": [{"content": "a"}, {"content": "b"}], "parameters": {"outputDimensionality": 64}},
        ),
        (GeminiCount(), COUNT, "m", "/models/m:countTokens", {"contents": HI}),
        (
            GeminiCount(), replace(COUNT, system="Be brief.", tools=(Tool("f", {}),)), "m", "/models/m:countTokens",
            {"generateContentRequest": {
                "model": "models/m", "contents": HI, "systemInstruction": BRIEF,
                "tools": [{"functionDeclarations": [{"name": "f"}]}],
            }},
        ),
        (
            VertexCount(), replace(COUNT, system="Be brief."), "m", "/models/m:countTokens",
            {"contents": HI, "systemInstruction": BRIEF},
        ),
    ],
)  # fmt: skip
def test_request(exchange: Exchange, call: Call, model: str, path: str, said: dict[str, Any]) -> None:
    assert sent(exchange, call, model) == (path, said)


@pytest.mark.parametrize(
    ("body", "vectors", "tokens"),
    [
        (
            {"embeddings": [{"values": [1, 0.5]}, {"values": [2.0]}], "usageMetadata": {"promptTokenCount": 4}},
            [[1, 0.5], [2]], 4,
        ),
        ({"embeddings": [{"values": [1]}]}, [[1]], 0),
        ({"embedding": {"values": [1]}, "usageMetadata": {"promptTokenCount": 3}}, [[1]], 3),
        (
            {"predictions": [
                {"embeddings": {"values": [1], "statistics": {"token_count": 2.0, "truncated": False}}},
                {"embeddings": {"values": [2], "statistics": {"token_count": 3}}},
            ]},
            [[1], [2]], 5,
        ),
    ],
)  # fmt: skip
def test_vectors(body: dict[str, Any], vectors: list[list[float]], tokens: int) -> None:
    events = GeminiEmbed().whole(msgspec.json.encode(body), Quirks())
    assert events == [Vectors(vectors), Finish("stop", Usage(tokens))]


def test_counted() -> None:
    for body in (b'{"totalTokens": 12, "promptTokensDetails": []}', b'{"input_tokens": 12}'):
        assert GeminiCount().whole(body, Quirks()) == [Counted(12, exact=True), Finish("stop", Usage(12))]
    assert GeminiCount().whole(b'{"totalTokens": 0}', Quirks())[0] == Counted(0, exact=True)


@pytest.mark.parametrize("exchange", [GeminiEmbed(), GeminiCount()], ids=["embed", "count"])
def test_what_is_no_answer(exchange: Exchange) -> None:
    for body in (b"{}", b"x", b"[]", b'{"embeddings": [{}]}', b'{"embeddings": "x", "totalTokens": "y"}'):
        with pytest.raises(InvalidResponse):
            exchange.whole(body, Quirks())
    with pytest.raises(CredentialRejected):
        exchange.whole(REFUSED, Quirks())


def test_embeddings_are_of_texts() -> None:
    for exchange in (GeminiEmbed(), VertexEmbed()):
        with pytest.raises(BadRequest):
            exchange.encode(COUNT, "m", Quirks())


def test_models() -> None:
    rows = [
        {
            "name": "models/a", "inputTokenLimit": 9, "thinking": True,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
        },
        {"name": "models/b", "supportedGenerationMethods": ["embedContent"]},
        {"name": "tunedModels/c"},
        {"displayName": "nameless"},
    ]  # fmt: skip
    assert Gemini().models(msgspec.json.encode({"models": rows}), "gemini") == [
        Model("gemini/a", "gemini", 9, ("chat", "reasoning")),
        Model("gemini/b", "gemini", None, ("embed",)),
        Model("gemini/tunedModels/c", "gemini"),
    ]
    garden = {"publisherModels": [{"name": "publishers/google/models/d", "versionId": "1"}]}
    assert Gemini().models(msgspec.json.encode(garden), "vertex") == [Model("vertex/d", "vertex")]
    assert Gemini().models(b"{}", "gemini") == []
    with pytest.raises(InvalidResponse):
        Gemini().models(b"<html>", "gemini")
    with pytest.raises(CredentialRejected):
        Gemini().models(REFUSED, "gemini")
