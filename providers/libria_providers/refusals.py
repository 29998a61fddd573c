"""What a model cannot do, said before anything is sent."""

from collections.abc import Iterator, Mapping

from libria_providers.dialects.base import Parameter, Quirks
from libria_providers.dialects.said import mapping
from libria_providers.errors import BadRequest
from libria_providers.types import Call, Embed, File, Fill, Image, Json

# Our words for a parameter and the names that it has on the wire, without underscores and capitals: who
# sends one of these by providerOptions, at the top or within an object there, knows better.
_WIRE_NAMES: dict[Parameter, tuple[str, ...]] = {
    "maxTokens": ("maxtokens", "maxcompletiontokens", "maxoutputtokens", "numpredict"),
    "temperature": ("temperature",),
    "topP": ("topp", "p"),
    "stop": ("stop", "stopsequences"),
    "seed": ("seed", "randomseed"),
    "tools": ("tools", "toolconfig"),
    "toolChoice": ("toolchoice", "toolconfig"),
    "responseFormat": ("responseformat", "text", "outputconfig", "format", "responsemimetype", "responsejsonschema"),
    "reasoning": ("reasoning", "reasoningeffort", "thinking", "think", "enablethinking", "thinkingconfig"),
    "dimensions": ("dimensions", "outputdimension", "outputdimensionality"),
    "suffix": ("suffix",),
    "image": ("messages", "input", "contents"),
    "file": ("messages", "input", "contents"),
}


def refuse(call: Call, model: str, quirks: Quirks) -> None:
    """Raises BadRequest that names what `call` asks and `model` cannot do, unless its
    providerOptions have it too."""
    if not quirks.refuses:
        return
    forced = _wire_names(call.provider_options)
    for name in _asked(call):
        if name in quirks.refuses and forced.isdisjoint(_WIRE_NAMES[name]):
            what = f"reads no {name}s" if name in ("image", "file") else f"takes no {name}"
            raise BadRequest(f"{model} {what}: leave it out, or name another model.")


def _wire_names(options: Mapping[str, Json]) -> set[str]:
    inner = {name for value in options.values() for name in mapping(value)}
    return {name.replace("_", "").lower() for name in (*options, *inner)}


def _asked(call: Call) -> Iterator[Parameter]:
    # 1 is the default everywhere, and allowed where no other is.
    if call.temperature not in (None, 1):
        yield "temperature"
    if call.top_p not in (None, 1):
        yield "topP"
    if call.max_tokens is not None:
        yield "maxTokens"
    if call.stop:
        yield "stop"
    if call.seed is not None:
        yield "seed"
    if call.tools:
        yield "tools"
        if call.tool_choice is not None:
            yield "toolChoice"
    if call.response_format is not None and call.response_format.kind != "text":
        yield "responseFormat"
    if call.reasoning is not None:
        yield "reasoning"
    if isinstance(call.ask, Embed) and call.ask.dimensions is not None:
        yield "dimensions"
    if isinstance(call.ask, Fill) and call.ask.suffix:
        yield "suffix"
    for message in call.messages:
        if isinstance(message.content, tuple):
            for part in message.content:
                if isinstance(part, Image):
                    yield "image"
                elif isinstance(part, File):
                    yield "file"
