"""Between the wire's shapes and the core's: params to a call, an answer to a result."""

from libria.config import Config
from libria.rpc import params as wire
from libria.rpc import results
from libria.rpc.codes import invalid_params
from libria_providers.reply import Answer
from libria_providers.types import (
    Attempt,
    CacheOptions,
    Call,
    File,
    Image,
    Message,
    Origin,
    Part,
    ReasoningOptions,
    ResponseFormat,
    Text,
    Timeouts,
    Tool,
    ToolCall,
    ToolChoice,
    Trace,
    Usage,
)  # fmt: skip


def to_call(chat: wire.ChatParams, config: Config, *, started: float, origin: Origin, trace: Trace) -> Call:
    """What the call leaves unsaid, the config's defaults say."""
    timeouts = _timeouts(chat.timeouts, config)
    return Call(
        model=chat.model or "",
        messages=tuple(_message(message, f"messages[{i}]") for i, message in enumerate(chat.messages)),
        fallbacks=tuple(chat.fallbacks),
        system=chat.system,
        max_tokens=chat.max_tokens or config.defaults.max_tokens,
        temperature=chat.temperature,
        top_p=chat.top_p,
        stop=(chat.stop,) if isinstance(chat.stop, str) else tuple(chat.stop),
        seed=chat.seed,
        tools=tuple(Tool(tool.name, tool.parameters, tool.description) for tool in chat.tools),
        tool_choice=_tool_choice(chat),
        response_format=_response_format(chat.response_format),
        reasoning=ReasoningOptions(chat.reasoning.effort, chat.reasoning.max_tokens) if chat.reasoning else None,
        cache=CacheOptions(chat.cache.mode, chat.cache.max_age) if chat.cache else CacheOptions(config.cache_mode()),
        timeouts=timeouts,
        priority=chat.priority,
        on_disconnect=chat.on_disconnect or config.daemon.on_disconnect,
        provider_options=chat.provider_options,
        started=started,
        deadline=started + timeouts.total,
        origin=origin,
        trace=trace,
    )


def to_result(
    call_id: str, answer: Answer, *, model: str, age: float | None, timings: results.Timings, trace: Trace
) -> results.ChatResult:
    """`age` is that of a cache's entry. Raises InvalidResponse when a tool call's arguments are no JSON object."""
    finish = answer.finish
    assert finish is not None
    message = answer.message()
    tools = [
        results.ToolCallResult(id=call.id, name=call.name, arguments=dict(call.arguments))
        for call in message.tool_calls
    ]
    text = answer.text
    return results.ChatResult(
        call_id=call_id,
        model=model,
        served_model=finish.served_model or model.partition("/")[2],
        content=text,
        reasoning=answer.reasoning or None,
        tool_calls=tools,
        stop_reason=finish.stop_reason,
        message=results.MessageResult(role="assistant", content=text, tool_calls=tools, opaque=finish.opaque),
        usage=_usage(finish.usage),
        cache=results.CacheResult(hit=age is not None, age_seconds=None if age is None else round(age, 3)),
        timings=timings,
        attempts=[to_attempt(attempt) for attempt in trace.attempts],
    )


def to_attempt(attempt: Attempt) -> results.AttemptResult:
    return results.AttemptResult(
        target=attempt.target,
        outcome=attempt.outcome,
        started_ms=attempt.started_ms,
        duration_ms=attempt.duration_ms,
        status=attempt.status,
        request_id=attempt.request_id,
    )


def _usage(usage: Usage) -> results.UsageResult:
    return results.UsageResult(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        reasoning_tokens=usage.reasoning_tokens,
    )


def _timeouts(asked: wire.TimeoutsParam | None, config: Config) -> Timeouts:
    base = config.call_timeouts()
    if asked is None:
        return Timeouts(base.connect, base.first_token, base.idle, base.total)
    return Timeouts(
        connect=asked.connect or base.connect,
        first_token=asked.first_token or base.first_token,
        idle=asked.idle or base.idle,
        total=asked.total or base.total,
    )


def _message(message: wire.MessageParam, path: str) -> Message:
    if message.role == "tool" and message.tool_call_id is None:
        raise invalid_params(f"{path}.toolCallId is missing: a tool message says which call it answers.")
    content: str | tuple[Part, ...]
    if isinstance(message.content, str):
        content = message.content
    else:
        content = tuple(_part(part, f"{path}.content[{i}]") for i, part in enumerate(message.content))
    return Message(
        role=message.role,
        content=content,
        tool_calls=tuple(ToolCall(call.id, call.name, call.arguments) for call in message.tool_calls),
        tool_call_id=message.tool_call_id,
        opaque=message.opaque,
    )


def _part(part: wire.TextPart | wire.ImagePart | wire.FilePart, path: str) -> Part:
    if isinstance(part, wire.TextPart):
        return Text(part.text)
    if isinstance(part, wire.FilePart):
        return File(part.data, part.media_type, part.name)
    if (part.url is None) == (part.data is None) or (part.data is not None and part.media_type is None):
        raise invalid_params(f"{path} needs either url, or data with mediaType.")
    return Image(part.url, part.data, part.media_type)


def _tool_choice(chat: wire.ChatParams) -> ToolChoice | None:
    choice = chat.tool_choice
    if choice is None:
        return None
    if isinstance(choice, str):
        return ToolChoice(choice)
    if choice.name not in {tool.name for tool in chat.tools}:
        raise invalid_params(f"toolChoice.name: there is no tool “{choice.name}” in tools.")
    return ToolChoice("tool", choice.name)


def _response_format(asked: wire.ResponseFormatParam | None) -> ResponseFormat | None:
    if asked is None:
        return None
    if asked.type == "jsonSchema" and asked.schema_ is None:
        raise invalid_params("responseFormat.schema is missing: jsonSchema needs one.")
    return ResponseFormat(asked.type, asked.name, asked.schema_, asked.strict)
