"""Reads Google's lists of models: AI Studio's `models`, Vertex's `publisherModels`."""

from typing import Any

import msgspec

from libria_providers.dialects import lenient
from libria_providers.dialects.classify import stated
from libria_providers.dialects.said import UNREADABLE, any_json
from libria_providers.errors import InvalidResponse
from libria_providers.types import Capability, Model

_METHODS: dict[str, Capability] = {"generateContent": "chat", "embedContent": "embed"}


class _Row(msgspec.Struct, rename="camel"):
    name: str = ""
    input_token_limit: int | None = None
    supported_generation_methods: list[str] | None = None
    thinking: bool | None = None


class _List(msgspec.Struct, rename="camel"):
    models: list[_Row] | None = None
    publisher_models: list[_Row] | None = None
    error: Any = None


_LIST = msgspec.json.Decoder(_List)


def read_models(body: bytes, provider: str) -> list[Model]:
    """`provider` goes in front of every id. Raises InvalidResponse, or the error that the body says."""
    try:
        said = _LIST.decode(body)
    except UNREADABLE:
        better = lenient.read(body, _List)
        if better is None:
            raise InvalidResponse("The provider's list of models cannot be read; check its address.") from None
        said = better
    if said.error:
        raise stated(any_json(body))
    return [_model(row, provider) for row in said.models or said.publisher_models or () if row.name]


def _model(row: _Row, provider: str) -> Model:
    """ "models/x" and "publishers/google/models/x" are asked for as "x"."""
    name = row.name.rpartition("models/")[2] if not row.name.startswith("tunedModels/") else row.name
    capabilities: list[Capability] = [
        _METHODS[method] for method in row.supported_generation_methods or () if method in _METHODS
    ]
    if row.thinking and "chat" in capabilities:
        capabilities.append("reasoning")
    return Model(
        id=f"{provider}/{name}",
        provider=provider,
        context_window=row.input_token_limit,
        capabilities=tuple(capabilities),
    )
