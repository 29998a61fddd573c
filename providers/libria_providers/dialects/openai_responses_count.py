"""OpenAI's count of input tokens. https://platform.openai.com/docs/api-reference/responses/input-tokens"""

import msgspec

from libria_providers.dialects import lenient
from libria_providers.dialects.base import Quirks, WireRequest
from libria_providers.dialects.classify import stated
from libria_providers.dialects.openai_responses_encode import asked
from libria_providers.dialects.options import merge
from libria_providers.dialects.said import UNREADABLE, any_json
from libria_providers.dialects.whole import WholeBody
from libria_providers.errors import InvalidResponse
from libria_providers.types import Call, Counted, Event, Finish, Usage

# What it takes of a call's own options; it refuses what else would go with the answer.
_OPTIONS = (
    "conversation", "input", "instructions", "parallel_tool_calls", "personality", "previous_response_id",
    "reasoning", "text", "tool_choice", "tools", "truncation",
)  # fmt: skip


class _Count(msgspec.Struct):
    input_tokens: int | None = None
    error: msgspec.Raw = msgspec.Raw()


class ResponsesCount(WholeBody):
    name = "openai-responses-count"
    version = 1

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        options = {name: value for name, value in call.provider_options.items() if name in _OPTIONS}
        body = msgspec.json.encode(merge(asked(call, model, quirks), options))
        return WireRequest("/responses/input_tokens", body, {"content-type": "application/json"})

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        try:
            said = _COUNT.decode(body)
        except UNREADABLE:
            said = lenient.read(body, _Count) or _Count()
        if bytes(said.error) not in (b"", b"null"):
            raise stated(any_json(body))
        if said.input_tokens is None or said.input_tokens < 0:
            raise InvalidResponse("The provider's count of tokens cannot be read; check its address.")
        return [Counted(said.input_tokens, exact=True), Finish("stop", Usage(input_tokens=said.input_tokens))]


_COUNT = msgspec.json.Decoder(_Count)
