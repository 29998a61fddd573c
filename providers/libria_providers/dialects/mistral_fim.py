"""Mistral's code completion. https://docs.mistral.ai/api/endpoint/fim

It answers as its chat does: choices[].message.content, streamed as deltas.
"""

from collections.abc import Mapping

import msgspec

from libria_providers.dialects import classify
from libria_providers.dialects.base import Decoder, Quirks, WireRequest, server_sent
from libria_providers.dialects.completions_fill import limit, wanted
from libria_providers.dialects.openai_chat_decode import ChatDecoder
from libria_providers.dialects.options import merge
from libria_providers.errors import ProviderError
from libria_providers.frames import Frames
from libria_providers.types import Call, Event, Json


class MistralFim:
    name = "mistral-fim"
    version = 1

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        fill = wanted(call)
        said: dict[str, Json] = {"model": model, "prompt": fill.prefix, "stream": call.stream}
        if fill.suffix:
            said["suffix"] = fill.suffix
        said["max_tokens"] = limit(call)
        if call.temperature is not None:
            said["temperature"] = call.temperature
        if call.top_p is not None:
            said["top_p"] = call.top_p
        if call.stop:
            said["stop"] = list(call.stop)
        if call.seed is not None:
            said["random_seed"] = call.seed
        body = msgspec.json.encode(merge(said, call.provider_options))
        return WireRequest("/fim/completions", body, {"content-type": "application/json"})

    def frames(self, mark: bytes) -> Frames | None:
        return server_sent(mark)

    def decoder(self, quirks: Quirks) -> Decoder:
        return ChatDecoder(quirks)

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        return ChatDecoder(quirks).whole(body)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        return classify.failed(status, headers, body)
