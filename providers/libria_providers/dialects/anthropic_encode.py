"""Says a call in Anthropic's messages format. https://platform.claude.com/docs/en/api/messages"""

import base64
import binascii

import msgspec

from libria_providers.dialects.anthropic_thinking import thinking
from libria_providers.dialects.anthropic_wire import NAME
from libria_providers.dialects.options import merge
from libria_providers.dialects.said import items, mapping
from libria_providers.dialects.tool_ids import IdRule, ToolIds
from libria_providers.errors import BadRequest
from libria_providers.types import Call, File, Image, Json, Message, Part, Text, ToolChoice

DEFAULT_MAX_TOKENS = 4096  # the API demands a number
# 400 "tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'": maximhq/bifrost#5097.
_TOOL_ID = IdRule("[a-zA-Z0-9_-]{1,64}", 24)
_CHOICES = {"auto": "auto", "none": "none", "required": "any"}
_JSON_ONLY = "Answer with one JSON value and nothing else: no prose, no code fence."


def body(call: Call, model: str) -> bytes:
    """The request body. Raises BadRequest that names the parameter that cannot be said."""
    if call.seed is not None:
        raise BadRequest("Anthropic has no seed: leave the parameter seed out.")
    thought = thinking(call, model)
    said: dict[str, Json] = {
        "model": model,
        "max_tokens": thought.max_tokens or call.max_tokens or DEFAULT_MAX_TOKENS,
        "messages": _messages(call),
        "stream": call.stream,
    }
    if system := _system(call):
        said["system"] = system
    # With thinking on, the temperature must be 1 and top_p at least 0.95: both are left out.
    # https://platform.claude.com/docs/en/build-with-claude/extended-thinking#feature-compatibility
    if thought.field is None:
        if call.temperature is not None:
            said["temperature"] = call.temperature
        if call.top_p is not None:
            said["top_p"] = call.top_p
    else:
        said["thinking"] = thought.field
    if call.stop:
        said["stop_sequences"] = list(call.stop)
    if call.tools:
        said["tools"] = [
            {
                "name": tool.name,
                **({"description": tool.description} if tool.description is not None else {}),
                "input_schema": {"type": "object", **(tool.parameters or {"properties": {}})},
            }
            for tool in call.tools
        ]
        if call.tool_choice is not None:
            said["tool_choice"] = _tool_choice(call.tool_choice)
    if config := _output_config(call, thought.effort):
        said["output_config"] = config
    return msgspec.json.encode(merge(said, call.provider_options))


def _system(call: Call) -> str:
    """The system text is one place outside the messages, wherever it was said. There is no JSON
    mode without a schema: it is asked for in words."""
    texts = [call.system or ""]
    texts += [_text(message) for message in call.messages if message.role == "system"]
    if call.response_format is not None and call.response_format.kind == "json":
        texts.append(_JSON_ONLY)
    return "\n\n".join(text for text in texts if text)


def _messages(call: Call) -> list[Json]:
    ids = ToolIds(_TOOL_ID, call.messages)
    said: list[Json] = []
    results: list[Json] | None = None  # of the tool messages in a row, which make one user message
    for message in call.messages:
        if message.role == "tool":
            if results is None:
                results = []
                said.append({"role": "user", "content": results})
            results.append(_tool_result(message, ids))
            continue
        results = None
        if message.role == "user":
            said.append({"role": "user", "content": _content(message)})
        elif message.role == "assistant" and (content := _assistant(message, ids)):
            said.append({"role": "assistant", "content": content})
    return said


def _assistant(message: Message, ids: ToolIds) -> Json:
    """None for a turn that said nothing: the API refuses empty text."""
    opaque = message.opaque
    if opaque is not None and opaque.get("dialect") == NAME:
        content = opaque.get("content")
        return [_renamed(block, ids) for block in items(content)] or content
    text = _text(message)
    if not message.tool_calls:
        return text or None
    blocks: list[Json] = [{"type": "text", "text": text}] if text else []
    for tool_call in message.tool_calls:
        call: Json = {"type": "tool_use", "id": tool_call.id, "name": tool_call.name, "input": tool_call.arguments}
        blocks.append(_renamed(call, ids))
    return blocks


def _renamed(block: Json, ids: ToolIds) -> Json:
    """Servers that copy this format give ids that Anthropic itself would refuse."""
    fields = mapping(block)
    old = fields.get("id")
    if fields.get("type") != "tool_use" or not isinstance(old, str) or ids[old] == old:
        return block
    return {**fields, "id": ids[old]}


def _tool_result(message: Message, ids: ToolIds) -> Json:
    if not message.tool_call_id:
        raise BadRequest("A message of the role tool needs toolCallId, the id of the call it answers.")
    return {"type": "tool_result", "tool_use_id": ids[message.tool_call_id], "content": _content(message)}


def _content(message: Message) -> Json:
    if isinstance(message.content, str):
        return message.content
    return [_part(part) for part in message.content]


def _text(message: Message) -> str:
    if isinstance(message.content, str):
        return message.content
    texts = [part.text for part in message.content if isinstance(part, Text)]
    if len(texts) < len(message.content):
        raise BadRequest(f"A message of the role {message.role} can only hold text; change its content.")
    return "".join(texts)


def _part(part: Part) -> Json:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, Image):
        return {"type": "image", "source": _image_source(part)}
    document: dict[str, Json] = {"type": "document", "source": _document_source(part)}
    if part.name:
        document["title"] = part.name
    return document


def _image_source(part: Image) -> Json:
    if part.url is None or not part.url.startswith("data:"):
        if part.url is not None:
            return {"type": "url", "url": part.url}
        return {"type": "base64", "media_type": part.media_type or "image/png", "data": part.data or ""}
    head, _, data = part.url.partition(",")
    media_type, _, encoding = head.removeprefix("data:").partition(";")
    if encoding != "base64":
        raise BadRequest("An image as a data URL must be base64; change the content.")
    return {"type": "base64", "media_type": media_type or "image/png", "data": data}


def _document_source(part: File) -> Json:
    if part.media_type == "application/pdf":
        return {"type": "base64", "media_type": part.media_type, "data": part.data}
    if not part.media_type.startswith("text/"):
        raise BadRequest(f"Anthropic reads PDF and text, not {part.media_type}; change the content.")
    try:
        text = base64.b64decode(part.data, validate=True).decode()
    except (binascii.Error, ValueError):
        raise BadRequest("A text file's data must be base64 of UTF-8; change the content.") from None
    return {"type": "text", "media_type": "text/plain", "data": text}


def _tool_choice(choice: ToolChoice) -> Json:
    if choice.kind == "tool":
        return {"type": "tool", "name": choice.name or ""}
    return {"type": _CHOICES[choice.kind]}


def _output_config(call: Call, effort: str | None) -> dict[str, Json]:
    config: dict[str, Json] = {}
    if effort is not None:
        config["effort"] = effort
    wanted = call.response_format
    if wanted is not None and wanted.kind == "jsonSchema":
        # https://platform.claude.com/docs/en/build-with-claude/structured-outputs
        config["format"] = {"type": "json_schema", "schema": wanted.schema or {}}
    return config
