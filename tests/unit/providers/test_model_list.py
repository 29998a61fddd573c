"""Every vendor's list of models, in the words of its documentation."""

import json
from typing import Any

import pytest

from libria_providers.dialects.model_families import known
from libria_providers.dialects.model_list import read_models
from libria_providers.errors import InvalidResponse, ProviderError
from libria_providers.types import Model, Price


def read(*rows: Any) -> list[Model]:
    return read_models(json.dumps({"object": "list", "data": list(rows)}).encode(), "p")


@pytest.mark.parametrize(
    ("row", "window", "can", "price"),
    [
        # OpenAI, Cerebras: an id.
        ({"id": "x", "object": "model"}, None, (), None),
        # Groq
        ({"id": "x", "active": True, "context_window": 131072}, 131072, (), None),
        # OpenRouter
        (
            {
                "id": "x", "context_length": 200000,
                "architecture": {"input_modalities": ["text", "image", "file"], "output_modalities": ["text"]},
                "supported_parameters": ["tools", "reasoning", "response_format", "structured_outputs", "seed"],
                "pricing": {"prompt": "0.000001", "completion": "0.000005", "input_cache_read": "0.0000001"},
            },
            200000,
            ("chat", "tools", "vision", "files", "reasoning", "json", "jsonSchema"),
            Price(1.0, 5.0, 0.1),
        ),
        ({"id": "x", "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["image"]},
          "pricing": {"prompt": "-1", "completion": "-1"}}, None, (), None),
        ({"id": "x", "architecture": {"input_modalities": ["text"], "output_modalities": ["embeddings"]},
          "pricing": {"prompt": "0.00000002", "completion": "0"}}, None, ("embed",), Price(0.02, 0.0)),
        ({"id": "x:free", "pricing": {"prompt": "0", "completion": "0"}}, None, (), Price(0.0, 0.0)),
        # Mistral
        (
            {"id": "x", "max_context_length": 262144, "type": "base", "capabilities": {
                "completion_chat": True, "completion_fim": True, "function_calling": True, "vision": False,
                "fine_tuning": True}},
            262144,
            ("chat", "complete", "tools"),
            None,
        ),
        ({"id": "mistral-embed", "capabilities": {"completion_chat": False}}, None, ("embed",), None),
        # Anthropic
        (
            {"id": "x", "type": "model", "max_input_tokens": 1000000, "max_tokens": 128000, "capabilities": {
                "batch": {"supported": True}, "image_input": {"supported": True}, "pdf_input": {"supported": True},
                "structured_outputs": {"supported": True},
                "thinking": {"supported": True, "types": {"adaptive": {"supported": True}}}}},
            1000000,
            ("chat", "tools", "vision", "files", "reasoning", "jsonSchema"),
            None,
        ),
        # Together: dollars a million tokens; what is rented by the hour has no price for tokens.
        ({"id": "x", "type": "chat", "context_length": 8192, "pricing": {"hourly": 0, "input": 0.18, "output": 0.6}},
         8192, ("chat",), Price(0.18, 0.6)),
        ({"id": "x", "type": "chat", "pricing": {"hourly": 3.2, "input": 0, "output": 0}}, None, ("chat",), None),
        ({"id": "x", "type": "embedding", "pricing": {"hourly": 0, "input": 0.02, "output": 0}}, None, ("embed",),
         Price(0.02, 0.0)),
        # Vercel: dollars a token
        (
            {"id": "x", "type": "language", "context_window": 40960, "max_tokens": 16384,
             "tags": ["reasoning", "tool-use", "vision", "file-input", "implicit-caching"],
             "pricing": {"input": "0.0000002", "output": "0.0000006", "input_cache_read": "0.00000002"}},
            40960,
            ("chat", "tools", "vision", "files", "reasoning"),
            Price(0.2, 0.6, 0.02),
        ),
        # Perplexity
        ({"id": "x", "pricing": {"input": 10, "output": 50, "cache_write": 12.5, "cache_read": 1,
                                 "unit": "usd_per_1m_tokens"}}, None, (), Price(10.0, 50.0, 1.0)),
        # SambaNova: dollars a token, as numbers too
        ({"id": "x", "context_length": 131072, "pricing": {"prompt": 0.00000022, "completion": 0.00000059}}, 131072,
         (), Price(0.22, 0.59)),
        # Fireworks
        ({"id": "x", "supports_chat": True, "supports_image_input": True, "supports_tools": False,
          "context_length": 131072}, 131072, ("chat", "vision"), None),
        # Moonshot
        ({"id": "x", "context_length": 262144, "supports_image_in": True, "supports_video_in": True,
          "supports_reasoning": True}, 262144, ("chat", "vision", "reasoning"), None),
        # Hugging Face: what any that is up can do
        (
            {"id": "x", "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]}, "providers": [
                {"provider": "a", "status": "live", "context_length": 8192, "pricing": {"input": 1, "output": 2},
                 "supports_tools": True, "supports_structured_output": False},
                {"provider": "b", "status": "error", "context_length": 9999999, "supports_structured_output": True},
                {"provider": "c", "status": "live", "context_length": 131072}]},
            131072,
            ("chat", "tools"),
            None,
        ),
        # vLLM, llama.cpp, LM Studio
        ({"id": "x", "max_model_len": 32768, "permission": [{"id": "y"}]}, 32768, (), None),
        ({"id": "x", "meta": {"n_ctx": 2048, "n_ctx_train": 32768},
          "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]}}, 2048, ("chat",), None),
        ({"id": "x", "type": "vlm", "max_context_length": 4096, "capabilities": ["tool_use"]}, 4096,
         ("chat", "tools", "vision"), None),
        # Azure
        ({"id": "x", "capabilities": {"chat_completion": True, "embeddings": False, "inference": True}}, None,
         ("chat",), None),
        # Fields of other meanings cost nothing but themselves.
        ({"id": "x", "context_length": "8192", "capabilities": 5, "pricing": [1], "tags": "a", "providers": {"a": 1}},
         8192, (), None),
        ({"id": "x", "context_length": 0, "pricing": {"prompt": "free", "completion": None}}, None, (), None),
        ({"id": "x", "pricing": {"prompt": True, "input": {"a": 1}, "output": "x"}}, None, (), None),
    ],
)  # fmt: skip
def test_a_row(row: Any, window: int | None, can: tuple[Any, ...], price: Price | None) -> None:
    assert read(row) == [Model(f"p/{row['id']}", "p", window, can, price)]


def test_a_bare_list() -> None:
    assert [model.id for model in read_models(b'[{"id": "a"}, {"id": "b/c"}]', "p")] == ["p/a", "p/b/c"]


def test_nothing_is_served() -> None:
    assert read_models(b'{"data": []}', "p") == []


def test_a_row_without_an_id_is_left_out() -> None:
    assert [model.id for model in read({"object": "model"}, {"id": "a"}, 5, None, "x")] == ["p/a"]


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"5", b"null", b'"x"', b"{}", b'{"data": 5}', b'{"data": null}', b'{"data": [5]}', b"[5]",
     b'{"data": [{"object": "model"}]}', b"\xff", b"[" * 9000],
)  # fmt: skip
def test_garbage(body: bytes) -> None:
    with pytest.raises(InvalidResponse):
        read_models(body, "p")


