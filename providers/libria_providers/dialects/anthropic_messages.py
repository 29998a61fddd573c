"""Anthropic's messages, version 2023-06-01: the newer 2026-10-21 refuses temperature and top_p.

https://platform.claude.com/docs/en/api/versioning
"""

from collections.abc import Mapping

from libria_providers.dialects import anthropic_encode, classify
from libria_providers.dialects.anthropic_decode import MessagesDecoder
from libria_providers.dialects.anthropic_wire import NAME, VERSION
from libria_providers.dialects.base import Decoder, Quirks, WireRequest, server_sent
from libria_providers.dialects.model_list import read_models
from libria_providers.errors import ProviderError
from libria_providers.frames import Frames
from libria_providers.types import Call, Event, Model

__all__ = ["AnthropicMessages"]


class AnthropicMessages:
    name = NAME
    version = 2
    models_path = "/models?limit=1000"  # the most a page holds; the default is 20

    def auth(self, key: str) -> dict[str, str]:
        return {"x-api-key": key}

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        headers = {"content-type": "application/json", "anthropic-version": VERSION}
        return WireRequest("/messages", anthropic_encode.body(call, model), headers)

    def frames(self, mark: bytes) -> Frames | None:
        return server_sent(mark)

    def decoder(self, quirks: Quirks) -> Decoder:
        return MessagesDecoder()

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        return MessagesDecoder().whole(body)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        return classify.failed(status, headers, body)

    def models(self, body: bytes, provider: str) -> list[Model]:
        return read_models(body, provider)
