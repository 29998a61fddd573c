"""What calls answer: the protocol's results with Python's names. A field that a later daemon adds is not read; what
each result was made of is in its `raw`."""

from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin

from libria.client.options import camel

Json = Any  # whatever JSON can say
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    raw: dict[str, Json] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallResult:
    id: str
    name: str
    arguments: dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageResult:
    """Tokens; the cached ones are within the input, those of reasoning within the output."""

    input_tokens: int
    output_tokens: int
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_write_input_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostResult:
    """US dollars."""

    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheResult:
    hit: bool
    age_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Milliseconds."""

    queued_ms: float
    first_token_ms: float
    total_ms: float
    overhead_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult:
    target: str
    outcome: str
    started_ms: float
    duration_ms: float
    status: int | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatResult(Raw):
    """`message` goes into `messages` as it is, whichever provider goes on with the conversation."""

    call_id: str
    model: str
    served_model: str
    content: str
    tool_calls: tuple[ToolCallResult, ...]
    stop_reason: Literal["stop", "length", "toolUse", "contentFilter"]
    message: dict[str, Json]
    usage: UsageResult
    cache: CacheResult
    timings: Timings
    attempts: tuple[AttemptResult, ...]
    reasoning: str | None = None
    cost: CostResult | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedResult(Raw):
    """A vector for each text, in order."""

    model: str
    embeddings: list[list[float]]
    usage: UsageResult
    cache: CacheResult
    cost: CostResult | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountTokensResult(Raw):
    """`exact` when the provider itself counted."""

    input_tokens: int
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceResult:
    """US dollars for a million tokens."""

    input: float
    output: float
    cached_input: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelResult:
    id: str
    provider: str
    capabilities: tuple[str, ...]
    context_window: int | None = None
    price: PriceResult | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a provider's models are not in the list."""

    provider: str
    kind: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsResult(Raw):
    models: tuple[ModelResult, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusResult(Raw):
    """What a script mostly asks; all the rest, as the protocol has it, is in `raw`."""

    pid: int
    version: str
    uptime_seconds: float
    config: str
    problems: tuple[str, ...]


def read(kind: type[T], value: dict[str, Json]) -> T:
    """A `kind` out of the protocol's JSON. Raises KeyError where a field is missing that has no default."""
    given: dict[str, Json] = {}
    for name, wire, type_, needed in _plan(cast("type", kind)):
        if name == "raw":
            given[name] = value
        elif needed or value.get(wire) is not None:
            given[name] = _convert(type_, value[wire])
    return kind(**given)


@cache
def _plan(kind: type) -> list[tuple[str, str, Any, bool]]:
    """Of each field: its name, the protocol's name for it, its type, whether it has to be there. Tasks are the one
    place where the protocol has Python's names."""
    spelt = str if kind.__module__ == "libria.client.tasks" else camel
    return [
        (one.name, spelt(one.name), one.type, one.default is MISSING and one.default_factory is MISSING)
        for one in fields(kind)
    ]


def _convert(kind: Any, value: Json) -> Json:
    origin = get_origin(kind)
    if origin in (UnionType, Union):
        kind = next(one for one in get_args(kind) if one is not NoneType)
        origin = get_origin(kind)
    if is_dataclass(kind):
        return read(cast("type[object]", kind), value)
    if origin is tuple:
        item = get_args(kind)[0]
        return tuple(_convert(item, one) for one in value)
    return value
