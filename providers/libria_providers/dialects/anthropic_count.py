"""Counts a call's tokens as Anthropic does, from the same body that would be sent.

https://platform.claude.com/docs/en/build-with-claude/token-counting
"""

import msgspec

from libria_providers.dialects import anthropic_encode, lenient
from libria_providers.dialects.base import Quirks, WireRequest
from libria_providers.dialects.classify import stated
from libria_providers.dialects.said import any_json
from libria_providers.dialects.whole import WholeBody
from libria_providers.errors import InvalidResponse
from libria_providers.types import Call, Counted, Event, Finish, Usage

# What makes the input; anything else of a message's body is refused.
_COUNTED = ("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config")


class _Count(msgspec.Struct):
    input_tokens: int | None = None
    type: str = ""
    error: msgspec.Raw = msgspec.Raw()


class AnthropicCount(WholeBody):
    name = "anthropic-count"
    version = 1

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        said = anthropic_encode.said(call, model, quirks)
        body = {name: said[name] for name in _COUNTED if name in said}
        return WireRequest(
            "/messages/count_tokens",
            msgspec.json.encode(body),
            {"content-type": "application/json"},
            listed=anthropic_encode.betas(body),
        )

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        said = lenient.read(body, _Count)
        if said is not None and (said.type == "error" or said.error):
            raise stated(any_json(body))
        if said is None or said.input_tokens is None:
            raise InvalidResponse("The provider sent no count of tokens; check its address.")
        return [Counted(said.input_tokens, exact=True), Finish("stop", Usage(input_tokens=said.input_tokens))]
