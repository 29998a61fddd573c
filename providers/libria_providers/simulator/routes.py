"""Which vendor's format is spoken at a path."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from libria_providers.simulator import embeddings, gemini_asks
from libria_providers.simulator.anthropic import Anthropic
from libria_providers.simulator.cohere import Cohere
from libria_providers.simulator.completions import Completions
from libria_providers.simulator.gemini import Gemini
from libria_providers.simulator.llamacpp import Infill
from libria_providers.simulator.mistral import MistralFim
from libria_providers.simulator.models import Ask
from libria_providers.simulator.ollama import Ollama
from libria_providers.simulator.openai import OpenAI
from libria_providers.simulator.responses import Responses
from libria_providers.simulator.vendor import Site, Vendor
from libria_providers.simulator.wire import Request

Count = Callable[[Request], tuple[Ask, bytes]]
"""Answers without a model's words (tokens, vectors): what is asked, and the body. Raises BadRequest."""


@dataclass(frozen=True, slots=True)
class Route:
    """`vendor` is asked for an answer; else `plain` has one, else the models are listed."""

    method: str
    site: Site
    vendor: Vendor | None = None
    plain: Count | None = None


def find(request: Request) -> Route | None:
    """None where nothing is."""
    path = request.path.rstrip("/")
    if model := _MODEL.search(path):
        return _of_model(request, model["method"])
    if path in _WHOLE_PATHS:
        return _WHOLE_PATHS[path]
    groq = path.startswith(_OPENAI)
    for prefix in (_OPENAI, "/beta", "/v1"):
        path = path.removeprefix(prefix)
    if path == "/models":
        return Route("GET", _groq) if groq else _models(request)
    return (_GROQ_PATHS.get(path) if groq else None) or _PATHS.get(path)


def site(request: Request) -> Site:
    """Whose words to use where nothing is."""
    path = request.path
    for start, known in ((_GEMINI, _gemini), (_OLLAMA, _ollama), ("/v2/", _cohere), (_OPENAI, _groq)):
        if path.startswith(start):
            return known
    return _anthropic if "/messages" in path else _openai


def speaks_websocket(request: Request) -> bool:
    """Asks for a WebSocket, at a path where there is one."""
    wants = request.headers.get("upgrade", "").lower() == "websocket" and request.method == "GET"
    route = find(request) if wants else None
    return route is not None and route.vendor is _responses


def _of_model(request: Request, method: str) -> Route | None:
    """Gemini: the model and what to do with it are in the path."""
    if method == "streamGenerateContent":
        vendor = _gemini_events if request.asked("alt") == "sse" else _gemini_array
        return Route("POST", vendor, vendor)
    if method == "generateContent":
        return Route("POST", _gemini, _gemini)
    plain = {
        "countTokens": gemini_asks.count,
        "batchEmbedContents": gemini_asks.embed_all,
        "embedContent": gemini_asks.embed_one,
    }.get(method)
    return Route("POST", _gemini, plain=plain) if plain else None


def _models(request: Request) -> Route:
    """One path of three vendors: Anthropic's clients say their version, Cohere's ask for a page."""
    if "anthropic-version" in request.headers:
        return Route("GET", _anthropic)
    if any(request.asked(name) is not None for name in ("page_size", "page_token", "endpoint")):
        return Route("GET", _cohere)
    return Route("GET", _openai)


_MODEL = re.compile(r"/(?:models|tunedModels)/.+:(?P<method>[A-Za-z]+)$")
_GEMINI = "/v1beta"
_OLLAMA = "/api/"
_OPENAI = "/openai"

_openai = OpenAI()
_groq = OpenAI(groq=True)
_responses = Responses()
_anthropic = Anthropic()
_gemini = Gemini("whole")
_gemini_events = Gemini("events")
_gemini_array = Gemini("array")
_cohere = Cohere()
_ollama = Ollama("chat")
_generate = Ollama("generate")
_completions = Completions()
_infill = Infill()
_fim = MistralFim()

_GROQ_PATHS: Mapping[str, Route] = {
    "/chat/completions": Route("POST", _groq, _groq),
}

_PATHS: Mapping[str, Route] = {
    "/chat/completions": Route("POST", _openai, _openai),
    "/responses": Route("POST", _responses, _responses),
    "/responses/input_tokens": Route("POST", _responses, plain=_responses.count),
    "/completions": Route("POST", _completions, _completions),
    "/embeddings": Route("POST", _openai, plain=embeddings.answered),
    "/messages": Route("POST", _anthropic, _anthropic),
    "/messages/count_tokens": Route("POST", _anthropic, plain=_anthropic.count),
    "/fim/completions": Route("POST", _fim, _fim),
    "/infill": Route("POST", _infill, _infill),
}

_WHOLE_PATHS: Mapping[str, Route] = {
    "/v1beta/models": Route("GET", _gemini),
    "/v2/chat": Route("POST", _cohere, _cohere),
    "/v2/embed": Route("POST", _cohere, plain=_cohere.embed),
    "/api/chat": Route("POST", _ollama, _ollama),
    "/api/generate": Route("POST", _generate, _generate),
    "/api/embed": Route("POST", _ollama, plain=_ollama.embed),
    "/api/tags": Route("GET", _ollama),
}
