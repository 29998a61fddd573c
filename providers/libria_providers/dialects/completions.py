"""OpenAI's legacy completions: code completion, and one turn of chat with a model that has no chat.

https://platform.openai.com/docs/api-reference/completions/create
"""

from collections.abc import Mapping

import msgspec

from libria_providers.dialects import classify
from libria_providers.dialects.base import Decoder, Quirks, WireRequest, server_sent
from libria_providers.dialects.completions_decode import CompletionsDecoder
from libria_providers.dialects.completions_fill import CannotFill, limit
from libria_providers.dialects.model_list import read_models
from libria_providers.dialects.options import merge
from libria_providers.errors import BadRequest, ProviderError
from libria_providers.frames import Frames
from libria_providers.types import Call, Event, Fill, Json, Model, Text

__all__ = ["OpenAICompletions"]


class OpenAICompletions:
    """`path` is where it is asked. Without `suffix` the server cannot be told what follows the cursor:
    the prompt is then made with the model's own marks (Quirks.fill_marks); a model without such can only
    go on, and where anything follows CannotFill is raised before anything is sent.

    As the dialect of a Route it takes one user message, which is the prompt."""

    name = "openai-completions"
    version = 1
    models_path = "/models"

    def __init__(self, path: str = "/completions", *, suffix: bool = True) -> None:
        self._path = path
        self._suffix = suffix

    def auth(self, key: str) -> dict[str, str]:
        return {"authorization": f"Bearer {key}"}

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        said: dict[str, Json] = {"model": model, **self._asked(call, quirks), "stream": call.stream}
        if call.stream and quirks.stream_usage:
            said["stream_options"] = {"include_usage": True}
        said["max_tokens"] = limit(call)  # max_completion_tokens is chat's
        if call.temperature is not None:
            said["temperature"] = call.temperature
        if call.top_p is not None:
            said["top_p"] = call.top_p
        if call.stop:
            said["stop"] = list(call.stop)
        if call.seed is not None:
            said[quirks.seed_name] = call.seed
        body = msgspec.json.encode(merge(said, call.provider_options))
        return WireRequest(self._path, body, {"content-type": "application/json"})

    def frames(self, mark: bytes) -> Frames | None:
        return server_sent(mark)

    def decoder(self, quirks: Quirks) -> Decoder:
        return CompletionsDecoder(quirks)

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        return CompletionsDecoder(quirks).whole(body)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        return classify.failed(status, headers, body)

    def models(self, body: bytes, provider: str) -> list[Model]:
        return read_models(body, provider)

    def _asked(self, call: Call, quirks: Quirks) -> dict[str, Json]:
        if not isinstance(call.ask, Fill):
            return {"prompt": _turn(call)}
        fill = call.ask
        if self._suffix:
            return {"prompt": fill.prefix, **({"suffix": fill.suffix} if fill.suffix else {})}
        if quirks.fill_marks is None:
            if not fill.suffix.strip():
                return {"prompt": fill.prefix}  # nothing follows: to go on is all that is asked
            raise CannotFill("This model fills nothing in here: name one that is made for it, or a chat model.")
        before, after, here = quirks.fill_marks
        return {"prompt": f"{before}{fill.prefix}{after}{fill.suffix}{here}"}


def _turn(call: Call) -> str:
    """One user message as the prompt, the system text before it. Raises BadRequest that names what else
    there is."""
    beyond = {"tools": call.tools, "responseFormat": call.response_format, "reasoning": call.reasoning}
    for name, value in beyond.items():
        if value and getattr(value, "kind", "") != "text":
            raise BadRequest(f"This model has no chat and takes no {name}: leave it out, or name a chat model.")
    texts = [message for message in call.messages if message.role == "system"]
    turns = [message for message in call.messages if message.role != "system"]
    if len(turns) != 1 or turns[0].role != "user":
        raise BadRequest("This model has no chat: send one user message, or name a chat model.")
    prompt: list[str] = [call.system] if call.system else []
    for message in (*texts, *turns):
        parts = (Text(message.content),) if isinstance(message.content, str) else message.content
        for part in parts:
            if not isinstance(part, Text):
                raise BadRequest("This model reads nothing but text; take the rest out of the content.")
        prompt.append("".join(part.text for part in parts if isinstance(part, Text)))
    return "\n\n".join(prompt)
