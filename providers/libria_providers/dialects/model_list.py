"""Reads the list of models, which all vendors give in nearly OpenAI's form."""

from typing import Any

import msgspec

from libria_providers.dialects import lenient
from libria_providers.dialects.classify import stated
from libria_providers.dialects.model_facts import Facts, capabilities, context_window, price
from libria_providers.dialects.model_families import known
from libria_providers.dialects.said import UNREADABLE, any_json, mapping
from libria_providers.errors import InvalidResponse
from libria_providers.types import Model


class _List(msgspec.Struct):
    data: list[msgspec.Raw] | None = None
    error: Any = None


_LIST = msgspec.json.Decoder(_List | list[msgspec.Raw])  # Together answers with the bare list
_FACTS = msgspec.json.Decoder(Facts)


def read_models(body: bytes, provider: str) -> list[Model]:
    """`provider` goes in front of every id. What a vendor does not say of a model is known of its family,
    or not at all. Raises InvalidResponse, or the error that the body says."""
    try:
        said = _LIST.decode(body)
    except UNREADABLE:
        said = None
    if isinstance(said, _List):
        if said.error:
            raise stated(any_json(body))
        said = said.data
    if said is None:
        value = any_json(body)
        if mapping(value).get("error"):
            raise stated(value)
        raise InvalidResponse("The provider's list of models cannot be read; check its address.")
    rows = [row for row in map(_row, said) if row is not None and row.id]
    if said and not rows:
        raise InvalidResponse("The provider's list of models names none; check its address.")
    return [
        Model(
            id=f"{provider}/{row.id}",
            provider=provider,
            context_window=context_window(row),
            capabilities=capabilities(row) or known(row.id),
            price=price(row),
        )
        for row in rows
    ]


def _row(raw: msgspec.Raw) -> Facts | None:
    try:
        return _FACTS.decode(raw)
    except UNREADABLE:
        return lenient.read(bytes(raw), Facts)
