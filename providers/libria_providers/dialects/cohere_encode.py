"""Says a call in Cohere's chat format. https://docs.cohere.com/v2/reference/chat"""

import msgspec

from libria_providers.dialects.cohere_wire import NAME
from libria_providers.dialects.options import merge
from libria_providers.dialects.said import mapping
from libria_providers.errors import BadRequest
from libria_providers.types import Call, Image, Json, Message, Part, ReasoningOptions, ResponseFormat, Text, Tool

# Cohere knows no effort, only a budget; "high" has none.
_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192}


def body(call: Call, model: str) -> bytes:
    """The request body. Raises BadRequest that names the parameter that cannot be said."""
    said: dict[str, Json] = {"model": model, "messages": _messages(call), "stream": call.stream}
    if call.max_tokens is not None:
        said["max_tokens"] = call.max_tokens
    if call.temperature is not None:
        said["temperature"] = call.temperature
    if call.top_p is not None:
        said["p"] = min(max(call.top_p, 0.01), 0.99)  # all that it takes
    if call.stop:
        said["stop_sequences"] = list(call.stop)
    if call.seed is not None:
        said["seed"] = call.seed
    if call.tools:
        tools, choice = _tools(call)
        said["tools"] = [_tool(tool) for tool in tools]
        if choice is not None:
            said["tool_choice"] = choice
    if call.response_format is not None and call.response_format.kind != "text":
        said["response_format"] = _response_format(call.response_format)
    if call.reasoning is not None:
        said["thinking"] = _thinking(call.reasoning)
    return msgspec.json.encode(merge(said, call.provider_options))


def _messages(call: Call) -> list[Json]:
    """A system turn may stand anywhere: recorded with 200 in the middle of a conversation."""
    said: list[Json] = [{"role": "system", "content": call.system}] if call.system else []
    for message in call.messages:
        if message.role == "user":
            said.append({"role": "user", "content": _content(message)})
        elif message.role == "tool":
            said.append(_tool_result(message))
        elif message.role == "system":
            if text := _text(message):
                said.append({"role": "system", "content": text})
        elif turn := _assistant(message):
            said.append({"role": "assistant", **turn})
    return said


def _assistant(message: Message) -> dict[str, Json]:
    """Empty for a turn that said nothing: "message must not be empty in a turn",
    https://docs.cohere.com/reference/errors"""
    opaque = mapping(message.opaque)
    if opaque.get("dialect") != NAME:
        opaque = {}
    said: dict[str, Json] = {}
    if opaque.get("content"):
        said["content"] = opaque["content"]
    elif text := _text(message):
        # What another provider's model said before its calls is what the plan is here.
        said["tool_plan" if message.tool_calls and not opaque else "content"] = text
    if message.tool_calls:
        if opaque.get("tool_plan"):
            said["tool_plan"] = opaque["tool_plan"]
        said["tool_calls"] = [
            {
                "id": tool_call.id,
                "type": "function",
                "function": {
                    "name": tool_call.name,
                    "arguments": msgspec.json.encode(tool_call.arguments).decode(),
                },
            }
            for tool_call in message.tool_calls
        ]
    return said


def _tool_result(message: Message) -> Json:
    """Parts become documents, which the answer can cite one by one:
    https://docs.cohere.com/v2/docs/tool-use-overview"""
    if not message.tool_call_id:
        raise BadRequest("A message of the role tool needs toolCallId, the id of the call it answers.")
    content: Json = _text(message)
    if isinstance(message.content, tuple) and len(message.content) > 1:
        content = [
            {"type": "document", "document": {"data": {"content": part.text}}}
            for part in message.content
            if isinstance(part, Text)
        ]
    return {"role": "tool", "tool_call_id": message.tool_call_id, "content": content}


def _content(message: Message) -> Json:
    if isinstance(message.content, str):
        return message.content
    if all(isinstance(part, Text) for part in message.content):
        return _text(message)
    return [_part(part) for part in message.content]


def _part(part: Part) -> Json:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, Image):
        url = part.url or f"data:{part.media_type or 'image/png'};base64,{part.data or ''}"
        return {"type": "image_url", "image_url": {"url": url}}
    raise BadRequest("Cohere reads no files; take the file out of the content or name another model.")


def _text(message: Message) -> str:
    if isinstance(message.content, str):
        return message.content
    texts = [part.text for part in message.content if isinstance(part, Text)]
    if len(texts) < len(message.content):
        raise BadRequest(f"A message of the role {message.role} can only hold text here; change its content.")
    return "".join(texts)


def _tools(call: Call) -> tuple[tuple[Tool, ...], str | None]:
    """One tool cannot be chosen by name: it is the only one that is shown then, and one is required."""
    choice = call.tool_choice
    if choice is None or choice.kind == "auto":
        return call.tools, None
    if choice.kind != "tool":
        return call.tools, "REQUIRED" if choice.kind == "required" else "NONE"
    named = tuple(tool for tool in call.tools if tool.name == choice.name)
    if not named:
        raise BadRequest(f"toolChoice names {choice.name}, which is none of the tools; name one of them.")
    return named, "REQUIRED"


def _tool(tool: Tool) -> Json:
    # {} is no schema of an object, and the field is required.
    function: dict[str, Json] = {
        "name": tool.name,
        "parameters": tool.parameters or {"type": "object", "properties": {}},
    }
    if tool.description is not None:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _response_format(wanted: ResponseFormat) -> Json:
    if wanted.kind == "json":
        return {"type": "json_object"}
    return {"type": "json_object", "json_schema": wanted.schema or {"type": "object"}}


def _thinking(wanted: ReasoningOptions) -> Json:
    """https://docs.cohere.com/docs/reasoning"""
    budget = wanted.max_tokens or _BUDGETS.get(wanted.effort or "")
    return {"type": "enabled", **({"token_budget": budget} if budget else {})}
