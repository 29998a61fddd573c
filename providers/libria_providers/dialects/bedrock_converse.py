"""Bedrock's Converse, one format for all models there.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from libria_providers.dialects import bedrock_encode, bedrock_errors
from libria_providers.dialects.base import Decoder, Quirks, WireRequest
from libria_providers.dialects.bedrock_decode import ConverseDecoder
from libria_providers.dialects.bedrock_wire import NAME
from libria_providers.dialects.model_list import read_models
from libria_providers.dialects.said import UNREADABLE
from libria_providers.errors import InvalidResponse, ProviderError
from libria_providers.eventstream import EventStreamReader
from libria_providers.frames import Frames
from libria_providers.types import Call, Capability, Event, Model

__all__ = ["BedrockConverse"]


class BedrockConverse:
    name = NAME
    version = 1
    models_path = "/foundation-models"  # of bedrock.<region>, not of bedrock-runtime.<region>

    def auth(self, key: str) -> dict[str, str]:
        """https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html"""
        return {"authorization": f"Bearer {key}"}

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        headers = {"content-type": "application/json"}
        if call.stream:
            headers["accept"] = "application/vnd.amazon.eventstream, application/json"
        path = f"/model/{quote(model, safe='')}/converse{'-stream' if call.stream else ''}"
        return WireRequest(path, bedrock_encode.body(call, model, quirks), headers)

    def frames(self, mark: bytes) -> Frames | None:
        return None if mark in (b"{", b"[") else EventStreamReader()

    def decoder(self, quirks: Quirks) -> Decoder:
        return ConverseDecoder()

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        return ConverseDecoder().whole(body)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        return bedrock_errors.failed(status, headers, body)

    def models(self, body: bytes, provider: str) -> list[Model]:
        """ListFoundationModels, ListInferenceProfiles, or the list of Bedrock's OpenAI-compatible API."""
        try:
            said = _LIST.decode(body)
        except UNREADABLE:
            raise InvalidResponse("The provider's list of models cannot be read; check its address.") from None
        if said.modelSummaries is None and said.inferenceProfileSummaries is None:
            return read_models(body, provider)
        models = [_model(row, provider) for row in said.modelSummaries or () if row.modelId]
        profiles = [row.inferenceProfileId for row in said.inferenceProfileSummaries or ()]
        return models + [Model(f"{provider}/{identity}", provider) for identity in profiles if identity]


class _Row(msgspec.Struct):
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_FoundationModelSummary.html"""

    modelId: str | None = None
    inputModalities: list[str] | None = None
    outputModalities: list[str] | None = None


class _Profile(msgspec.Struct):
    inferenceProfileId: str | None = None


class _List(msgspec.Struct):
    modelSummaries: list[_Row] | None = None
    inferenceProfileSummaries: list[_Profile] | None = None


_LIST = msgspec.json.Decoder(_List)


def _model(row: _Row, provider: str) -> Model:
    capabilities: list[Capability] = []
    if "TEXT" in (row.outputModalities or ()):
        capabilities.append("chat")
        if "IMAGE" in (row.inputModalities or ()):
            capabilities.append("vision")
    elif "EMBEDDING" in (row.outputModalities or ()):
        capabilities.append("embed")
    return Model(f"{provider}/{row.modelId}", provider, None, tuple(capabilities))
