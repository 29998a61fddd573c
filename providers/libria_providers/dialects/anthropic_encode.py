"""Says a call in Anthropic's messages format. https://platform.claude.com/docs/en/api/messages

`providerOptions` go into the body as they are: server tools behind the call's own, `cache_control`
(anthropic_marks.py), `top_k`, `container`, `context_management`, `mcp_servers`. What needs a beta gets
it by a header of the config: `[providers.anthropic] headers = {"anthropic-beta" = "…"}`.
"""

from libria_providers.dialects import anthropic_marks
from libria_providers.dialects.anthropic_schema import closed
from libria_providers.dialects.anthropic_thinking import BINDING_BETA, Thinking, thinking
from libria_providers.dialects.anthropic_turns import Turns
from libria_providers.dialects.anthropic_wire import FORMAT_TOOL
from libria_providers.dialects.base import Quirks
from libria_providers.dialects.options import merge
from libria_providers.dialects.said import mapping
from libria_providers.errors import BadRequest
from libria_providers.types import Call, Json

_CHOICES = {"auto": "auto", "none": "none", "required": "any"}
_JSON_ONLY = "Answer with one JSON value and nothing else: no prose, no code fence."


def said(call: Call, model: str, quirks: Quirks) -> dict[str, Json]:
    """The request body. Raises BadRequest that names the parameter that cannot be said."""
    if call.seed is not None:
        raise BadRequest("Anthropic has no seed: leave the parameter seed out.")
    turns = Turns(call, model, quirks)
    thought = thinking(call, model, quirks, turns.said)
    wanted: dict[str, Json] = {
        "model": model,
        "max_tokens": thought.max_tokens or call.max_tokens or quirks.answer_tokens,
        "messages": turns.said,
        "stream": call.stream,
    }
    if call.response_format is not None and call.response_format.kind == "json":
        turns.system.append(_JSON_ONLY)  # there is no JSON mode without a schema: it is asked for in words
    if turns.system:
        wanted["system"] = "\n\n".join(turns.system)
    # With a budget the temperature must be 1 and top_p at least 0.95, and models that think by
    # themselves allow no others: both are left out.
    # https://platform.claude.com/docs/en/build-with-claude/thinking#feature-compatibility
    if call.reasoning is None or thought.field is None:
        wanted |= _sampling(call, model, quirks)
    if thought.field is not None:
        wanted["thinking"] = thought.field
    if call.stop:
        wanted["stop_sequences"] = list(call.stop)
    wanted |= _tools(call, model, quirks, thought)
    if config := _output_config(call, quirks, thought.effort):
        wanted["output_config"] = config
    if quirks.cache_marks:
        anthropic_marks.mark(wanted, call.provider_options)
    merge(wanted, call.provider_options)
    return {name: value for name, value in wanted.items() if value is not None}


def betas(body: dict[str, Json]) -> tuple[tuple[str, str], ...]:
    """The header that names the beta features that `body` needs."""
    needed = "block_binding" in mapping(body.get("thinking"))
    return (("anthropic-beta", BINDING_BETA),) if needed else ()


def _sampling(call: Call, model: str, quirks: Quirks) -> dict[str, Json]:
    """1 is the default of both: it is left out where naming it is a 400."""
    found: dict[str, Json] = {}
    if call.temperature is not None and not (call.temperature == 1 and "temperature" in quirks.refuses):
        found["temperature"] = call.temperature
    if call.top_p is not None and not (call.top_p == 1 and "topP" in quirks.refuses):
        found["top_p"] = call.top_p
    if quirks.one_sampler and len(found) > 1:
        # "`temperature` and `top_p` cannot both be specified for this model": BerriAI/litellm#15097
        usual = [name for name, value in found.items() if value == 1]
        if not usual:
            raise BadRequest(f"{model} takes temperature or topP, not both: leave topP out.")
        del found[usual[-1]]
    return found


def _tools(call: Call, model: str, quirks: Quirks, thought: Thinking) -> dict[str, Json]:
    tools: list[Json] = [
        {
            "name": tool.name,
            **({"description": tool.description} if tool.description is not None else {}),
            "input_schema": {"type": "object", **(tool.parameters or {"properties": {}})},
        }
        for tool in call.tools
    ]
    choice = _choice(call)
    forced = "toolChoice"
    wanted = call.response_format
    if wanted is not None and wanted.kind == "jsonSchema" and not quirks.json_schema:
        # https://platform.claude.com/docs/en/build-with-claude/increase-consistency: JSON that follows a
        # schema is the input of a tool that the model must call. The decoder gives it as text.
        forced = "responseFormat"
        tools.append({"name": FORMAT_TOOL, "description": "Give the answer.", "input_schema": wanted.schema or {}})
        if not call.tools or choice == {"type": "none"}:
            choice = {"type": "tool", "name": FORMAT_TOOL}
        elif choice is None or choice == {"type": "auto"}:
            choice = {"type": "any"}
    if choice is not None and choice["type"] in ("any", "tool"):
        if not quirks.forced_tools:
            # https://platform.claude.com/docs/en/models/opus-5-5/whats-new-opus-5-5#forced-tool-use-is-not-supported
            raise BadRequest(f"{model} cannot be made to call a tool: set {forced} to auto, or leave it out.")
        if thought.budgeted:
            # "Thinking may not be enabled when tool_choice forces tool use."
            raise BadRequest(
                f"{model} cannot be made to call a tool while it reasons: leave {forced} or reasoning out."
            )
    return {**({"tools": tools} if tools else {}), **({"tool_choice": choice} if choice is not None else {})}


def _choice(call: Call) -> dict[str, Json] | None:
    choice = call.tool_choice
    if choice is None or not (call.tools or call.provider_options.get("tools")):
        return None  # a choice of what?
    if choice.kind == "tool":
        return {"type": "tool", "name": choice.name or ""}
    return {"type": _CHOICES[choice.kind]}


def _output_config(call: Call, quirks: Quirks, effort: str | None) -> dict[str, Json]:
    config: dict[str, Json] = {}
    if effort is not None:
        config["effort"] = effort
    wanted = call.response_format
    if wanted is not None and wanted.kind == "jsonSchema" and quirks.json_schema:
        # https://platform.claude.com/docs/en/build-with-claude/structured-outputs
        config["format"] = {"type": "json_schema", "schema": closed(wanted.schema or {})}
    return config
