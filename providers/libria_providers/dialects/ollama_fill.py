"""Code completion by Ollama. https://docs.ollama.com/api/generate"""

import re
from collections.abc import Mapping

import msgspec

from libria_providers.dialects.base import Quirks, WireRequest
from libria_providers.dialects.completions_fill import CannotFill, limit, wanted
from libria_providers.dialects.ollama import OllamaBase, failed
from libria_providers.dialects.ollama_encode import options
from libria_providers.dialects.options import merge
from libria_providers.errors import BadRequest, ProviderError
from libria_providers.types import Call, Json

_CANNOT = re.compile(r"\bdoes not support\b.*\binsert\b")
"""What it says with 400, and no code, of a model whose template has no place for a suffix:
https://github.com/drakonkat/godot-copilot-selfhost/issues/5"""


class OllamaFill(OllamaBase):
    """The model's own template puts the two sides in their places. Without a suffix it would be asked as
    in a chat, and without a prompt only be loaded: each has at least the line break that ends a file."""

    name = "ollama-fill"
    version = 1

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        fill = wanted(call)
        said: dict[str, Json] = {
            "model": model,
            "prompt": fill.prefix or "\n",
            "suffix": fill.suffix or "\n",
            "stream": call.stream,
            "think": False,  # it does unless told otherwise, where the model can
            "options": options(call, limit(call)),
        }
        body = msgspec.json.encode(merge(said, call.provider_options))
        return WireRequest("/generate", body, {"content-type": "application/json"})

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        error = failed(status, headers, body)
        if isinstance(error, BadRequest) and _CANNOT.search(error.message):
            return CannotFill(error.message, status=status, request_id=error.request_id)
        return error
