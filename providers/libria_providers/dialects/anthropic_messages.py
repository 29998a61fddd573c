"""Anthropic's messages, in both versions of the API: the header anthropic-version, which the row sends and
the config may override, says which. In 2026-10-21 there is no temperature, top_p or top_k, and an
assistant's turn holds no documents; keys go as in 2023-06-01.

https://platform.claude.com/docs/en/api/migration-2026-10-21
"""

from collections.abc import Mapping

import msgspec

from libria_providers.dialects import anthropic_encode, classify
from libria_providers.dialects.anthropic_decode import MessagesDecoder
from libria_providers.dialects.anthropic_wire import NAME
from libria_providers.dialects.base import Decoder, Quirks, WireRequest, server_sent
from libria_providers.dialects.model_list import read_models
from libria_providers.errors import ProviderError
from libria_providers.frames import Frames
from libria_providers.types import Call, Event, Model

__all__ = ["AnthropicMessages"]


class AnthropicMessages:
    name = NAME
    version = 3
    models_path = "/models?limit=1000"  # the most a page holds, and all there are; the default is 20

    def auth(self, key: str) -> dict[str, str]:
        return {"x-api-key": key}

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        said = anthropic_encode.said(call, model, quirks)
        return WireRequest(
            "/messages",
            msgspec.json.encode(said),
            {"content-type": "application/json"},
            listed=anthropic_encode.betas(said),
        )

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
