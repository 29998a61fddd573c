"""The shared words: a call, what flows out of its reply, and the parts both are made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

Json = Any  # any JSON value: schemas, tool arguments, opaque data; looked into by nobody above the borders

MOST_TOKENS = 10**9
"""Of one reply; what a server says beyond it is a mistake."""

Role = Literal["system", "user", "assistant", "tool"]
StopReason = Literal["stop", "length", "toolUse", "contentFilter"]


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """Either `url` (passed to the provider, never fetched here) or base64 `data` with its type."""

    url: str | None = None
    data: str | None = None
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A document; `data` is base64."""

    data: str
    media_type: str
    name: str | None = None


Part = Text | Image | File


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What the model wants run. `arguments` is a parsed JSON object."""

    id: str
    name: str
    arguments: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `opaque` is what the answering dialect wants back unchanged (signatures and the
    like): `{"dialect": NAME, ...}`; a dialect ignores another's."""

    role: Role
    content: str | tuple[Part, ...] = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    opaque: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """`parameters` is a JSON Schema."""

    name: str
    parameters: Mapping[str, Json]
    description: str | None = None


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """`name` is set when, and only when, `kind` is "tool"."""

    kind: Literal["auto", "none", "required", "tool"]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    kind: Literal["text", "json", "jsonSchema"]
    name: str | None = None
    schema: Mapping[str, Json] | None = None
    strict: bool = True


@dataclass(frozen=True, slots=True)
class ReasoningOptions:
    effort: Literal["minimal", "low", "medium", "high"] | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class CacheOptions:
    mode: Literal["auto", "use", "refresh", "off", "only"] = "auto"
    max_age: float | None = None


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds per phase of one attempt, and `total` for the whole call."""

    connect: float = 5.0
    first_token: float = 15.0
    idle: float = 20.0
    total: float = 600.0
    first_token_slow: float = 60.0  # in place of first_token, where the model thinks, or is loaded, before it speaks


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asks. `env` is that client's own environment: its keys, addresses, proxy and CA."""

    session: str = "local"
    client: str = ""
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    version: str = ""  # the client's own


@dataclass(frozen=True, slots=True)
class Headroom:
    """What a provider says of one of its limits, in the headers of any reply. `reset` is seconds until it is
    full again, or until `remaining` grows; `window` seconds that `limit` counts over. None: not said."""

    of: Literal["requests", "tokens", "inputTokens", "outputTokens"]
    limit: int | None
    remaining: int | None
    reset: float | None
    window: float | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One HTTP request for a call. `outcome` is "ok", "cancelled" or an error kind; times are relative
    to the start of the call, in milliseconds."""

    target: str
    outcome: str
    started_ms: float
    duration_ms: float
    status: int | None = None
    request_id: str | None = None


class Status(msgspec.Struct, frozen=True, gc=False):
    """Why nothing is streaming yet; `attempt` is the number of the one that is made or comes next."""

    state: Literal["queued", "waiting", "connecting", "retrying", "fallback"]
    reason: str | None = None
    position: int | None = None
    eta_ms: float | None = None
    target: str | None = None
    attempt: int | None = None


@dataclass(slots=True)
class Trace:
    """What has happened to one call so far: the only mutable thing that travels with it.

    `report` is called for each status while nothing streams, `began` with the target of each attempt, `alive`
    for each sign of life of the provider before the first delta (a comment, a ping); `queued_ms` is the time
    spent waiting for a slot, `waited_ms` that spent on providers and between attempts, both before the first
    delta. `call_id` is the call's name, where it has one; `asked` the model as it was asked for, which may be an alias;
    `joined` whether it hears the answer to another call."""

    report: Callable[[Status], None] = lambda _status: None
    began: Callable[[str], None] = lambda _target: None
    alive: Callable[[], object] = lambda: None
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    queued_ms: float = 0.0
    waited_ms: float = 0.0
    call_id: str = ""
    asked: str = ""
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Fill:
    """Fill in the middle: what belongs between `prefix` and `suffix` of a file."""

    prefix: str
    suffix: str = ""
    language: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Embed:
    """A vector for each text of `input`, in order."""

    input: tuple[str, ...]
    dimensions: int | None = None


@dataclass(frozen=True, slots=True)
class CountTokens:
    """How many tokens the call's messages, system text and tools are."""


