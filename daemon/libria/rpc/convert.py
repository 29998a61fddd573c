"""Between the wire's shapes and the core's: params to a call, an answer to a result."""

from collections.abc import Sequence
from dataclasses import replace

from libria.config import Config
from libria.rpc import params as wire
from libria.rpc import results
from libria.rpc.codes import invalid_params
from libria_providers.reply import Answer
from libria_providers.types import (
    Attempt,
    CacheOptions,
    Call,
    CountTokens,
    Embed,
    File,
    Fill,
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


def to_call(params: wire.CallParams, config: Config, *, started: float, origin: Origin, trace: Trace) -> Call:
    """What the call leaves unsaid, the config's defaults say."""
    timeouts = _timeouts(params.timeouts, config)
    call = Call(
        model="",
        cache=CacheOptions(params.cache.mode, params.cache.max_age)
        if params.cache
        else CacheOptions(config.cache_mode()),
        timeouts=timeouts,
        priority=params.priority,
        on_disconnect=params.on_disconnect or config.daemon.on_disconnect,
        provider_options=params.provider_options,
        started=started,
        deadline=started + timeouts.total,
        origin=origin,
        trace=trace,
    )
    if isinstance(params, wire.AnswerParams):
        return _for_text(params, call, config)
    call = replace(call, stream=False)
    if isinstance(params, wire.EmbedParams):
        return replace(call, model=params.model, ask=Embed(tuple(params.input), params.dimensions))
    assert isinstance(params, wire.CountTokensParams)
    return replace(
        call,
        model=params.model,
        ask=CountTokens(),
        messages=_messages(params.messages),
        system=params.system,
        tools=_tools(params.tools),
    )


def _for_text(params: wire.AnswerParams, call: Call, config: Config) -> Call:
    reasoning = params.reasoning
    call = replace(
        call,
        model=params.model or "",
        fallbacks=tuple(params.fallbacks),
        system=params.system,
        max_tokens=params.max_tokens or config.defaults.max_tokens,
        temperature=params.temperature,
        top_p=params.top_p,
        stop=(params.stop,) if isinstance(params.stop, str) else tuple(params.stop),
        seed=params.seed,
        reasoning=ReasoningOptions(reasoning.effort, reasoning.max_tokens) if reasoning else None,
    )
    if isinstance(params, wire.CompleteParams):
        return replace(call, ask=Fill(params.prefix, params.suffix, params.language_id, params.path))
    assert isinstance(params, wire.ChatParams)
    return replace(
        call,
        messages=_messages(params.messages),
        tools=_tools(params.tools),
        tool_choice=_tool_choice(params),
        response_format=_response_format(params.response_format),
    )


def to_result(
    call_id: str,
    answer: Answer,
    *,
    model: str,
    age: float | None,
    cost: float | None,
    timings: results.Timings,
    trace: Trace,
) -> results.ChatResult:
    """`age` is that of a cache's entry, `cost` in dollars."""
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
        usage=to_usage(finish.usage),
        cost=to_cost(cost),
        cache=to_cache(age),
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


def to_cache(age: float | None) -> results.CacheResult:
    return results.CacheResult(hit=age is not None, age_seconds=None if age is None else round(age, 3))


def to_cost(dollars: float | None) -> results.CostResult | None:
    return None if dollars is None else results.CostResult(usd=dollars)


def to_usage(usage: Usage) -> results.UsageResult:
    return results.UsageResult(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        cache_write_input_tokens=usage.cache_write_input_tokens,
    )


def _timeouts(asked: wire.TimeoutsParam | None, config: Config) -> Timeouts:
    base = config.call_timeouts()
    asked = asked or wire.TimeoutsParam()
    return Timeouts(
        connect=asked.connect or base.connect,
        first_token=asked.first_token or base.first_token,
        idle=asked.idle or base.idle,
        total=asked.total or base.total,
        # Who says how long wants just that; else one that starts slowly is never given less than others.
        first_token_slow=asked.first_token or max(base.first_token, base.first_token_slow),
    )


def _messages(messages: Sequence[wire.MessageParam]) -> tuple[Message, ...]:
    return tuple(_message(message, f"messages[{i}]") for i, message in enumerate(messages))


def _tools(tools: Sequence[wire.ToolParam]) -> tuple[Tool, ...]:
    return tuple(Tool(tool.name, tool.parameters, tool.description) for tool in tools)


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
