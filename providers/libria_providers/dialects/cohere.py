"""Cohere's chat, version 2, and its list of models, which is still version 1.

https://docs.cohere.com/v2/reference/chat
"""

from collections.abc import Mapping

import msgspec

from libria_providers.dialects import classify, cohere_encode
from libria_providers.dialects.base import Decoder, Quirks, WireRequest, server_sent
from libria_providers.dialects.cohere_decode import CohereDecoder, said_error, shaped
from libria_providers.dialects.cohere_wire import NAME
from libria_providers.dialects.said import UNREADABLE, any_json
from libria_providers.errors import InvalidResponse, ProviderError
from libria_providers.frames import Frames
from libria_providers.types import Call, Capability, Event, Model

__all__ = ["Cohere"]


class Cohere:
    name = NAME
    version = 1
    models_path = "/v1/models?page_size=1000"  # the most a page holds; the default is 20

    def auth(self, key: str) -> dict[str, str]:
        return {"authorization": f"Bearer {key}"}

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        return WireRequest("/v2/chat", cohere_encode.body(call, model), {"content-type": "application/json"})

    def frames(self, mark: bytes) -> Frames | None:
        return server_sent(mark)

    def decoder(self, quirks: Quirks) -> Decoder:
        return CohereDecoder()

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        return CohereDecoder().whole(body)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        return failed(status, headers, body)

    def models(self, body: bytes, provider: str) -> list[Model]:
        try:
            said = _LIST.decode(body)
        except UNREADABLE:
            raise InvalidResponse("The provider's list of models cannot be read; check its address.") from None
        if said.models is None and (said.message or said.error):
            raise said_error(any_json(body))
        return [_model(row, provider) for row in said.models or () if row.name and _useful(row)]


def failed(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """The error for a reply of any of Cohere's endpoints that is no success."""
    said = any_json(body)
    # "498: a request or response contains a deny-listed token", https://docs.cohere.com/v2/reference/chat
    like = shaped(said, "content_filter" if status == 498 else None)
    error = classify.failed(status, headers, body if like is said else msgspec.json.encode(like))
    if status == 498:
        error.code = None
    return error


class _Row(msgspec.Struct):
    """https://docs.cohere.com/reference/list-models"""

    name: str | None = None
    endpoints: list[str] | None = None
    features: list[str] | None = None
    context_length: int | float | None = None


class _List(msgspec.Struct):
    models: list[_Row] | None = None
    message: str | None = None
    error: msgspec.Raw = msgspec.Raw()


_LIST = msgspec.json.Decoder(_List)
_ENDPOINTS: dict[str, Capability] = {"chat": "chat", "embed": "embed"}
_FEATURES: dict[str, Capability] = {
    "tools": "tools", "vision": "vision", "reasoning": "reasoning", "json_mode": "json", "json_schema": "jsonSchema",
}  # fmt: skip


def _useful(row: _Row) -> bool:
    """Not those that can only rank or classify."""
    return not row.endpoints or not _ENDPOINTS.keys().isdisjoint(row.endpoints)


def _model(row: _Row, provider: str) -> Model:
    capabilities: dict[Capability, None] = {}
    for endpoint in row.endpoints or ():
        if endpoint in _ENDPOINTS:
            capabilities[_ENDPOINTS[endpoint]] = None
    for feature in row.features or ():
        if feature in _FEATURES and "chat" in capabilities:
            capabilities[_FEATURES[feature]] = None
    context = int(row.context_length) if row.context_length else None
    return Model(f"{provider}/{row.name}", provider, context, tuple(capabilities))
