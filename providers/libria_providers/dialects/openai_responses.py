"""OpenAI's Responses, which Azure, xAI, OpenRouter, DeepSeek and local servers speak too.

Every call carries the whole conversation and nothing is stored:
https://platform.openai.com/docs/guides/conversation-state
"""

from collections.abc import Mapping

from libria_providers.dialects import classify, openai_responses_encode
from libria_providers.dialects.base import Decoder, Quirks, WireRequest, server_sent
from libria_providers.dialects.model_list import read_models
from libria_providers.dialects.openai_responses_decode import ResponsesDecoder
from libria_providers.dialects.openai_responses_wire import NAME
from libria_providers.errors import ProviderError
from libria_providers.frames import Frames
from libria_providers.types import Call, Event, Model

__all__ = ["OpenAIResponses"]


class OpenAIResponses:
    name = NAME
    version = 1
    models_path = "/models"

    def auth(self, key: str) -> dict[str, str]:
        return {"authorization": f"Bearer {key}"}

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        body = openai_responses_encode.body(call, model, quirks)
        return WireRequest("/responses", body, {"content-type": "application/json"})

    def frames(self, mark: bytes) -> Frames | None:
        return server_sent(mark)

    def decoder(self, quirks: Quirks) -> Decoder:
        return ResponsesDecoder()

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        return ResponsesDecoder().whole(body)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        return classify.failed(status, headers, body)

    def models(self, body: bytes, provider: str) -> list[Model]:
        return read_models(body, provider)
