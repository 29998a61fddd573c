"""Embeddings in OpenAI's format. https://platform.openai.com/docs/api-reference/embeddings/create"""

import math
from typing import Any, cast

import msgspec

from libria_providers.dialects import lenient
from libria_providers.dialects.base import Quirks, WireRequest
from libria_providers.dialects.classify import stated
from libria_providers.dialects.openai_chat_wire import Number
from libria_providers.dialects.options import merge
from libria_providers.dialects.said import UNREADABLE, any_json, mapping
from libria_providers.dialects.vector_bytes import floats, int8s
from libria_providers.dialects.whole import WholeBody
from libria_providers.errors import InvalidResponse
from libria_providers.types import Call, Embed, Event, Finish, Json, Usage, Vectors

NAME = "openai-embeddings"


class _Item(msgspec.Struct):
    embedding: msgspec.Raw = msgspec.Raw()
    index: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: Number = None
    total_tokens: Number = None  # Voyage says no other


class _Reply(msgspec.Struct):
    data: list[_Item] | None = None
    model: str | None = None
    usage: _Usage | None = None


_REPLY = msgspec.json.Decoder(_Reply | list[_Item])  # llama.cpp's own /embedding answers with the bare list
_LIST = msgspec.json.Decoder(list[float])
_LISTS = msgspec.json.Decoder(list[list[float]])
_TEXT = msgspec.json.Decoder(str)


class OpenAIEmbeddings(WholeBody):
    """`path` is where a vendor has them, when that is elsewhere."""

    name = NAME
    version = 1

    def __init__(self, *, path: str = "/embeddings") -> None:
        self._path = path

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        wanted = call.ask if isinstance(call.ask, Embed) else Embed(())
        said: dict[str, Json] = {"model": model, "input": list(wanted.input)}
        if wanted.dimensions is not None:
            said[quirks.dimensions_name] = wanted.dimensions
        if quirks.embed_encoding is not None:
            said["encoding_format"] = quirks.embed_encoding
        if quirks.embed_input_type is not None:
            said["input_type"] = quirks.embed_input_type
        body = msgspec.json.encode(merge(said, call.provider_options))
        return WireRequest(self._path, body, {"content-type": "application/json"})

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        data, model, usage = _read(body)
        int8 = quirks.embed_encoding == "base64_int8"
        vectors = [_vector(item.embedding, int8=int8) for item in _in_order(data)]
        return [Vectors(vectors), Finish("stop", _counted(usage), model or "")]


def _read(body: bytes) -> tuple[list[_Item], str | None, _Usage | None]:
    said: _Reply | None
    try:
        read = _REPLY.decode(body)
        said = read if isinstance(read, _Reply) else _Reply(read)
    except UNREADABLE:
        said = lenient.read(body, _Reply)
    if said is not None and said.data:
        return said.data, said.model, said.usage
    value = any_json(body)
    fields = mapping(value)
    if fields.get("error") or fields.get("detail") or fields.get("object") == "error":
        raise stated(value)
    raise InvalidResponse("The provider's embeddings cannot be read; check its address.")


def _in_order(items: list[_Item]) -> list[_Item]:
    if all(item.index is None for item in items):
        return items
    ordered = sorted(items, key=lambda item: -1 if item.index is None else item.index)
    if [item.index for item in ordered] != list(range(len(ordered))):
        raise InvalidResponse("The provider's embeddings are not those of all inputs, one each; ask again.")
    return ordered


def _vector(raw: msgspec.Raw, *, int8: bool) -> list[float]:
    data = bytes(raw)
    try:
        if data[:1] == b'"':
            text = _TEXT.decode(data)
            vector = int8s(text) if int8 else floats(text)
        else:
            vector = _numbers(data)
    except (*UNREADABLE, ValueError):
        raise InvalidResponse("The provider sent an embedding that cannot be read; name another model.") from None
    if not vector or not math.isfinite(math.fsum(vector)):
        raise InvalidResponse("The provider sent an embedding that is empty or not of finite numbers; ask again.")
    return vector


def _numbers(data: bytes) -> list[float]:
    try:
        return _LIST.decode(data)
    except msgspec.ValidationError:
        # llama.cpp: one vector in a list. Several are one for each token: there is no pooling.
        nested = _LISTS.decode(data)
    if len(nested) != 1:
        raise InvalidResponse("The model gives a vector for each token: name one that is made for embeddings.")
    return nested[0]


def _counted(usage: _Usage | None) -> Usage:
    tokens = cast(Any, usage and (usage.prompt_tokens or usage.total_tokens)) or 0
    return Usage(int(tokens))
