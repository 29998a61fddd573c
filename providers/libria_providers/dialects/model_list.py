"""Reads the list of models, which all vendors give in nearly OpenAI's form."""

from typing import Any

import msgspec

from libria_providers.dialects.classify import stated
from libria_providers.dialects.said import UNREADABLE
from libria_providers.errors import InvalidResponse
from libria_providers.types import Json, Model


class _Row(msgspec.Struct):
    """The context window goes by many names; none at OpenAI."""

    id: str
    context_window: int | None = None  # Groq
    context_length: int | None = None  # OpenRouter, Together
    max_context_length: int | None = None  # Mistral
    max_model_len: int | None = None  # vLLM
    max_input_tokens: int | None = None  # Anthropic


class _List(msgspec.Struct):
    data: list[_Row] | None = None
    error: Any = None


_LIST = msgspec.json.Decoder(_List | list[_Row])  # Together answers with the bare list


def read_models(body: bytes, provider: str) -> list[Model]:
    """`provider` goes in front of every id. Raises InvalidResponse, or the error that the body says."""
    try:
        said = _LIST.decode(body)
    except UNREADABLE:
        raise InvalidResponse("The provider's list of models cannot be read; check its address.") from None
    if isinstance(said, _List) and said.error:
        wrong: Json = {"error": said.error}
        raise stated(wrong)
    rows = said.data if isinstance(said, _List) else said
    return [
        Model(
            id=f"{provider}/{row.id}",
            provider=provider,
            context_window=row.context_window
            or row.context_length
            or row.max_context_length
            or row.max_model_len
            or row.max_input_tokens,
        )
        for row in rows or ()
    ]
