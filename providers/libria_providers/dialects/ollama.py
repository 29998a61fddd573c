"""Ollama's own chat format. https://docs.ollama.com/api/chat"""

from collections.abc import Mapping

import msgspec

from libria_providers.dialects import classify, ollama_encode
from libria_providers.dialects.base import Decoder, Quirks, WireRequest
from libria_providers.dialects.ollama_decode import NAME, OllamaDecoder
from libria_providers.dialects.said import UNREADABLE, any_json, clean, mapping
from libria_providers.errors import CredentialRejected, InvalidResponse, ModelNotFound, ProviderError
from libria_providers.frames import Frames, JSONReader
from libria_providers.types import Call, Capability, Event, Json, Model

__all__ = ["Ollama", "OllamaBase"]


class OllamaBase:
    """What all that streams from Ollama shares. Give it `name`, `version` and `encode`."""

    def frames(self, mark: bytes) -> Frames | None:
        return JSONReader()

    def decoder(self, quirks: Quirks) -> Decoder:
        return OllamaDecoder()

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        return OllamaDecoder().whole(body)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        return failed(status, headers, body)


class Ollama(OllamaBase):
    name = NAME
    version = 1
    models_path = "/tags"

    def auth(self, key: str) -> dict[str, str]:
        return {"authorization": f"Bearer {key}"}

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        return WireRequest("/chat", ollama_encode.body(call, model, quirks), {"content-type": "application/json"})

    def models(self, body: bytes, provider: str) -> list[Model]:
        """https://docs.ollama.com/api/tags"""
        try:
            said = _TAGS.decode(body)
        except UNREADABLE:
            raise InvalidResponse("The provider's list of models cannot be read; check its address.") from None
        if said.error:
            wrong: Json = {"error": said.error}
            raise classify.stated(wrong)
        return [_model(row, provider) for row in said.models or () if row.name or row.model]


def failed(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """{"error": "text"}, https://docs.ollama.com/api/errors; what to do is different here than with
    the others."""
    error = classify.failed(status, headers, body)
    why = clean(str(mapping(any_json(body)).get("error") or ""))
    if isinstance(error, ModelNotFound):
        error.message = f"Ollama does not have this model, get it with `ollama pull`: {why or 'it is not found'}"
    elif isinstance(error, CredentialRejected):
        error.message = f"Ollama's cloud does not know you, run `ollama signin` or set a valid OLLAMA_API_KEY: {why}"
    return error


# https://github.com/ollama/ollama/blob/main/types/model/capability.go; whatever completes can be held
# to JSON by the server's own grammar.
_CAPABILITIES: Mapping[str, tuple[Capability, ...]] = {
    "completion": ("chat", "json", "jsonSchema"),
    "insert": ("complete",),
    "embedding": ("embed",),
    "tools": ("tools",),
    "vision": ("vision",),
    "thinking": ("reasoning",),
}


class _Details(msgspec.Struct):
    context_length: int | None = None


class _Row(msgspec.Struct):
    name: str = ""
    model: str = ""
    details: _Details | None = None
    capabilities: list[str] | None = None  # not yet of every version


class _Tags(msgspec.Struct):
    models: list[_Row] | None = None
    error: str | None = None


_TAGS = msgspec.json.Decoder(_Tags)


def _model(row: _Row, provider: str) -> Model:
    known = [_CAPABILITIES.get(name, ()) for name in row.capabilities or ()]
    return Model(
        id=f"{provider}/{row.name or row.model}",
        provider=provider,
        context_window=row.details.context_length if row.details else None,
        capabilities=tuple(dict.fromkeys(capability for group in known for capability in group)),
    )