Ask = Fill | Embed | CountTokens


@dataclass(frozen=True, slots=True)
class Call:
    """One question to a model. `model` is `provider/model` (or an alias before fallback resolved
    it); `ask` is what is asked, None for the next turn of `messages`; `deadline` and `started` are
    absolute monotonic seconds."""

    model: str
    messages: tuple[Message, ...] = ()
    fallbacks: tuple[str, ...] = ()
    ask: Ask | None = None
    system: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    response_format: ResponseFormat | None = None
    reasoning: ReasoningOptions | None = None
    cache: CacheOptions = CacheOptions()
    timeouts: Timeouts = Timeouts()
    priority: Literal["interactive", "batch"] = "interactive"
    on_disconnect: Literal["cancel", "finish"] = "cancel"
    provider_options: Mapping[str, Json] = field(default_factory=dict[str, Json])
    stream: bool = True
    insist: bool = False  # ask also a target that is left alone for its failures: no other is left
    started: float = 0.0
    deadline: float = float("inf")
    origin: Origin = Origin()
    trace: Trace = field(default_factory=Trace, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, by one arithmetic for all vendors: `input_tokens` is the whole input, cached or not;
    `output_tokens` is all that was generated, reasoning included. What was written to a cache for later
    is within the input too; Anthropic's and others' prices for it differ."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_write_input_tokens: int | None = None

    def __post_init__(self) -> None:
        """What no reply can have used (a broken server says anything) must not get into sums."""
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None and not 0 <= value <= MOST_TOKENS:
                object.__setattr__(self, name, 0 if value < 0 else MOST_TOKENS)


class Delta(msgspec.Struct, frozen=True, gc=False):
    """A piece of the answer's text."""

    text: str


class Reasoning(msgspec.Struct, frozen=True, gc=False):
    """A piece of the reasoning text that the provider shows."""

    text: str


class ToolCallDelta(msgspec.Struct, frozen=True, gc=False):
    """The next piece of the JSON text of one tool call's arguments. `id` and `name` come once,
    with the first piece of that `index`."""

    index: int
    arguments: str
    id: str | None = None
    name: str | None = None


class Vectors(msgspec.Struct, frozen=True):
    """The embeddings that were asked for, in order of the input."""

    vectors: list[list[float]]


class Counted(msgspec.Struct, frozen=True, gc=False):
    """The tokens that were counted; `exact` when the provider itself did it."""

    tokens: int
    exact: bool


class Reset(msgspec.Struct, frozen=True, gc=False):
    """Throw away all deltas so far: the answer starts again from `target`."""

    reason: str
    target: str


class Finish(msgspec.Struct, frozen=True):
    """The provider said that it is done. Always the last event, exactly once."""

    stop_reason: StopReason
    usage: Usage = Usage()
    served_model: str = ""
    opaque: Mapping[str, Json] | None = None


Event = Delta | Reasoning | ToolCallDelta | Vectors | Counted | Reset | Finish


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens; `cached_input` is for what the provider had in its cache."""

    input: float
    output: float
    cached_input: float | None = None


Capability = Literal["chat", "complete", "embed", "tools", "vision", "files", "reasoning", "json", "jsonSchema"]


@dataclass(frozen=True, slots=True)
class Model:
    """A row of a provider's list. `id` is `provider/model`; `capabilities` is empty where nothing is known."""

    id: str
    provider: str
    context_window: int | None = None
    capabilities: tuple[Capability, ...] = ()
    price: Price | None = None
