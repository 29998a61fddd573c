"""Says a call in Bedrock's Converse.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

import msgspec

from libria_providers.dialects.anthropic_schema import closed
from libria_providers.dialects.base import Quirks
from libria_providers.dialects.bedrock_thinking import Thinking, thinking
from libria_providers.dialects.bedrock_turns import Turns
from libria_providers.dialects.options import merge
from libria_providers.errors import BadRequest
from libria_providers.types import Call, Json, ResponseFormat, Tool, ToolChoice

# "The toolConfig field must be defined when using toolUse and toolResult content blocks": a conversation
# that goes on without its tools shows one that is no use, as vxcontrol/pentagi#196 and others do.
_NO_TOOL = Tool("no_tools_are_left", {}, "Never call this. There are no tools any more; answer in words.")


def body(call: Call, model: str, quirks: Quirks) -> bytes:
    """The request body. Raises BadRequest that names the parameter that cannot be said."""
    if call.seed is not None:
        raise BadRequest("Bedrock has no seed: leave the parameter seed out.")
    turns = Turns(call, quirks)
    thought = Thinking()
    if not (quirks.converse_reasoning == "thinking" and turns.begun_without_reasoning()):
        thought = thinking(call, model, quirks)
    if not quirks.prefill and turns.said and turns.said[-1]["role"] == "assistant":
        # "This model does not support assistant message prefill.": NousResearch/hermes-agent#105780
        raise BadRequest(f"{model} does not go on with the assistant's own words: end the messages with the user's.")
    said: dict[str, Json] = {"messages": turns.said}
    if turns.system:
        said["system"] = [{"text": text} for text in turns.system]
    if inference := _inference(call, model, quirks, thought):
        said["inferenceConfig"] = inference
    if tools := _tools(call, model, quirks, turns, thought):
        said["toolConfig"] = tools
    if config := _output(call.response_format, model, quirks, thought):
        said["outputConfig"] = config
    if thought.fields:
        said["additionalModelRequestFields"] = thought.fields
    return msgspec.json.encode(merge(said, call.provider_options))


def _inference(call: Call, model: str, quirks: Quirks, thought: Thinking) -> dict[str, Json]:
    found: dict[str, Json] = {}
    max_tokens = thought.max_tokens or call.max_tokens
    if max_tokens is not None:
        found["maxTokens"] = max_tokens
    if thought.samples:
        sampling = {"temperature": call.temperature, "topP": call.top_p}
        # 1 is the default of both: it is left out where naming it is a 400.
        asked = {
            name: value
            for name, value in sampling.items()
            if value is not None and not (value == 1 and name in quirks.refuses)
        }
        if quirks.one_sampler and len(asked) > 1:
            usual = [name for name, value in asked.items() if value == 1]
            if not usual:
                raise BadRequest(f"{model} takes temperature or topP, not both: leave topP out.")
            del asked[usual[-1]]
        found.update(asked)
    if call.stop:
        found["stopSequences"] = list(call.stop)
    return found


def _tools(call: Call, model: str, quirks: Quirks, turns: Turns, thought: Thinking) -> dict[str, Json] | None:
    """There is no choice "none": then the tools are not shown at all."""
    choice = call.tool_choice
    if not call.tools or (choice is not None and choice.kind == "none"):
        return {"tools": [_tool(_NO_TOOL)]} if turns.uses_tools else None
    config: dict[str, Json] = {"tools": [_tool(tool) for tool in call.tools]}
    if choice is not None:
        config["toolChoice"] = _choice(choice)
        if choice.kind != "auto" and not quirks.forced_tools:
            raise BadRequest(f"{model} cannot be made to call a tool: set toolChoice to auto, or leave it out.")
        if choice.kind != "auto" and thought.budgeted:
            # "Thinking may not be enabled when tool_choice forces tool use."
            raise BadRequest(
                f"{model} cannot be made to call a tool while it reasons: leave toolChoice or reasoning out."
            )
    return config


def _tool(tool: Tool) -> Json:
    spec: dict[str, Json] = {
        "name": tool.name,
        "inputSchema": {"json": {"type": "object", **(tool.parameters or {"properties": {}})}},
    }
    if tool.description:
        spec["description"] = tool.description
    return {"toolSpec": spec}


def _choice(choice: ToolChoice) -> Json:
    if choice.kind == "tool":
        return {"tool": {"name": choice.name or ""}}
    return {"any" if choice.kind == "required" else "auto": {}}


def _output(wanted: ResponseFormat | None, model: str, quirks: Quirks, thought: Thinking) -> dict[str, Json]:
    """https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html"""
    config: dict[str, Json] = {}
    if thought.effort is not None:
        config["effort"] = thought.effort
    if wanted is None or wanted.kind == "text":
        return config
    if wanted.kind == "json":
        raise BadRequest("Bedrock has no responseFormat json: use jsonSchema, or ask for JSON in the prompt.")
    if not quirks.json_schema:
        raise BadRequest(f"{model} has no responseFormat jsonSchema: leave it out and describe the schema.")
    schema: dict[str, Json] = {"schema": msgspec.json.encode(closed(wanted.schema or {"type": "object"})).decode()}
    if wanted.name:
        schema["name"] = wanted.name
    config["textFormat"] = {"type": "json_schema", "structure": {"jsonSchema": schema}}
    return config
