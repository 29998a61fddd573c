"""What a call may be told, by Python's names, and as the protocol has it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypedDict

Json = Any  # whatever JSON can say

Message = Mapping[str, Any]
"""`{"role": "user", "content": "…"}`, or a result's `message` as it is."""

Tool = Mapping[str, Any] | Callable[..., Any]
"""`{"name", "description", "parameters": JSON Schema}`, or a function with type hints."""


class CacheOption(TypedDict, total=False):
    """`max_age` in seconds."""

    mode: Literal["auto", "use", "refresh", "off", "only"]
    max_age: float


class TimeoutsOption(TypedDict, total=False):
    """Seconds."""

    connect: float
    first_token: float
    idle: float
    total: float


class ReasoningOption(TypedDict, total=False):
    effort: Literal["minimal", "low", "medium", "high"]
    max_tokens: int


class ResponseFormatOption(TypedDict, total=False):
    type: Literal["text", "json", "jsonSchema"]
    name: str
    schema: dict[str, Any]
    strict: bool


class CallOptions(TypedDict, total=False):
    """`timeout` is short for `timeouts={"total": …}`."""

    cache: CacheOption
    timeout: float | None
    timeouts: TimeoutsOption
    priority: Literal["interactive", "batch"]
    on_disconnect: Literal["cancel", "finish"]
    provider_options: dict[str, Any]


class AnswerOptions(CallOptions, total=False):
    model: str | None
    fallbacks: Sequence[str]
    system: str | None
    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    stop: str | Sequence[str]
    seed: int | None
    reasoning: ReasoningOption


class TurnOptions(AnswerOptions, total=False):
    tool_choice: Literal["auto", "none", "required"] | dict[str, str]
    response_format: ResponseFormatOption


class ChatOptions(TurnOptions, total=False):
    tools: Sequence[Tool]


class CompleteOptions(AnswerOptions, total=False):
    language_id: str
    path: str


class EmbedOptions(CallOptions, total=False):
    dimensions: int


class CountOptions(CallOptions, total=False):
    system: str
    tools: Sequence[Tool]


class TaskOptions(TypedDict, total=False):
    """`task_id` is chosen where none is given: a task of the same id and content is the same task. Criteria are
    sentences for a judge, or `{"type": "jsonSchema" | "regex" | "contains" | "maxLength" | "command", …}`. With
    `retry_on_failure` what was not met is fed back once; `restart` begins a failed one anew."""

    task_id: str
    model: str | None
    fallbacks: Sequence[str]
    system: str | None
    context: str | Sequence[Mapping[str, str]]
    output: Literal["text", "code", "files"]
    acceptance_criteria: Sequence[str | Mapping[str, Any]]
    retry_on_failure: bool
    max_tokens: int | None
    temperature: float | None
    reasoning: ReasoningOption
    timeouts: TimeoutsOption
    restart: bool


def given(options: Mapping[str, Any], allowed: type) -> dict[str, Json]:
    """Those that say something. Raises TypeError for one that there is not, as a wrong argument of a function does."""
    known: dict[str, Any] = allowed.__annotations__  # its bases' too
    for name in options:
        if name not in known:
            raise TypeError(f"There is no option {name!r}; there are: {', '.join(sorted(known))}.")
    return {name: value for name, value in options.items() if value is not None}


def params(options: Mapping[str, Any], allowed: type) -> dict[str, Json]:
    """As the protocol has them. Raises TypeError."""
    said = given(options, allowed)
    timeout = said.pop("timeout", None)
    if timeout is not None:
        said["timeouts"] = {"total": timeout, **said.get("timeouts", {})}
    return {camel(name): _wire(name, value) for name, value in said.items()}


def messages(talk: str | Sequence[Message]) -> list[dict[str, Json]]:
    """A text is what the user says."""
    if isinstance(talk, str):
        return [{"role": "user", "content": talk}]
    return [_message(one) for one in talk]


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


def _message(message: Message) -> dict[str, Json]:
    wire = _renamed(message)
    if isinstance(wire.get("content"), (list, tuple)):
        wire["content"] = [_renamed(part) for part in wire["content"]]
    return wire


def _renamed(value: Mapping[str, Any]) -> dict[str, Json]:
    """The first level only: what is deeper is the caller's own."""
    return {camel(name): item for name, item in value.items()}


def _wire(name: str, value: Json) -> Json:
    if name in ("cache", "timeouts", "reasoning", "response_format"):
        return _renamed(value)
    if name == "tools":
        from libria.client.schema import tool_spec

        return [tool_spec(one) if callable(one) else dict(one) for one in value]
    if name == "stop":
        return value if isinstance(value, str) else list(value)
    return list(value) if name == "fallbacks" else value
