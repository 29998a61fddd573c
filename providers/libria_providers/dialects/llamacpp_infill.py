"""Code completion by llama.cpp's server, at its own /infill.

https://github.com/ggml-org/llama.cpp/tree/master/tools/server#post-infill-for-code-infilling
"""

from collections.abc import Mapping

import msgspec

from libria_providers.dialects import classify
from libria_providers.dialects.base import Decoder, Quirks, WireRequest, server_sent
from libria_providers.dialects.completions_fill import CannotFill, limit, wanted
from libria_providers.dialects.llamacpp_decode import InfillDecoder
from libria_providers.dialects.options import merge
from libria_providers.errors import ProviderError
from libria_providers.frames import Frames
from libria_providers.types import Call, Event, Json


class LlamaCppFill:
    """The server puts the model's own marks around the two sides. 501 says that the model has none."""

    name = "llamacpp-infill"
    version = 1

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        fill = wanted(call)
        said: dict[str, Json] = {
            "model": model,  # for a server of several
            "input_prefix": fill.prefix,
            "input_suffix": fill.suffix,
            "n_predict": limit(call),
            "stream": call.stream,
        }
        if call.temperature is not None:
            said["temperature"] = call.temperature
        if call.top_p is not None:
            said["top_p"] = call.top_p
        if call.stop:
            said["stop"] = list(call.stop)
        if call.seed is not None:
            said["seed"] = call.seed
        body = msgspec.json.encode(merge(said, call.provider_options))
        return WireRequest("/infill", body, {"content-type": "application/json"}, root=True)

    def frames(self, mark: bytes) -> Frames | None:
        return server_sent(mark)

    def decoder(self, quirks: Quirks) -> Decoder:
        return InfillDecoder()

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        return InfillDecoder().whole(body)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        error = classify.failed(status, headers, body)
        if status == 501:
            return CannotFill(error.message, status=status, code=error.code, request_id=error.request_id)
        return error
