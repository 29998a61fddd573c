"""Says a call in Gemini's format. https://ai.google.dev/api/generate-content#request-body"""

import msgspec

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.gemini_contents import contents, system
from libria_providers.dialects.options import merge
from libria_providers.errors import BadRequest
from libria_providers.types import Call, Json, ReasoningOptions, ResponseFormat, Tool, ToolChoice

# What Google's own compatible endpoint makes of efforts: https://ai.google.dev/gemini-api/docs/openai#thinking
_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "tool": "ANY"}


def body(call: Call, quirks: Quirks) -> bytes:
    """The request body; the model and whether to stream are in the path. Raises BadRequest that names
    the parameter that cannot be said."""
    said = turns(call, quirks)
    if call.tools and call.tool_choice is not None:
        said["toolConfig"] = {"functionCallingConfig": _calling(call.tool_choice)}
    if config := _generation(call, quirks):
        said["generationConfig"] = config
    return msgspec.json.encode(merge(said, call.provider_options))


def turns(call: Call, quirks: Quirks) -> dict[str, Json]:
    """What is input of `call`, and can be counted."""
    said: dict[str, Json] = {"contents": contents(call, quirks)}
    if quirks.system_instruction and (text := system(call)):
        said["systemInstruction"] = {"parts": [{"text": text}]}
    if call.tools:
        said["tools"] = [{"functionDeclarations": [_declaration(tool) for tool in call.tools]}]
    return said


def _declaration(tool: Tool) -> Json:
    # `parameters` is a part of OpenAPI's schema, where much of JSON Schema is a 400; this takes all.
    said: dict[str, Json] = {"name": tool.name}
    if tool.description is not None:
        said["description"] = tool.description
    if tool.parameters:
        said["parametersJsonSchema"] = {"type": "object", **tool.parameters}
    return said


def _calling(choice: ToolChoice) -> Json:
    config: dict[str, Json] = {"mode": _MODES[choice.kind]}
    if choice.kind == "tool":
        config["allowedFunctionNames"] = [choice.name or ""]
    return config


def _generation(call: Call, quirks: Quirks) -> dict[str, Json]:
    config: dict[str, Json] = {}
    if call.max_tokens is not None:
        config["maxOutputTokens"] = call.max_tokens
    if call.temperature is not None:
        config["temperature"] = call.temperature
    if call.top_p is not None:
        config["topP"] = call.top_p
    if call.stop:
        config["stopSequences"] = list(call.stop)
    if call.seed is not None:
        config["seed"] = call.seed
    if call.response_format is not None and call.response_format.kind != "text":
        config.update(_format(call.response_format))
    if call.reasoning is not None:
        config["thinkingConfig"] = _thinking(call.reasoning, quirks)
    return config


def _format(wanted: ResponseFormat) -> dict[str, Json]:
    # responseSchema is a part of OpenAPI's schema, as `parameters` is.
    schema: dict[str, Json] = {"responseJsonSchema": wanted.schema or {}} if wanted.kind == "jsonSchema" else {}
    return {"responseMimeType": "application/json", **schema}


def _thinking(wanted: ReasoningOptions, quirks: Quirks) -> Json:
    """A level or a budget, never both: that is a 400. https://ai.google.dev/gemini-api/docs/thinking
    From Gemini 3 on there are levels, and a budget is still taken; up to 2.5 only budgets."""
    config: dict[str, Json] = {"includeThoughts": True}
    effort, budget = wanted.effort, wanted.max_tokens
    if effort is not None and quirks.thinking != "budget":
        config["thinkingLevel"] = dict(quirks.efforts).get(effort, effort).upper()
    elif budget is not None:
        if quirks.thinking == "level_only":
            raise BadRequest("This model takes no reasoning.maxTokens: set reasoning.effort instead.")
        config["thinkingBudget"] = budget
    elif effort is not None:
        config["thinkingBudget"] = _BUDGETS[effort]
    return config
