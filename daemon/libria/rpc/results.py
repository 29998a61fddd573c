"""What the methods answer, as the contract has it."""

from typing import Literal

import msgspec

from libria_providers.types import Json


class Result(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    pass


class HandOverResult(Result, frozen=True):
    """`willing`: the daemon that answers is the older one and has not handed over yet. `state` goes by sections."""

    version: str
    pid: int
    willing: bool
    state: dict[str, Json] = {}


class ToolCallResult(Result, frozen=True):
    id: str
    name: str
    arguments: dict[str, Json]


class MessageResult(Result, frozen=True):
    """The assistant's message; append it to `messages` as it is."""

    role: Literal["assistant"]
    content: str
    tool_calls: list[ToolCallResult] = []
    opaque: Json = None


class UsageResult(Result, frozen=True):
    """Tokens; the cached ones are within the input, those of reasoning within the output."""

    input_tokens: int
    output_tokens: int
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_write_input_tokens: int | None = None


class CostResult(Result, frozen=True):
    """US dollars, by the vendor's published prices; none where a model's are not known."""

    usd: float


class CacheResult(Result, frozen=True):
    hit: bool
    age_seconds: float | None = None


class Timings(Result, frozen=True):
    """Milliseconds. `overheadMs` is what Libria itself added before the first delta: waiting for
    the provider, for a slot and between retries is not in it."""

    queued_ms: float
    first_token_ms: float
    total_ms: float
    overhead_ms: float


class AttemptResult(Result, frozen=True):
    target: str
    outcome: str
    started_ms: float
    duration_ms: float
    status: int | None = None
    request_id: str | None = None


class ChatResult(Result, frozen=True):
    call_id: str
    model: str
    served_model: str
    content: str
    tool_calls: list[ToolCallResult]
    stop_reason: Literal["stop", "length", "toolUse", "contentFilter"]
    message: MessageResult
    usage: UsageResult
    cache: CacheResult
    timings: Timings
    attempts: list[AttemptResult]
    reasoning: str | None = None
    cost: CostResult | None = None


class CancelCallResult(Result, frozen=True):
    """Whether the call was under way, and is ended."""

    cancelled: bool


class EmbedResult(Result, frozen=True):
    """A vector for each text of the input, in order."""

    model: str
    embeddings: list[list[float]]
    usage: UsageResult
    cache: CacheResult
    cost: CostResult | None = None


class CountTokensResult(Result, frozen=True):
    """`exact` when the provider itself counted, else the figure is an estimate."""

    input_tokens: int
    exact: bool


class PriceResult(Result, frozen=True):
    """US dollars for a million tokens."""

    input: float
    output: float
    cached_input: float | None = None


class ModelResult(Result, frozen=True):
    """`capabilities` are of "chat", "complete" (has an endpoint for code completion), "embed", "tools",
    "vision", "files", "reasoning", "json", "jsonSchema"; "alias" for a name of the config; none where
    nothing is known."""

    id: str
    provider: str
    capabilities: list[str]
    context_window: int | None = None
    price: PriceResult | None = None


class Problem(Result, frozen=True):
    """Why a provider's models are not in the list."""

    provider: str
    kind: str
    message: str


class ModelsResult(Result, frozen=True):
    models: list[ModelResult]
    problems: list[Problem]


class CacheFiguresResult(Result, frozen=True):
    """Since the daemon started: look-ups that found an answer or did not, answers kept, entries that could not be
    read, calls that heard the answer to an equal one, and what hits would have cost."""

    hits: int
    misses: int
    stored: int
    foreign: int
    joined: int
    saved_usd: float


class CacheTierResult(Result, frozen=True):
    """`bytes` are in use, of `maxBytes`, and not said where only a long count could tell; with a `problem` the tier is
    not in use."""

    name: str
    entries: int | None = None
    bytes: int | None = None
    max_bytes: int | None = None
    problem: str | None = None


class CachedModelResult(Result, frozen=True):
    model: str
    entries: int
    bytes: int


class CacheStatsResult(CacheFiguresResult, frozen=True):
    """What is kept now: by tier, an answer mostly being in more than one, and by model, the largest first."""

    tiers: list[CacheTierResult]
    models: list[CachedModelResult]


class CacheClearResult(Result, frozen=True):
    """`removed` answers; `problems` are of tiers that could not be cleared."""

    removed: int
    problems: list[str] = []
