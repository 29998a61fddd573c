"""Gemini's embeddings. https://ai.google.dev/api/embeddings#method:-models.batchembedcontents"""

import msgspec

from libria_providers.dialects import lenient
from libria_providers.dialects.base import Quirks, WireRequest
from libria_providers.dialects.classify import stated
from libria_providers.dialects.gemini_wire import full_name, path
from libria_providers.dialects.options import merge
from libria_providers.dialects.said import UNREADABLE, any_json
from libria_providers.dialects.whole import WholeBody
from libria_providers.errors import BadRequest, InvalidResponse
from libria_providers.types import Call, Embed, Event, Finish, Json, Usage, Vectors


class GeminiEmbed(WholeBody):
    """AI Studio: a request for each text, all in one body. providerOptions go into each of them."""

    name = "gemini-embed"
    version = 1

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        ask = asked(call)
        requests: list[Json] = []
        for text in ask.input:
            request: dict[str, Json] = {"model": full_name(model), "content": content(text)}
            if ask.dimensions is not None:
                request["outputDimensionality"] = ask.dimensions
            requests.append(merge(request, call.provider_options))
        body = msgspec.json.encode({"requests": requests})
        return WireRequest(path(model, "batchEmbedContents"), body, {"content-type": "application/json"})

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        try:
            said = _WHOLE.decode(body)
        except UNREADABLE:
            said = lenient.read(body, _Whole) or _Whole()
        if said.error:
            raise stated(any_json(body))
        vectors, tokens = _read(said)
        if not vectors or not all(vectors):
            raise InvalidResponse("The provider's reply holds no embeddings; check its address and the model.")
        return [Vectors(vectors), Finish("stop", Usage(tokens))]


def asked(call: Call) -> Embed:
    if not isinstance(call.ask, Embed):
        raise BadRequest("Embeddings are made of texts and nothing else; ask for embeddings.")
    return call.ask


def content(text: str) -> Json:
    return {"parts": [{"text": text}]}


class _Values(msgspec.Struct):
    values: list[float] = []


class _Statistics(msgspec.Struct):
    token_count: float = 0


class _Predicted(msgspec.Struct):
    values: list[float] = []
    statistics: _Statistics | None = None


class _Prediction(msgspec.Struct):
    embeddings: _Predicted | None = None


class _Usage(msgspec.Struct, rename="camel"):
    prompt_token_count: int | None = None


class _Whole(msgspec.Struct, rename="camel"):
    """One of: many, one (embedContent), Vertex's older models (predict)."""

    embeddings: list[_Values] | None = None
    embedding: _Values | None = None
    predictions: list[_Prediction] | None = None
    usage_metadata: _Usage | None = None
    error: msgspec.Raw = msgspec.Raw()


_WHOLE = msgspec.json.Decoder(_Whole)


def _read(said: _Whole) -> tuple[list[list[float]], int]:
    """The vectors, and the tokens that they were made of."""
    if said.predictions:
        predicted = [prediction.embeddings or _Predicted() for prediction in said.predictions]
        counts = [one.statistics.token_count for one in predicted if one.statistics]
        return [one.values for one in predicted], int(sum(counts))
    found = said.embeddings or ([said.embedding] if said.embedding else [])
    tokens = said.usage_metadata.prompt_token_count if said.usage_metadata else None
    return [one.values for one in found], tokens or 0
