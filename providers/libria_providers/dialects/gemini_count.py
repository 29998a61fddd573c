"""Counts a call's tokens. https://ai.google.dev/api/tokens#method:-models.counttokens"""

import msgspec

from libria_providers.dialects import lenient
from libria_providers.dialects.base import Quirks, WireRequest
from libria_providers.dialects.classify import stated
from libria_providers.dialects.gemini_encode import turns
from libria_providers.dialects.gemini_wire import full_name, path
from libria_providers.dialects.options import merge
from libria_providers.dialects.said import UNREADABLE, any_json
from libria_providers.dialects.whole import WholeBody
from libria_providers.errors import InvalidResponse
from libria_providers.types import Call, Counted, Event, Finish, Json, Usage


class GeminiCount(WholeBody):
    """AI Studio: contents alone, or a whole request that holds system text and tools too."""

    name = "gemini-count"
    version = 1

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        said = merge(turns(call, quirks), call.provider_options)
        if said.keys() - {"contents"}:
            request: dict[str, Json] = {"model": full_name(model), **said}
            said = {"generateContentRequest": request}
        return WireRequest(path(model, "countTokens"), msgspec.json.encode(said), {"content-type": "application/json"})

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        try:
            said = _WHOLE.decode(body)
        except UNREADABLE:
            said = lenient.read(body, _Whole) or _Whole()
        if said.error:
            raise stated(any_json(body))
        tokens = said.total_tokens if said.total_tokens is not None else said.input_tokens
        if tokens is None:
            raise InvalidResponse("The provider's reply holds no count of tokens; check its address.")
        return [Counted(tokens, exact=True), Finish("stop", Usage(input_tokens=tokens))]


class _Whole(msgspec.Struct):
    total_tokens: int | None = msgspec.field(name="totalTokens", default=None)
    input_tokens: int | None = None  # Claude's, on Vertex
    error: msgspec.Raw = msgspec.Raw()


_WHOLE = msgspec.json.Decoder(_Whole)
