"""Embeddings in OpenAI's form: what is asked, and every form of a reply."""

import base64
import json
import math
import struct
from dataclasses import replace
from typing import Any

import pytest

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.openai_embeddings import OpenAIEmbeddings
from libria_providers.embedded import complete
from libria_providers.errors import InvalidResponse, ProviderError
from libria_providers.registry import ROWS
from libria_providers.reply import Batches
from libria_providers.types import Call, Embed, Event, Finish, Usage, Vectors

EMBEDDINGS = OpenAIEmbeddings()
CALL = Call("p/m", ask=Embed(("a", "b")))


def packed(kind: str, *numbers: float) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}{kind}", *numbers)).decode()


def items(*embeddings: Any) -> list[dict[str, Any]]:
    return [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(embeddings)]


@pytest.mark.parametrize(
    ("changes", "quirks", "more"),
    [
        ({}, {}, {}),
        ({"ask": Embed(("a", "b"), 64)}, {}, {"dimensions": 64}),
        ({"ask": Embed(("a", "b"), 64)}, {"dimensions_name": "output_dimension"}, {"output_dimension": 64}),
        ({}, {"embed_encoding": "base64"}, {"encoding_format": "base64"}),
        ({}, {"embed_input_type": "passage"}, {"input_type": "passage"}),
        (
            {"provider_options": {"input_type": "query", "user": "u"}},
            {"embed_input_type": "passage"},
            {"input_type": "query", "user": "u"},
        ),
    ],
)
def test_what_is_asked(changes: dict[str, Any], quirks: dict[str, Any], more: dict[str, Any]) -> None:
    request = EMBEDDINGS.encode(replace(CALL, **changes), "m", Quirks(**quirks))
    assert request.path == "/embeddings"
    assert json.loads(request.body) == {"model": "m", "input": ["a", "b"], **more}


@pytest.mark.parametrize(
    ("body", "vectors", "usage", "model"),
    [
        (
            {"data": items([1.0, 2], [3, 4]), "model": "x", "usage": {"prompt_tokens": 7, "total_tokens": 7}},
            [[1.0, 2.0], [3.0, 4.0]],
            Usage(7),
            "x",
        ),
        ({"data": list(reversed(items([1], [2], [3])))}, [[1.0], [2.0], [3.0]], Usage(), ""),
        ({"data": [{"embedding": [1]}, {"embedding": [2]}]}, [[1.0], [2.0]], Usage(), ""),
        # Voyage counts in total only; an odd field costs nothing.
        ({"data": items([1]), "usage": {"total_tokens": 3}, "model": 5}, [[1.0]], Usage(3), "5"),
        ({"data": items([1]), "usage": "free"}, [[1.0]], Usage(), ""),
        ({"data": items(packed("f", 0.5, -0.25, 1))}, [[0.5, -0.25, 1.0]], Usage(), ""),
        # One reply may mix them.
        ({"data": items(packed("f", 0.5), [2])}, [[0.5], [2.0]], Usage(), ""),
        # Older vLLM: doubles, here such as have no low bits and such as have.
        ({"data": items(packed("d", 0.5, -0.25))}, [[0.5, -0.25]], Usage(), ""),
        ({"data": items(packed("d", 1 / 3, -1 / 7, 0.1, 1e-3))}, [[1 / 3, -1 / 7, 0.1, 1e-3]], Usage(), ""),
        # llama.cpp's own form: a bare list, a vector in a list.
        ([{"index": 0, "embedding": [[1, 2]]}], [[1.0, 2.0]], Usage(), ""),
    ],
)
def test_a_reply(body: Any, vectors: list[list[float]], usage: Usage, model: str) -> None:
    events = EMBEDDINGS.whole(json.dumps(body).encode(), Quirks())
    assert events == [Vectors(vectors), Finish("stop", usage, model)]


def test_signed_bytes() -> None:
    body = json.dumps({"data": items(packed("b", -128, 0, 127, 1))}).encode()
    events = EMBEDDINGS.whole(body, Quirks(embed_encoding="base64_int8"))
    assert events[0] == Vectors([[-128.0, 0.0, 127.0, 1.0]])


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]x", b"null", b"5", b'"x"', b"{}", b'{"data": null}', b'{"data": 5}', b'{"data": [5]}',
        b'{"data": [{}]}', b'{"data": [{"embedding": null}]}', b'{"data": [{"embedding": []}]}',
        b'{"data": [{"embedding": [null]}]}', b'{"data": [{"embedding": ["x"]}]}', b'{"data": [{"embedding": {}}]}',
        b'{"data": [{"embedding": "x"}]}', b'{"data": [{"embedding": "AAA="}]}', b'{"data": [{"embedding": "%"}]}',
        b'{"data": [{"embedding": [[1], [2]]}]}', b'{"data": [{"embedding": [[]]}]}',
        b'{"data": [{"embedding": [1], "index": 1}]}', b'{"data": [{"embedding": [1], "index": -1}]}',
        b'{"data": [{"embedding": [1], "index": 0}, {"embedding": [2], "index": 0}]}',
        b'{"data": [{"embedding": [1], "index": 0}, {"embedding": [2]}]}',
        b'{"data": [{"embedding": [1e999]}]}', b"[" * 9000, b'{"data": "\xff"}',
        b'{"data": [{"embedding": "' + packed("f", math.nan).encode() + b'"}]}',
    ],
)  # fmt: skip
def test_garbage(body: bytes) -> None:
    with pytest.raises(InvalidResponse):
        EMBEDDINGS.whole(body, Quirks())


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"message": "m", "type": "rate_limit_error"}}, "rateLimited"),
        ({"error": {"message": "m", "code": 502}}, "overloaded"),
        ({"detail": "Model x is not supported."}, "overloaded"),
        ({"object": "error", "message": "m", "type": "BadRequestError"}, "badRequest"),
    ],
)
def test_an_error_in_a_200_body(body: Any, kind: str) -> None:
    with pytest.raises(ProviderError) as caught:
        EMBEDDINGS.whole(json.dumps(body).encode(), Quirks())
    assert caught.value.kind == kind


async def test_a_vector_for_each_text() -> None:
    async def batches() -> Batches:
        batch: list[Event] = [Vectors([[1.0], [2.0]]), Finish("stop")]
        yield batch

    assert [batch async for batch in complete(batches(), Embed(("a", "b")))] == [
        [Vectors([[1.0], [2.0]]), Finish("stop")]
    ]
    with pytest.raises(InvalidResponse, match="2 embeddings for 3 texts"):
        _ = [batch async for batch in complete(batches(), Embed(("a", "b", "c")))]


@pytest.mark.parametrize(
    ("name", "path", "batch"),
    [
        ("together", "/embeddings", 2048),
        ("fireworks", "/embeddings", 256),
        ("openrouter", "/embeddings", 2048),
        ("vercel-gateway", "/embeddings", 2048),
        ("nvidia", "/embeddings", 50),
        ("sambanova", "/embeddings", 32),
        ("perplexity", "/v1/embeddings", 512),
        ("alibaba", "/embeddings", 10),
        ("voyage", "/embeddings", 1000),
    ],
)
def test_the_rows(name: str, path: str, batch: int) -> None:
    row = ROWS[name]
    assert row.embed is not None
    assert row.embed.encode(CALL, "m", row.quirks).path == path
    assert row.quirks_of("text-embedding-v4").embed_batch == batch
