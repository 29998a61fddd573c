"""What a dialect is, declared for those who use one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from libria_providers.dialects.tool_ids import IdRule
from libria_providers.errors import ProviderError
from libria_providers.frames import Frames
from libria_providers.sse import SSEReader
from libria_providers.types import Call, Event, Json, Model

Parameter = Literal[
    "maxTokens", "temperature", "topP", "stop", "seed", "tools", "toolChoice", "responseFormat", "reasoning",
    "image", "file", "dimensions", "suffix",
]  # fmt: skip
"""What a model may not be able to do, in the contract's words; image and file are parts of a message."""

ReasoningShape = Literal["effort", "object", "thinking", "enable_thinking"]
"""How OpenAI's chat format asks for reasoning: {"reasoning_effort": effort}; OpenRouter's {"reasoning":
{effort | max_tokens}}; {"thinking": {"type": "enabled"}} (z.ai, Moonshot: there are no levels); Alibaba's
{"enable_thinking": true, "thinking_budget": tokens}."""

ForcedChoice = Literal["any", "required", "unthinking"]
"""Which tool choices that force a call OpenAI's chat format understands: any; "required" but not one by
name; any, but only with {"thinking": {"type": "disabled"}}."""

FilePart = Literal["file", "document_url", "file_url", "data"]
"""OpenAI's {"file": {filename, file_data}}, Mistral's, Perplexity's, Vercel's {"file": {data, media_type}}."""

ConverseReasoning = Literal["thinking", "reasoningConfig", "reasoning_effort"]
"""The field of Bedrock's additionalModelRequestFields in which a family of models is asked for reasoning: Claude,
Nova, OpenAI."""

EmbedEncoding = Literal["base64", "float", "base64_int8"]


@dataclass(frozen=True, slots=True)
class Quirks:
    """How a provider, or a family of its models, departs from its dialect, as data; each row says
    where the fact is from."""

    sends: tuple[tuple[str, Json], ...] = ()  # fields of every request, below what the call says
    max_tokens_name: str = "max_tokens"
    stream_usage: bool = True  # ask for usage with stream_options.include_usage
    reasoning_outside_output: bool = False  # xAI: completion_tokens excludes reasoning_tokens
    tool_choice_required: str = "required"  # Mistral says "any"
    seed_name: str = "seed"  # Mistral says "random_seed"
    reasoning: ReasoningShape = "effort"
    forced_choice: ForcedChoice = "any"
    file_part: FilePart | None = "file"  # how a document is attached, if it can be
    json_object: bool = True  # response_format json_object is understood
    json_schema: bool = True  # response_format json_schema is understood
    tool_id: IdRule | None = None  # what the ids of tool calls must look like
    efforts: tuple[tuple[str, str], ...] = ()  # our word for a reasoning effort and its own, where they differ
    thinking: Literal["level", "level_only", "budget"] = "level"  # how a Gemini model is told how much to think
    call_signature: str | None = None  # Gemini: what stands for the thought signature of another model's call
    media_in_results: bool = True  # Gemini: a tool's result holds images and files itself
    system_instruction: bool = True  # Gemini: there is a place for the system text
    refuses: tuple[Parameter, ...] = ()  # what is a 400 there: refused before anything is sent
    # A model that thinks before it speaks, unasked, is given more time once the head of its reply has
    # come; one that is loaded with its first call is given it from the start.
    slow_start: Literal["thinks", "loads"] | None = None
    embed_batch: int = 2048  # inputs in one request for embeddings
    embed_encoding: EmbedEncoding | None = None  # the encoding_format asked for, None: its own default
    embed_input_type: str | None = None  # NVIDIA: whether a text is a "query" or a "passage" must be said
    dimensions_name: str = "dimensions"  # Mistral and Voyage say "output_dimension"
    echo: tuple[str, ...] = ()  # fields of the assistant's message that it wants back: ECHOES names them all
    echo_blank: str = ""  # the reasoning_content of a turn that has none, where one is wanted
    fill_marks: tuple[str, str, str] | None = None  # a model's own, before prefix, suffix and what is filled in
    answer_tokens: int = 4096  # asked for where the call sets no limit and the format demands one (Anthropic)
    encrypted_reasoning: bool = True  # OpenAI's Responses: it may be asked for, a 400 where nothing is reasoned
    cache_marks: bool = False  # Anthropic: what comes again with the next turn is marked for its cache
    adaptive_thinking: bool = False  # Claude: asked to think by an effort, not by a budget of tokens
    converse_reasoning: ConverseReasoning | None = None  # None: how a model is asked for it is not known
    binds_thinking: bool = False  # Claude: refuses its thinking back when anything before it was changed
    one_sampler: bool = False  # Claude: temperature and top_p together are a 400
    forced_tools: bool = True  # tool_choice may demand a call
    prefill: bool = True  # a conversation may end with the assistant's words, to be gone on with
    system_turns: bool = False  # Claude: a system message may stand within the conversation
    # Seconds over which a limit counts ("requests" or "tokens" in headers), where its name says nothing of them.
    limit_windows: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class WireRequest:
    """What goes on the wire: `path`, which may hold a query, is appended to the provider's address;
    with `root`, to its address without the row's prefix (llama.cpp's /infill is beside its /v1).
    `listed` are headers whose value is a list: they are added to what the provider's own headers have."""

    path: str
    body: bytes
    headers: Mapping[str, str]
    root: bool = False
    listed: tuple[tuple[str, str], ...] = ()


class Decoder(Protocol):
    """Reads one streamed reply. One object a reply; fed in order."""

    @property
    def ending(self) -> bool:
        """The provider said that it is done; nothing but usage and the like can follow."""
        ...

    def feed(self, event: str, data: bytes) -> list[Event]:
        """The events in one server-sent event. Raises ProviderError when it says an error,
        InvalidResponse when it cannot be read."""
        ...

    def end(self) -> list[Event]:
        """The end of bytes: what remains to be said (Finish, unless `feed` gave it). Raises
        Interrupted when the provider never said that it finished."""
        ...


class Exchange(Protocol):
    """One kind of question and its reply in one wire format. Stateless: quirks come with each use."""

    name: str
    version: int  # goes into cache keys: raised when the same call would be sent differently

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        """Raises BadRequest when the call cannot be said in this format."""
        ...

    def frames(self, mark: bytes) -> Frames | None:
        """What reads a streamed reply whose first byte that is not white is `mark`: None where that
        is one whole body."""
        ...

    def decoder(self, quirks: Quirks) -> Decoder: ...

    def whole(self, body: bytes, quirks: Quirks) -> list[Event]:
        """The events of a reply that came as one JSON body, Finish last. Raises ProviderError for
        an error in a 200 body, InvalidResponse for anything else."""
        ...

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """Classify a reply that is not a success, by status and the vendor's code or type.
        `headers` have lower-case names."""
        ...


class Dialect(Exchange, Protocol):
    """An exchange for chat, and what a provider of this format has once: how keys are sent, how its
    models are listed."""

    models_path: str

    def auth(self, key: str) -> dict[str, str]:
        """The headers that carry `key`."""
        ...

    def models(self, body: bytes, provider: str) -> list[Model]: ...


def server_sent(mark: bytes) -> Frames | None:
    """`frames` of a dialect of server-sent events: some servers answer a streaming request with one
    JSON body."""
    return None if mark in (b"{", b"[") else SSEReader()
