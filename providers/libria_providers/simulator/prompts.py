"""What code completion is asked, as OpenAI's legacy completions and Mistral's FIM have it alike."""

import msgspec

from libria_providers.simulator.models import Ask
from libria_providers.simulator.vendor import BadRequest


class _StreamOptions(msgspec.Struct):
    include_usage: bool = False


class _Request(msgspec.Struct):
    model: str
    prompt: str
    suffix: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    stop: str | list[str] | None = None


_decode = msgspec.json.Decoder(_Request).decode


def read(body: bytes) -> Ask:
    """The prompt is the user's text. Raises BadRequest."""
    try:
        request = _decode(body)
    except msgspec.MsgspecError as error:
        raise BadRequest(f"We could not parse the body of your request: {error}") from None
    stop = request.stop or ()
    return Ask(
        model=request.model,
        stream=bool(request.stream),
        user_text=request.prompt,
        input_tokens=tokens(request.prompt, request.suffix or ""),
        max_tokens=request.max_tokens,
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        usage_chunk=(request.stream_options or _StreamOptions()).include_usage,
    )


def tokens(prefix: str, suffix: str) -> int:
    return 1 + len(prefix) // 4 + len(suffix) // 4
