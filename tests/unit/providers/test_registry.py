"""The rows, and what is read from the environment through them."""

import pytest

from libria_providers import docs
from libria_providers.registry import ROWS, address, find, headers, key, near
from libria_providers.row import Row


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_row(row: Row) -> None:
    assert row.docs.startswith("https://")
    assert row.local or row.key_env
    assert not row.prefix or (row.prefix.startswith("/") and not row.prefix.endswith("/"))
    # Hugging Face's key is on many machines for downloads alone; Voyage has no chat; Azure's models are the
    # deployments of whoever asks.
    assert row.local or row.default_model or row.name in ("huggingface", "voyage", "azure", "azure-responses")
    assert set(row.bearer_env) <= set(row.key_env)
    assert not row.base_url.endswith("/")


@pytest.mark.parametrize(
    ("name", "override", "env", "where"),
    [
        ("openai", None, {}, "https://api.openai.com/v1"),
        ("openai", None, {"OPENAI_BASE_URL": "http://h:1/v1/"}, "http://h:1/v1"),
        ("openai", "http://h/x", {"OPENAI_BASE_URL": "http://h:1/v1"}, "http://h/x"),
        ("openai", None, {"OPENAI_BASE_URL": " "}, "https://api.openai.com/v1"),
        ("groq", None, {"GROQ_BASE_URL": "http://h"}, "http://h/openai/v1"),
        ("groq", None, {"GROQ_BASE_URL": "http://h/openai/v1/"}, "http://h/openai/v1"),
        ("anthropic", None, {"ANTHROPIC_BASE_URL": "http://h/"}, "http://h/v1"),
        ("anthropic", None, {"ANTHROPIC_BASE_URL": "http://h/v1"}, "http://h/v1"),
        ("ollama", None, {}, "http://127.0.0.1:11434/api"),
        ("ollama", None, {"OLLAMA_HOST": "0.0.0.0"}, "http://127.0.0.1:11434/api"),  # noqa: S104  # read, never bound
        ("ollama", None, {"OLLAMA_HOST": "box:9"}, "http://box:9/api"),
        ("ollama", None, {"OLLAMA_HOST": ":9"}, "http://127.0.0.1:9/api"),
        ("ollama", None, {"OLLAMA_HOST": "[::1]:9"}, "http://[::1]:9/api"),
        ("ollama", None, {"OLLAMA_HOST": "https://box/x/"}, "https://box/x/api"),
        ("ollama", None, {"OLLAMA_HOST": "https://ollama.com/api"}, "https://ollama.com/api"),
        ("gpustack", None, {"GPUSTACK_BASE_URL": "http://gpus:8080"}, "http://gpus:8080/v1"),
        ("llamacpp", "localhost:8081", {}, "http://localhost:8081/v1"),
        ("simulate", "http://127.0.0.1:5", {}, "http://127.0.0.1:5/v1"),
        ("simulate", None, {}, ""),
    ],
)
def test_address(name: str, override: str | None, env: dict[str, str], where: str) -> None:
    assert address(find(name), override, env) == where


def test_key() -> None:
    row = find("anthropic")
    assert key(row, {}) is None
    assert key(row, {"ANTHROPIC_API_KEY": ""}) is None
    assert key(row, {"ANTHROPIC_AUTH_TOKEN": "t\n"}) == ("ANTHROPIC_AUTH_TOKEN", "t")
    both = {"ANTHROPIC_AUTH_TOKEN": "t", "ANTHROPIC_API_KEY": "k"}
    assert key(row, both) == ("ANTHROPIC_API_KEY", "k")


def test_headers() -> None:
    version = {"anthropic-version": "2023-06-01"}
    assert headers(find("anthropic"), {}, ("ANTHROPIC_API_KEY", "k")) == {"x-api-key": "k", **version}
    token = headers(find("anthropic"), {}, ("ANTHROPIC_AUTH_TOKEN", "t"))
    assert token == {"authorization": "Bearer t", **version}
    env = {"OPENAI_ORG_ID": "o", "OPENAI_PROJECT_ID": ""}
    assert headers(find("openai"), env, ("OPENAI_API_KEY", "k")) == {
        "authorization": "Bearer k",
        "openai-organization": "o",
    }
    assert headers(find("ollama"), {}, None) == {}


def test_near() -> None:
    assert near("opnai", ROWS)[0] == "openai"
    assert near("Antropic", ROWS) == ["anthropic"]
    assert near("qqqqq", ROWS) == []
    with pytest.raises(KeyError):
        find("opnai")


def test_readme_is_not_stale() -> None:
    readme = docs.README.read_text(encoding="utf-8")
    assert docs.updated(readme) == readme, "run python -m libria_providers.docs"


def test_a_variant_is_of_a_provider_that_is_listed() -> None:
    """Nobody's models are listed twice, and nobody's not at all."""
    listed = [row for row in ROWS.values() if not row.variant]
    for row in ROWS.values():
        if row.variant:
            assert any(set(row.key_env) & set(other.key_env) for other in listed), row.name
