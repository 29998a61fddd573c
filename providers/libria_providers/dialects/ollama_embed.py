"""Ollama's embeddings. https://docs.ollama.com/api/embed"""

from collections.abc import Mapping

import msgspec

from libria_providers.dialects.base import Quirks, WireRequest
from libria_providers.dialects.classify import stated
from libria_providers.dialects.ollama import failed
from libria_providers.dialects.options import merge
from libria_providers.dialects.said import UNREADABLE, any_json
from libria_providers.dialects.whole import WholeBody
from libria_providers.errors import BadRequest, InvalidResponse, ProviderError
from libria_providers.types import Call, Embed, Event, Finish, Json, Usage, Vectors

_NOTHING = (b"", b"null", b'""', b"{}", b"false")


class OllamaEmbed(WholeBody):
    name = "ollama-embed"
    version = 1

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        if not isinstance(call.ask, Embed):
            raise BadRequest("Ollama's embeddings take texts and nothing else; ask for embeddings.")
        said: dict[str, Json] = {"model": model, "input": list(call.ask.input)}
        if call.ask.dimensions is not None:
            said["dimensions"] = call.ask.dimensions
        body = msgspec.json.encode(merge(said, call.provider_options))
        return WireRequest("/embed", body, {"content-type": "application/json"})

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        try:
            said = _WHOLE.decode(body)
        except UNREADABLE:
            raise InvalidResponse("The provider's embeddings cannot be read; check its address.") from None
        if bytes(said.error) not in _NOTHING:
            raise stated(any_json(body))
        vectors = said.embeddings or ([said.embedding] if said.embedding else [])
        if not vectors:
            raise InvalidResponse("The provider's reply holds no embeddings; check its address and the model.")
        return [Vectors(vectors), Finish("stop", Usage(int(said.prompt_eval_count or 0)), said.model or "")]

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        return failed(status, headers, body)


class _Whole(msgspec.Struct):
    """`embedding` is the one vector of /api/embeddings, which /api/embed replaced."""

    model: str | None = None
    embeddings: list[list[float]] | None = None
    embedding: list[float] | None = None
    prompt_eval_count: int | float | None = None
    error: msgspec.Raw = msgspec.Raw()


_WHOLE = msgspec.json.Decoder(_Whole)
