"""Cohere's embeddings, version 2. https://docs.cohere.com/v2/reference/embed"""

from collections.abc import Mapping

import msgspec

from libria_providers.dialects.base import Quirks, WireRequest
from libria_providers.dialects.cohere import failed
from libria_providers.dialects.cohere_decode import counted, said_error
from libria_providers.dialects.cohere_wire import Tokens, WireUsage
from libria_providers.dialects.options import merge
from libria_providers.dialects.said import UNREADABLE, any_json
from libria_providers.dialects.whole import WholeBody
from libria_providers.errors import BadRequest, InvalidResponse, ProviderError
from libria_providers.types import Call, Embed, Event, Finish, Json, Usage, Vectors

_NOTHING = (b"", b"null", b"false", b"{}", b'""')


class CohereEmbed(WholeBody):
    """Vectors for texts to be stored, unless providerOptions say another `input_type`: a query wants
    search_query."""

    name = "cohere-embed"
    version = 1

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        if not isinstance(call.ask, Embed):
            raise BadRequest("Cohere's embeddings take texts and nothing else; ask for embeddings.")
        said: dict[str, Json] = {
            "model": model,
            "input_type": "search_document",
            "embedding_types": ["float"],
            "texts": list(call.ask.input),
        }
        if call.ask.dimensions is not None:
            said["output_dimension"] = call.ask.dimensions
        body = msgspec.json.encode(merge(said, call.provider_options))
        return WireRequest("/v2/embed", body, {"content-type": "application/json"})

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        try:
            said = _WHOLE.decode(body)
        except UNREADABLE:
            raise InvalidResponse("The provider's embeddings cannot be read; check its address.") from None
        if bytes(said.error) not in _NOTHING or (said.message and said.embeddings is None):
            raise said_error(any_json(body))
        vectors = said.embeddings
        if isinstance(vectors, _ByType):
            vectors = vectors.float_ or vectors.int8 or vectors.uint8 or vectors.binary or vectors.ubinary
        if not vectors:
            raise InvalidResponse("The provider's reply holds no embeddings; check its address and the model.")
        return [Vectors(vectors), Finish("stop", _usage(said.meta))]

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        return failed(status, headers, body)


_Vectors = list[list[float]]


class _ByType(msgspec.Struct):
    float_: _Vectors | None = msgspec.field(name="float", default=None)
    int8: _Vectors | None = None
    uint8: _Vectors | None = None
    binary: _Vectors | None = None
    ubinary: _Vectors | None = None


class _Meta(msgspec.Struct):
    billed_units: Tokens | None = None
    tokens: Tokens | None = None


class _Whole(msgspec.Struct):
    embeddings: _ByType | _Vectors | None = None
    meta: _Meta | None = None
    message: str | None = None
    error: msgspec.Raw = msgspec.Raw()


_WHOLE = msgspec.json.Decoder(_Whole)


def _usage(meta: _Meta | None) -> Usage:
    return counted(WireUsage(meta.tokens, meta.billed_units)) if meta else Usage()