@pytest.mark.parametrize("body", [b'{"error": {"message": "m", "code": 401}}', b'{"data": 5, "error": {"code": 401}}'])
def test_an_error(body: bytes) -> None:
    with pytest.raises(ProviderError) as caught:
        read_models(body, "p")
    assert caught.value.kind == "credentialRejected"


@pytest.mark.parametrize(
    ("model", "can"),
    [
        ("text-embedding-3-small", ("embed",)),
        ("nomic-embed-text:latest", ("embed",)),
        ("BAAI/bge-large-en-v1.5", ("embed",)),
        ("voyage-4-lite", ("embed",)),
        ("gpt-4o-transcribe", ()),
        ("gpt-image-1", ()),
        ("gpt-3.5-turbo-instruct", ("complete",)),
        ("gpt-6-luna", ("chat", "tools", "vision", "files", "reasoning", "json", "jsonSchema")),
        ("openai/gpt-oss-120b", ("chat", "tools", "reasoning")),
        ("o3-mini", ("chat", "tools", "reasoning", "json", "jsonSchema")),
        ("claude-haiku-4-5", ("chat", "tools", "vision", "files", "reasoning")),
        ("claude-3-5-sonnet-latest", ("chat", "tools", "vision")),
        ("grok-4-1-fast-non-reasoning", ("chat", "tools", "vision", "json", "jsonSchema")),
        ("deepseek-flash", ("chat", "tools", "reasoning", "json")),
        ("kimi-k2.6", ("chat", "tools", "vision", "reasoning", "json", "jsonSchema")),
        ("accounts/fireworks/models/kimi-k2p6", ("chat", "tools", "vision", "reasoning", "json", "jsonSchema")),
        ("codestral-2508", ("chat", "complete", "tools")),
        ("sonar-pro", ("chat", "jsonSchema")),
        ("my-own-model", ()),
    ],
)
def test_a_family(model: str, can: tuple[Any, ...]) -> None:
    assert known(model) == can
