"""A conversation as the input items of the Responses format."""

import msgspec

from libria_providers.dialects.openai_responses_keep import sent_back, spoken
from libria_providers.dialects.openai_responses_wire import NAME
from libria_providers.dialects.tool_ids import ToolIds
from libria_providers.errors import BadRequest
from libria_providers.types import Call, File, Image, Json, Message, Part, Text


def input_items(call: Call, ids: ToolIds) -> list[Json]:
    """Raises BadRequest for a message that cannot be said."""
    stored = call.provider_options.get("store") is True
    said: list[Json] = []
    for message in call.messages:
        if message.role == "tool":
            said.append(_result(message, ids))
        elif message.role == "assistant":
            said += _turn(message, ids, stored)
        else:
            said.append({"role": message.role, "content": _content(message)})
    return said


def _turn(message: Message, ids: ToolIds, stored: bool) -> list[Json]:
    opaque = message.opaque or {}
    output = opaque.get("output") if opaque.get("dialect") == NAME else None
    if back := sent_back(output, ids, stored=stored):
        return back
    text = _text(message)
    said: list[Json] = [spoken(text)] if text else []
    for tool_call in message.tool_calls:
        arguments = msgspec.json.encode(tool_call.arguments).decode()
        said.append(
            {"type": "function_call", "call_id": ids[tool_call.id], "name": tool_call.name, "arguments": arguments}
        )
    return said


def _result(message: Message, ids: ToolIds) -> Json:
    if not message.tool_call_id:
        raise BadRequest("A message of the role tool needs toolCallId, the id of the call it answers.")
    return {"type": "function_call_output", "call_id": ids[message.tool_call_id], "output": _content(message)}


def _content(message: Message) -> Json:
    content = message.content
    if isinstance(content, str):
        return content
    if message.role == "system":
        return _text(message)
    if all(isinstance(part, Text) for part in content) and len(content) <= 1:
        # A plain string is understood everywhere, a list not by every server.
        return _text(message)
    return [_part(part) for part in content]


def _text(message: Message) -> str:
    if isinstance(message.content, str):
        return message.content
    texts = [part.text for part in message.content if isinstance(part, Text)]
    if len(texts) < len(message.content):
        raise BadRequest(f"A message of the role {message.role} can only hold text here; change its content.")
    return "".join(texts)


def _part(part: Part) -> Json:
    if isinstance(part, Text):
        return {"type": "input_text", "text": part.text}
    if isinstance(part, Image):
        url = part.url or f"data:{part.media_type or 'image/png'};base64,{part.data or ''}"
        return {"type": "input_image", "image_url": url, "detail": "auto"}
    return _file(part)


def _file(part: File) -> Json:
    name = part.name or ("document.pdf" if part.media_type == "application/pdf" else "document")
    return {"type": "input_file", "filename": name, "file_data": f"data:{part.media_type};base64,{part.data}"}
