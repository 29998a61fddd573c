"""Ollama's errors, models, code completion and embeddings."""

from typing import Any

import msgspec
import pytest

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.completions_fill import CannotFill
from libria_providers.dialects.ollama import Ollama
from libria_providers.dialects.ollama_embed import OllamaEmbed
from libria_providers.dialects.ollama_fill import OllamaFill
from libria_providers.errors import BadRequest, InvalidResponse, ProviderError
from libria_providers.types import Call, Delta, Embed, Fill, Finish, Message, Model, Usage, Vectors

FILL = Call(model="ollama/m", ask=Fill("a = ", "\nb"))


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (404, {"error": "model 'x' not found"}, "modelNotFound", "`ollama pull`: model 'x' not found"),
        (404, {"error": 'model "x" not found, try pulling it first'}, "modelNotFound", "ollama pull"),
        (404, b"404 page not found", "badRequest", "check its base URL"),
        (400, {"error": '"x" does not support thinking'}, "badRequest", "does not support thinking"),
        (
            401,
            {"error": "unauthorized", "signin_url": "https://ollama.com/connect?k=1"},
            "credentialRejected",
            "ollama signin",
        ),
        (403, {"error": "remote model is unavailable"}, "permissionDenied", "unavailable"),
        (429, {"error": "too many requests"}, "rateLimited", "too many requests"),
        (500, {"error": "model requires more system memory"}, "overloaded", "memory"),
        (502, {"error": "upstream is gone"}, "overloaded", "gone"),
        (503, {"error": "server busy, please try again. maximum pending requests exceeded"}, "overloaded", "busy"),
    ],
)
def test_error(status: int, body: Any, kind: str, words: str) -> None:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    for exchange in (Ollama(), OllamaFill(), OllamaEmbed()):
        error = exchange.error(status, {}, data)
        assert (error.kind, error.status) == (kind, status)
        assert words in error.message


@pytest.mark.parametrize(
    "words",
    ["registry.ollama.ai/library/devstral:latest does not support insert", "m does not support thinking\ninsert"],
)
def test_a_model_that_fills_nothing_says_so(words: str) -> None:
    error = OllamaFill().error(400, {}, msgspec.json.encode({"error": words}))
    assert isinstance(error, CannotFill)
    assert not isinstance(OllamaFill().error(400, {}, b'{"error": "insert coin"}'), CannotFill)


def test_models() -> None:
    details = {"family": "qwen3", "context_length": 32768}
    tags = {
        "models": [
            {
                "name": "qwen3:8b",
                "model": "qwen3:8b",
                "details": details,
                "capabilities": ["completion", "tools", "thinking"],
            },
            {"name": "all-minilm:latest", "details": {"family": "bert"}, "capabilities": ["embedding", "unheard of"]},
            {"model": "old:7b", "size": 1},
            {},
        ]
    }
    assert Ollama().models(msgspec.json.encode(tags), "ollama") == [
        Model("ollama/qwen3:8b", "ollama", 32768, ("chat", "json", "jsonSchema", "tools", "reasoning")),
        Model("ollama/all-minilm:latest", "ollama", None, ("embed",)),
        Model("ollama/old:7b", "ollama"),
    ]
    assert Ollama().models(b'{"models": null}', "ollama") == []
    with pytest.raises(InvalidResponse):
        Ollama().models(b"<html>", "ollama")
    with pytest.raises(ProviderError, match="boom"):
        Ollama().models(b'{"error": "boom"}', "ollama")


def fill(call: Call) -> dict[str, Any]:
    request = OllamaFill().encode(call, "m", Quirks())
    assert request.path == "/generate"
    found: dict[str, Any] = msgspec.json.decode(request.body)
    return found


def test_fill() -> None:
    assert fill(FILL) == {
        "model": "m",
        "prompt": "a = ",
        "suffix": "\nb",
        "stream": True,
        "think": False,
        "options": {"num_predict": 512},
    }
    bare = fill(Call(model="ollama/m", ask=Fill("", ""), stream=False, max_tokens=5, temperature=0.0))
    assert (bare["prompt"], bare["suffix"]) == ("\n", "\n")  # "" would load the model; and be a chat
    assert bare["options"] == {"num_predict": 5, "temperature": 0.0}
    with pytest.raises(BadRequest):
        fill(Call(model="ollama/m", messages=(Message("user", "Hi"),)))


def test_fill_reply() -> None:
    lines = [{"response": "1", "done": False}, {"response": "", "done": True, "done_reason": "stop", "eval_count": 2}]
    decoder = OllamaFill().decoder(Quirks())
    events = [event for line in lines for event in decoder.feed("", msgspec.json.encode({"model": "m", **line}))]
    assert events == [Delta("1"), Finish("stop", Usage(0, 2), "m")]


def test_embed() -> None:
    request = OllamaEmbed().encode(Call(model="ollama/m", ask=Embed(("a", "b"), 8)), "m", Quirks())
    assert request.path == "/embed"
    assert msgspec.json.decode(request.body) == {"model": "m", "input": ["a", "b"], "dimensions": 8}
    with pytest.raises(BadRequest):
        OllamaEmbed().encode(FILL, "m", Quirks())


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (
            {"model": "m", "embeddings": [[1, 0.5], [0, 1]], "prompt_eval_count": 4},
            [Vectors([[1.0, 0.5], [0.0, 1.0]]), Finish("stop", Usage(4), "m")],
        ),
        ({"embedding": [1.0]}, [Vectors([[1.0]]), Finish("stop")]),  # of /api/embeddings
    ],
)
def test_embeddings(body: dict[str, Any], events: list[Any]) -> None:
    assert OllamaEmbed().whole(msgspec.json.encode(body), Quirks()) == events


@pytest.mark.parametrize("body", [b"{}", b'{"embeddings": []}', b"[]", b"x", b'{"error": "boom"}'])
def test_no_embeddings(body: bytes) -> None:
    with pytest.raises(ProviderError):
        OllamaEmbed().whole(body, Quirks())
