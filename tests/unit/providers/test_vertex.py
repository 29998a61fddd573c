"""Vertex AI: where its models are, how its keys go, Claude on it."""

from typing import Any

import msgspec
import pytest

from libria_providers.errors import BadRequest, CredentialMissing
from libria_providers.registry import address, endpoint, headers, key
from libria_providers.row import Env, Row
from libria_providers.rows import google
from libria_providers.types import Call, CountTokens, Message

VERTEX = next(row for row in google.ROWS if row.name == "vertex")
GEMINI = next(row for row in google.ROWS if row.name == "gemini")
PROJECT = {"GOOGLE_CLOUD_PROJECT": "p"}
GOOGLE = "https://aiplatform.googleapis.com/v1beta1"
CALL = Call(model="vertex/m", messages=(Message("user", "Hi"),))


@pytest.mark.parametrize(
    ("override", "env", "where"),
    [
        (None, PROJECT, f"{GOOGLE}/projects/p/locations/global/publishers/google"),
        (
            None,
            {**PROJECT, "GOOGLE_CLOUD_LOCATION": "us-east5"},
            "https://us-east5-aiplatform.googleapis.com/v1beta1/projects/p/locations/us-east5/publishers/google",
        ),
        (
            None,
            {**PROJECT, "GOOGLE_CLOUD_LOCATION": "eu"},
            "https://aiplatform.eu.rep.googleapis.com/v1beta1/projects/p/locations/eu/publishers/google",
        ),
        (
            None,
            {"GOOGLE_CLOUD_PROJECT": "example.com:p"},
            f"{GOOGLE}/projects/example.com:p/locations/global/publishers/google",
        ),
        (None, {"GOOGLE_VERTEX_API_KEY": "AIza"}, f"{GOOGLE}/publishers/google"),
        (None, {"VERTEX_API_KEY": "k", "GOOGLE_CLOUD_LOCATION": "us-east5"}, f"{GOOGLE}/publishers/google"),
        ("https://proxy/", {}, "https://proxy/v1beta1/publishers/google"),
        ("https://proxy/v1", PROJECT, "https://proxy/v1/projects/p/locations/global/publishers/google"),
        (None, {**PROJECT, "GOOGLE_VERTEX_BASE_URL": "https://proxy"}, "https://proxy/v1beta1/projects/p/locations/global/publishers/google"),
        ("https://h/v1/projects/q/locations/r", PROJECT, "https://h/v1/projects/q/locations/r/publishers/google"),
        ("https://h/v1/publishers/google/", {}, "https://h/v1/publishers/google"),
    ],
)  # fmt: skip
def test_address(override: str | None, env: Env, where: str) -> None:
    assert address(VERTEX, override, env) == where


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({}, "GOOGLE_CLOUD_PROJECT"),
        ({"VERTEX_ACCESS_TOKEN": "ya29.x"}, "GOOGLE_CLOUD_PROJECT"),
        ({**PROJECT, "GOOGLE_CLOUD_LOCATION": "evil.org/"}, "GOOGLE_CLOUD_LOCATION"),
    ],
)
def test_what_is_missing(env: Env, named: str) -> None:
    with pytest.raises((BadRequest, CredentialMissing), match=named):
        address(VERTEX, None, env)


@pytest.mark.parametrize(
    ("row", "credential", "sent"),
    [
        (VERTEX, ("VERTEX_ACCESS_TOKEN", "AIzaNot"), {"authorization": "Bearer AIzaNot"}),
        (VERTEX, ("GOOGLE_VERTEX_API_KEY", "AIzaKey"), {"x-goog-api-key": "AIzaKey"}),
        (VERTEX, ("api_key_command", "ya29.token"), {"authorization": "Bearer ya29.token"}),
        (VERTEX, ("api_key_command", "AQ.key"), {"x-goog-api-key": "AQ.key"}),
        (GEMINI, ("GEMINI_API_KEY", "k"), {"x-goog-api-key": "k"}),
    ],
)
def test_credential(row: Row, credential: tuple[str, str], sent: dict[str, str]) -> None:
    assert headers(row, {}, credential) == sent


def test_gemini_is_as_its_sdk_finds_it() -> None:
    assert key(GEMINI, {"GEMINI_API_KEY": "a", "GOOGLE_API_KEY": "b"}) == ("GOOGLE_API_KEY", "b")
    assert key(GEMINI, {"GEMINI_API_KEY": "a"}) == ("GEMINI_API_KEY", "a")
    assert address(GEMINI, None, {}) == "https://generativelanguage.googleapis.com/v1beta"
    assert address(GEMINI, None, {"GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:1/"}) == "http://127.0.0.1:1/v1beta"


def url(call: Call, model: str) -> tuple[str, dict[str, Any]]:
    """As provider.py puts it together."""
    exchange = VERTEX.exchange(call, model)
    assert exchange is not None
    request = exchange.encode(call, model, VERTEX.quirks_of(model))
    route = VERTEX.route(model) if call.ask is None else None
    instead = "" if request.root else route.prefix if route else None
    where = endpoint(address(VERTEX, None, PROJECT), request.path, model, prefix=VERTEX.prefix, instead=instead)
    return where.removeprefix(f"{GOOGLE}/projects/p/locations/global"), msgspec.json.decode(request.body)


def test_gemini() -> None:
    where, _ = url(CALL, "gemini-3.8-flash")
    assert where == "/publishers/google/models/gemini-3.8-flash:streamGenerateContent?alt=sse"


def test_claude() -> None:
    where, body = url(CALL, "claude-haiku-4-5@20251001")
    assert where == "/publishers/anthropic/models/claude-haiku-4-5@20251001:streamRawPredict"
    assert body["anthropic_version"] == "vertex-2023-10-16"
    assert body["stream"] is True
    assert body["messages"]
    assert "model" not in body


def test_claudes_tokens() -> None:
    where, body = url(Call(model="vertex/m", messages=CALL.messages, ask=CountTokens()), "claude-haiku-4-5")
    assert where == "/publishers/anthropic/models/count-tokens:rawPredict"
    assert body["model"] == "claude-haiku-4-5"
    assert "max_tokens" not in body


def test_others_models() -> None:
    where, body = url(CALL, "meta/llama-4-maverick-17b-128e-instruct-maas")
    assert where == "/endpoints/openapi/chat/completions"
    assert body["model"] == "meta/llama-4-maverick-17b-128e-instruct-maas"
    assert VERTEX.route("models/gemini-3.8-flash") is None
