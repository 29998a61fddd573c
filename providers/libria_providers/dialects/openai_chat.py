"""OpenAI's chat completions, the format that most vendors and local servers speak."""

from collections.abc import Mapping

from libria_providers.dialects import classify, openai_chat_encode
from libria_providers.dialects.base import Decoder, Quirks, WireRequest, server_sent
from libria_providers.dialects.model_list import read_models
from libria_providers.dialects.openai_chat_decode import ChatDecoder
from libria_providers.dialects.openai_chat_echo import NAME
from libria_providers.errors import ProviderError
from libria_providers.frames import Frames
from libria_providers.types import Call, Event, Model

__all__ = ["OpenAIChat"]


class OpenAIChat:
    name = NAME
    version = 3

    def __init__(self, *, models_path: str = "/models") -> None:
        self.models_path = models_path

    def auth(self, key: str) -> dict[str, str]:
        return {"authorization": f"Bearer {key}"}

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        body = openai_chat_encode.body(call, model, quirks)
        return WireRequest("/chat/completions", body, {"content-type": "application/json"})

    def frames(self, mark: bytes) -> Frames | None:
        return server_sent(mark)

    def decoder(self, quirks: Quirks) -> Decoder:
        return ChatDecoder(quirks)

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        return ChatDecoder(quirks).whole(body)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        return classify.failed(status, headers, body)

    def models(self, body: bytes, provider: str) -> list[Model]:
        return read_models(body, provider)
