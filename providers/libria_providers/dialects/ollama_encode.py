"""Says a call in Ollama's own chat format. https://docs.ollama.com/api/chat"""

from collections.abc import Mapping

import msgspec

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.ollama_decode import NAME
from libria_providers.dialects.options import merge
from libria_providers.errors import BadRequest
from libria_providers.types import Call, Image, Json, Message, ReasoningOptions, ResponseFormat, Text, Tool


def body(call: Call, model: str, quirks: Quirks) -> bytes:
    """The request body. Raises BadRequest that names the parameter that cannot be said."""
    names = {tool_call.id: tool_call.name for message in call.messages for tool_call in message.tool_calls}
    system: list[Json] = [{"role": "system", "content": call.system}] if call.system else []
    said: dict[str, Json] = {
        "model": model,
        "messages": system + [_message(message, names) for message in call.messages],
        "stream": call.stream,  # it streams unless told otherwise
    }
    if wanted := options(call, call.max_tokens):
        said["options"] = wanted
    if tools := _tools(call):
        said["tools"] = tools
    if call.response_format is not None and call.response_format.kind != "text":
        said["format"] = _format(call.response_format)
    if call.reasoning is not None:
        said["think"] = _think(call.reasoning, quirks)
    return msgspec.json.encode(merge(said, call.provider_options))


def options(call: Call, max_tokens: int | None) -> dict[str, Json]:
    """https://docs.ollama.com/modelfile#valid-parameters-and-values"""
    named: dict[str, Json] = {
        "num_predict": max_tokens,
        "temperature": call.temperature,
        "top_p": call.top_p,
        "stop": list(call.stop) or None,
        "seed": call.seed,
    }
    return {name: value for name, value in named.items() if value is not None}


def _message(message: Message, names: Mapping[str, str]) -> Json:
    """A result names its tool; since version 0.12 its call too, which older ones overlook."""
    said: dict[str, Json] = {"role": message.role, "content": _text(message)}
    if images := _images(message):
        said["images"] = images
    if message.role == "tool":
        if not message.tool_call_id:
            raise BadRequest("A message of the role tool needs toolCallId, the id of the call it answers.")
        said["tool_call_id"] = message.tool_call_id
        if message.tool_call_id in names:
            said["tool_name"] = names[message.tool_call_id]
    if message.tool_calls:
        said["tool_calls"] = [
            {
                "id": tool_call.id,
                "type": "function",
                "function": {"index": index, "name": tool_call.name, "arguments": dict(tool_call.arguments)},
            }
            for index, tool_call in enumerate(message.tool_calls)
        ]
    opaque = message.opaque or {}
    if message.role == "assistant" and opaque.get("dialect") == NAME and isinstance(opaque.get("thinking"), str):
        said["thinking"] = opaque["thinking"]
    return said


def _text(message: Message) -> str:
    if isinstance(message.content, str):
        return message.content
    return "\n".join(part.text for part in message.content if isinstance(part, Text))


def _images(message: Message) -> list[Json]:
    found: list[Json] = []
    for part in message.content if isinstance(message.content, tuple) else ():
        if isinstance(part, Text):
            continue
        if not isinstance(part, Image):
            raise BadRequest("Ollama reads no files; take the file out of the content or name another model.")
        if message.role != "user":
            raise BadRequest(f"A message of the role {message.role} can only hold text here; change its content.")
        found.append(_base64(part))
    return found


def _base64(image: Image) -> str:
    if image.data is not None:
        return image.data
    head, _, data = (image.url or "").partition(";base64,")
    if not data or not head.startswith("data:"):
        raise BadRequest("Ollama fetches no image from a URL: give the image's data instead.")
    return data


def _tools(call: Call) -> list[Json]:
    """https://docs.ollama.com/api/openai-compatibility: there is no tool_choice. None is said by
    leaving the tools out."""
    choice = call.tool_choice.kind if call.tool_choice else "auto"
    if not call.tools or choice == "none":
        return []
    if choice != "auto":
        raise BadRequest("Ollama cannot make a model call a tool: leave out toolChoice, or ask for it in the prompt.")
    return [_tool(tool) for tool in call.tools]


def _tool(tool: Tool) -> Json:
    # {} is no schema of an object, which every tool's template expects.
    function: dict[str, Json] = {
        "name": tool.name,
        "parameters": dict(tool.parameters) or {"type": "object", "properties": {}},
    }
    if tool.description is not None:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _format(wanted: ResponseFormat) -> Json:
    """https://docs.ollama.com/capabilities/structured-outputs"""
    return "json" if wanted.kind == "json" or not wanted.schema else dict(wanted.schema)


def _think(wanted: ReasoningOptions, quirks: Quirks) -> bool | str:
    """Levels are gpt-oss's; a model that knows none takes any for true, one that never thinks answers
    400: https://docs.ollama.com/capabilities/thinking"""
    if wanted.effort is None:
        if wanted.max_tokens is not None:
            raise BadRequest("Ollama takes no reasoning.maxTokens: set reasoning.effort instead.")
        return True
    effort = dict(quirks.efforts).get(wanted.effort, wanted.effort)
    return False if effort == "minimal" else effort
