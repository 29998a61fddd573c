"""Gemini's generateContent, on AI Studio and on Vertex. https://ai.google.dev/api/generate-content"""

from collections.abc import Mapping

from libria_providers.dialects import classify, gemini_encode, gemini_frames
from libria_providers.dialects.base import Decoder, Quirks, WireRequest
from libria_providers.dialects.gemini_decode import GeminiDecoder
from libria_providers.dialects.gemini_models import read_models
from libria_providers.dialects.gemini_wire import NAME, path
from libria_providers.errors import ProviderError
from libria_providers.frames import Frames
from libria_providers.types import Call, Event, Model

__all__ = ["Gemini"]


class Gemini:
    name = NAME
    version = 1
    models_path = "/models?pageSize=1000"  # the most a page holds; the default is 50

    def auth(self, key: str) -> dict[str, str]:
        return {"x-goog-api-key": key}

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        method = "streamGenerateContent?alt=sse" if call.stream else "generateContent"
        body = gemini_encode.body(call, quirks)
        return WireRequest(path(model, method), body, {"content-type": "application/json"})

    def frames(self, mark: bytes) -> Frames | None:
        return gemini_frames.frames(mark)

    def decoder(self, quirks: Quirks) -> Decoder:
        return GeminiDecoder()

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        return GeminiDecoder().whole(body)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        return classify.failed(status, headers, body)

    def models(self, body: bytes, provider: str) -> list[Model]:
        return read_models(body, provider)
