"""Says a call in OpenAI's chat format. https://platform.openai.com/docs/api-reference/chat/create"""

import msgspec

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.openai_chat_echo import echoed, echoed_call
from libria_providers.dialects.options import merge
from libria_providers.dialects.tool_ids import ToolIds
from libria_providers.errors import BadRequest
from libria_providers.types import (
    Call,
    File,
    Image,
    Json,
    Message,
    Part,
    ReasoningOptions,
    ResponseFormat,
    Text,
    ToolChoice,
)


def body(call: Call, model: str, quirks: Quirks) -> bytes:
    """The request body. Raises BadRequest that names the parameter that cannot be said."""
    said: dict[str, Json] = {"model": model, "messages": _messages(call, quirks), "stream": call.stream}
    said.update(quirks.sends)
    if call.stream and quirks.stream_usage:
        said["stream_options"] = {"include_usage": True}
    if call.max_tokens is not None:
        said[quirks.max_tokens_name] = call.max_tokens
    if call.temperature is not None:
        said["temperature"] = call.temperature
    if call.top_p is not None:
        said["top_p"] = call.top_p
    if call.stop:
        said["stop"] = list(call.stop)
    if call.seed is not None:
        said[quirks.seed_name] = call.seed
    if call.tools:
        said["tools"] = [_tool(tool.name, tool.description, tool.parameters) for tool in call.tools]
        # Without tools there is nothing to choose, and OpenAI refuses it.
        if call.tool_choice is not None:
            said.update(_tool_choice(call.tool_choice, call, quirks))
    if call.response_format is not None and call.response_format.kind != "text":
        said["response_format"] = _response_format(call.response_format, quirks)
    if call.reasoning is not None:
        said.update(_reasoning(call.reasoning, quirks))
    return msgspec.json.encode(merge(said, call.provider_options))


def _messages(call: Call, quirks: Quirks) -> list[Json]:
    # "system" for all models: OpenAI reads it as "developer" where the model wants that, and no
    # other vendor knows the word.
    first: list[Json] = [{"role": "system", "content": call.system}] if call.system else []
    ids = ToolIds(quirks.tool_id, call.messages)
    return first + [_message(message, ids, quirks) for message in call.messages]


def _message(message: Message, ids: ToolIds, quirks: Quirks) -> Json:
    said: dict[str, Json] = {"role": message.role, "content": _content(message, quirks)}
    if message.role == "tool":
        if not message.tool_call_id:
            raise BadRequest("A message of the role tool needs toolCallId, the id of the call it answers.")
        said["tool_call_id"] = ids[message.tool_call_id]
    if message.tool_calls:
        # What OpenAI itself says when a turn is nothing but calls; "" is refused by some.
        said["content"] = said["content"] or None
        said["tool_calls"] = [
            {
                "id": ids[tool_call.id],
                "type": "function",
                "function": {
                    "name": tool_call.name,
                    "arguments": msgspec.json.encode(tool_call.arguments).decode(),
                },
                **echoed_call(message, index, quirks),
            }
            for index, tool_call in enumerate(message.tool_calls)
        ]
    if message.role == "assistant":
        said.update(echoed(message, quirks))
    return said


def _content(message: Message, quirks: Quirks) -> Json:
    content = message.content
    if isinstance(content, str):
        return content
    if message.role != "user" and not all(isinstance(part, Text) for part in content):
        raise BadRequest(f"A message of the role {message.role} can only hold text here; change its content.")
    if all(isinstance(part, Text) for part in content) and len(content) <= 1:
        # A plain string is understood everywhere, a list not by every server.
        return "".join(part.text for part in content if isinstance(part, Text))
    return [_part(part, quirks) for part in content]


def _part(part: Part, quirks: Quirks) -> Json:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, Image):
        url = part.url or f"data:{part.media_type or 'image/png'};base64,{part.data or ''}"
        return {"type": "image_url", "image_url": {"url": url}}
    return _file(part, quirks)


def _file(part: File, quirks: Quirks) -> Json:
    data = f"data:{part.media_type};base64,{part.data}"
    name = part.name or ("document.pdf" if part.media_type == "application/pdf" else "document")
    if quirks.file_part == "file":
        return {"type": "file", "file": {"filename": name, "file_data": data}}
    if quirks.file_part == "document_url":
        return {"type": "document_url", "document_url": data, "document_name": name}
    if quirks.file_part == "file_url":
        return {"type": "file_url", "file_url": {"url": part.data}, "file_name": name}
    if quirks.file_part == "data":
        return {"type": "file", "file": {"filename": name, "media_type": part.media_type, "data": part.data}}
    raise BadRequest("This provider reads no files; take the file out of the content or name another model.")


def _tool(name: str, description: str | None, parameters: Json) -> Json:
    # {} is no schema of an object, and some refuse a tool without one.
    function: dict[str, Json] = {"name": name, "parameters": parameters or {"type": "object", "properties": {}}}
    if description is not None:
        function["description"] = description
    return {"type": "function", "function": function}


def _tool_choice(choice: ToolChoice, call: Call, quirks: Quirks) -> dict[str, Json]:
    if choice.kind not in ("required", "tool"):
        return {"tool_choice": choice.kind}
    if not quirks.forced_tools:
        raise BadRequest(f"This model takes no toolChoice {choice.kind}: set auto, or name another model.")
    if choice.kind == "tool" and quirks.forced_choice == "required":
        raise BadRequest("This model takes no toolChoice by name: give it that tool alone and set required.")
    said: dict[str, Json] = {"tool_choice": quirks.tool_choice_required}
    if choice.kind == "tool":
        said = {"tool_choice": {"type": "function", "function": {"name": choice.name or ""}}}
    if quirks.forced_choice == "unthinking":
        if call.reasoning is not None:
            raise BadRequest("This model cannot be forced to call a tool while it reasons: leave reasoning out.")
        said["thinking"] = {"type": "disabled"}
    return said


def _response_format(wanted: ResponseFormat, quirks: Quirks) -> Json:
    if wanted.kind == "json":
        if not quirks.json_object:
            raise BadRequest("This provider has no responseFormat json: use jsonSchema.")
        return {"type": "json_object"}
    if not quirks.json_schema:
        raise BadRequest("This provider has no responseFormat jsonSchema: use json and describe the schema.")
    schema: Json = {"name": wanted.name or "answer", "schema": wanted.schema or {}, "strict": wanted.strict}
    return {"type": "json_schema", "json_schema": schema}


def _reasoning(wanted: ReasoningOptions, quirks: Quirks) -> dict[str, Json]:
    effort, budget = dict(quirks.efforts).get(wanted.effort or "", wanted.effort), wanted.max_tokens
    if quirks.reasoning == "object":
        # One of the two, https://openrouter.ai/docs/use-cases/reasoning-tokens
        if budget is not None:
            return {"reasoning": {"max_tokens": budget}}
        return {"reasoning": {"effort": effort or "medium"}}
    if quirks.reasoning == "enable_thinking":
        return {"enable_thinking": True, **({"thinking_budget": budget} if budget is not None else {})}
    if budget is not None and effort is None:
        raise BadRequest("This provider takes no reasoning.maxTokens: set reasoning.effort instead.")
    if quirks.reasoning == "thinking":
        return {"thinking": {"type": "enabled"}}
    return {"reasoning_effort": effort} if effort is not None else {}
