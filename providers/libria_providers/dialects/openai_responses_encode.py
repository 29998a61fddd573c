"""Says a call in OpenAI's Responses format. https://platform.openai.com/docs/api-reference/responses/create"""

import msgspec

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.openai_responses_input import input_items
from libria_providers.dialects.options import merge
from libria_providers.dialects.tool_ids import ToolIds
from libria_providers.errors import BadRequest
from libria_providers.types import Call, Json, ReasoningOptions, ResponseFormat, Tool, ToolChoice


def body(call: Call, model: str, quirks: Quirks) -> bytes:
    """The request body. Raises BadRequest that names the parameter that cannot be said."""
    _refuse(call)
    said = asked(call, model, quirks)
    said["stream"] = call.stream
    said["store"] = False
    if quirks.encrypted_reasoning:
        said["include"] = ["reasoning.encrypted_content"]
    if call.max_tokens is not None:
        said["max_output_tokens"] = call.max_tokens
    if call.temperature is not None:
        said["temperature"] = call.temperature
    if call.top_p is not None:
        said["top_p"] = call.top_p
    return msgspec.json.encode(merge(said, call.provider_options))


def asked(call: Call, model: str, quirks: Quirks) -> dict[str, Json]:
    """What counts as input: all but how the answer is made."""
    said: dict[str, Json] = {"model": model, "input": input_items(call, ToolIds(quirks.tool_id, call.messages))}
    wanted = call.response_format
    if call.system and wanted is not None and wanted.kind == "json":
        # json_object wants the word "json" in the input, and some look at nothing else for it.
        said["input"] = [{"role": "system", "content": call.system}, *said["input"]]
    elif call.system:
        said["instructions"] = call.system
    if call.tools:
        said["tools"] = [_tool(tool) for tool in call.tools]
        # Without tools there is nothing to choose, and OpenAI refuses it.
        if call.tool_choice is not None:
            said["tool_choice"] = _tool_choice(call.tool_choice, quirks)
    if wanted is not None and wanted.kind != "text":
        said["text"] = {"format": _format(wanted, quirks)}
    if call.reasoning is not None and (reasoning := _reasoning(call.reasoning, quirks)):
        said["reasoning"] = reasoning
    return said


def _refuse(call: Call) -> None:
    for name, value in (("stop", call.stop), ("seed", call.seed)):
        if value not in (None, ()) and name not in call.provider_options:
            raise BadRequest(f"OpenAI's Responses have no {name}: leave the parameter {name} out.")


def _tool(tool: Tool) -> Json:
    # {} is no schema of an object. Strict is the default here, and refuses most schemas.
    # https://platform.openai.com/docs/guides/migrate-to-responses
    parameters = tool.parameters or {"type": "object", "properties": {}}
    said: dict[str, Json] = {"type": "function", "name": tool.name, "parameters": parameters, "strict": False}
    if tool.description is not None:
        said["description"] = tool.description
    return said


def _tool_choice(choice: ToolChoice, quirks: Quirks) -> Json:
    if choice.kind == "tool":
        return {"type": "function", "name": choice.name or ""}
    return quirks.tool_choice_required if choice.kind == "required" else choice.kind


def _format(wanted: ResponseFormat, quirks: Quirks) -> Json:
    if wanted.kind == "json":
        return {"type": "json_object"}
    if not quirks.json_schema:
        raise BadRequest("This provider has no responseFormat jsonSchema: use json and describe the schema.")
    schema: Json = wanted.schema or {}
    return {"type": "json_schema", "name": wanted.name or "answer", "schema": schema, "strict": wanted.strict}


def _reasoning(wanted: ReasoningOptions, quirks: Quirks) -> dict[str, Json]:
    """The summary is all that OpenAI shows of its reasoning:
    https://platform.openai.com/docs/guides/reasoning#reasoning-summaries"""
    if wanted.effort is None:
        if wanted.max_tokens is not None:
            raise BadRequest("This provider takes no reasoning.maxTokens: set reasoning.effort instead.")
        return {"summary": "auto"}
    return {"effort": dict(quirks.efforts).get(wanted.effort, wanted.effort), "summary": "auto"}
