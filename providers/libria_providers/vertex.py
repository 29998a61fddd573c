"""Vertex AI: where a project's models are, and how its formats differ from AI Studio's and Anthropic's.

https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference
"""

import re
from typing import Any
from urllib.parse import quote

import msgspec

from libria_providers.dialects.anthropic_count import AnthropicCount
from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.dialects.base import Quirks, WireRequest
from libria_providers.dialects.gemini import Gemini
from libria_providers.dialects.gemini_count import GeminiCount
from libria_providers.dialects.gemini_embed import GeminiEmbed, asked, content
from libria_providers.dialects.gemini_encode import turns
from libria_providers.dialects.gemini_wire import path
from libria_providers.dialects.options import merge
from libria_providers.errors import BadRequest, CredentialMissing
from libria_providers.row import Env
from libria_providers.types import Call, Json

PREFIX = "/publishers/google"
ANTHROPIC = "/publishers/anthropic"
BEARER_ENV = ("VERTEX_ACCESS_TOKEN", "GOOGLE_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN")
KEY_ENV = ("GOOGLE_VERTEX_API_KEY", "VERTEX_API_KEY")
LOCATE_ENV = ("GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION", *KEY_ENV)
CLAUDE = re.compile(r"^claude-", re.IGNORECASE)

_VERSION = "/v1beta1"
_LOCATION = re.compile(r"[a-z0-9-]+")
_JSON = {"content-type": "application/json"}


def locate(base: str, env: Env) -> str:
    """The addresses are those of the google-genai SDK (3.6.1, _api_client.py). Without a project there
    is express mode, for API keys: docs.cloud.google.com/vertex-ai/generative-ai/docs/start/express-mode"""
    if "/publishers/" in base:
        return base
    if "/locations/" in base:
        return base + PREFIX
    project = env.get("GOOGLE_CLOUD_PROJECT", "").strip()
    location = env.get("GOOGLE_CLOUD_LOCATION", "").strip() or "global"
    if not project:
        if not base and not any(env.get(name, "").strip() for name in KEY_ENV):
            raise CredentialMissing(
                "Vertex AI wants a project: set GOOGLE_CLOUD_PROJECT, or GOOGLE_VERTEX_API_KEY for express mode."
            )
        location = "global"
    if not _LOCATION.fullmatch(location):
        raise BadRequest("GOOGLE_CLOUD_LOCATION is no location of Google's: set one such as us-central1, or global.")
    base = base or f"https://{_host(location)}"
    base = base if base.endswith(("/v1", "/v1beta1")) else base + _VERSION
    where = f"/projects/{quote(project, safe=':')}/locations/{location}" if project else ""
    return base + where + PREFIX


def _host(location: str) -> str:
    if location == "global":
        return "aiplatform.googleapis.com"
    if location in ("us", "eu"):  # of several regions
        return f"aiplatform.{location}.rep.googleapis.com"
    return f"{location}-aiplatform.googleapis.com"


class Vertex(Gemini):
    models_path = "/models"

    def auth(self, key: str) -> dict[str, str]:
        """An API key is AIza… or AQ.…; anything else is an access token, as
        `gcloud auth print-access-token` says it."""
        if key.startswith(("AIza", "AQ.")):
            return super().auth(key)
        return {"authorization": f"Bearer {key}"}


class VertexClaude(AnthropicMessages):
    """Anthropic's format, with the model in the path and the version in the body:
    https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai"""

    name = "vertex-anthropic"

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        request = super().encode(call, model, quirks)
        said = _versioned(request)
        del said["model"]
        method = "streamRawPredict" if call.stream else "rawPredict"
        where = f"/models/{quote(model, safe='@')}:{method}"
        return WireRequest(where, msgspec.json.encode(said), request.headers, listed=request.listed)


class VertexCount(GeminiCount):
    """System text and tools stand beside the contents here. Claude's tokens are counted at an address of their
    own: https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/partner-models/claude/count-tokens"""

    name = "vertex-count"

    def __init__(self) -> None:
        self._claude = AnthropicCount()

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        if CLAUDE.search(model):
            request = self._claude.encode(call, model, quirks)
            body = msgspec.json.encode(_versioned(request))
            where = f"{ANTHROPIC}/models/count-tokens:rawPredict"
            return WireRequest(where, body, request.headers, root=True, listed=request.listed)
        said = merge(turns(call, quirks), call.provider_options)
        return WireRequest(path(model, "countTokens"), msgspec.json.encode(said), _JSON)


def _versioned(request: WireRequest) -> dict[str, Any]:
    said = msgspec.json.decode(request.body, type=dict[str, Any])
    said.setdefault("anthropic_version", "vertex-2023-10-16")
    return said


class VertexEmbed(GeminiEmbed):
    """Three ways, chosen as the google-genai SDK does (3.6.1, models.py, embed_content): Gemini's own
    models take one text or many, older ones `predict`."""

    name = "vertex-embed"

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        ask = asked(call)
        size: dict[str, Json] = {} if ask.dimensions is None else {"outputDimensionality": ask.dimensions}
        if "gemini" not in model and "maas" not in model:
            said: dict[str, Json] = {"instances": [{"content": text} for text in ask.input]}
            if size:
                said["parameters"] = size
            body = msgspec.json.encode(merge(said, call.provider_options))
            return WireRequest(path(model, "predict"), body, _JSON)
        config: dict[str, Json] = {"embedContentConfig": size} if size else {}
        requests = [merge({"content": content(text), **config}, call.provider_options) for text in ask.input]
        if len(requests) == 1:
            return WireRequest(path(model, "embedContent"), msgspec.json.encode(requests[0]), _JSON)
        return WireRequest(path(model, "batchEmbedContents"), msgspec.json.encode({"requests": requests}), _JSON)
