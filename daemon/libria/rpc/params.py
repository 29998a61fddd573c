"""What a client may send, checked: strict, unknown names refused with their path."""

from typing import Annotated, Any, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from libria.rpc.codes import RpcError, invalid_params

Token = str | int
JsonObject = dict[str, Any]  # opaque here: schemas, arguments, what goes to a provider as it is


class Params(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, hide_input_in_errors=True
    )


class TextPart(Params):
    type: Literal["text"]
    text: str


class ImagePart(Params):
    """Either `url`, which is passed to the provider and never fetched by the daemon, or base64
    `data` with its `mediaType`."""

    type: Literal["image"]
    url: str | None = None
    data: str | None = None
    media_type: str | None = None


class FilePart(Params):
    """`data` is base64."""

    type: Literal["file"]
    data: str
    media_type: str
    name: str | None = None


Part = Annotated[TextPart | ImagePart | FilePart, Field(discriminator="type")]


class ToolCallParam(Params):
    id: str
    name: str
    arguments: JsonObject


class MessageParam(Params):
    """`opaque` is what a result's `message` carried; append that message as it is."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[Part] = ""
    tool_calls: list[ToolCallParam] = []
    tool_call_id: str | None = None
    opaque: JsonObject | None = None


class ToolParam(Params):
    """`parameters` is a JSON Schema."""

    name: str
    description: str | None = None
    parameters: JsonObject = {}


class NamedTool(Params):
    name: str


class ResponseFormatParam(Params):
    type: Literal["text", "json", "jsonSchema"]
    name: str | None = None
    schema_: JsonObject | None = Field(default=None, alias="schema")
    strict: bool = True


class ReasoningParam(Params):
    effort: Literal["minimal", "low", "medium", "high"] | None = None
    max_tokens: int | None = Field(default=None, gt=0)


class CacheParam(Params):
    mode: Literal["auto", "use", "refresh", "off", "only"] = "auto"
    max_age: float | None = Field(default=None, ge=0, description="seconds")


class TimeoutsParam(Params):
    """Seconds."""

    connect: float | None = Field(default=None, gt=0)
    first_token: float | None = Field(default=None, gt=0)
    idle: float | None = Field(default=None, gt=0)
    total: float | None = Field(default=None, gt=0)


class CallParams(Params):
    """What every call may say."""

    cache: CacheParam | None = None
    timeouts: TimeoutsParam | None = None
    priority: Literal["interactive", "batch"] = "interactive"
    on_disconnect: Literal["cancel", "finish"] | None = None
    provider_options: JsonObject = {}
    partial_result_token: Token | None = None
    work_done_token: Token | None = None


class AnswerParams(CallParams):
    """What a call for text may say. `model` is `provider/model` or an alias of the config; left out,
    the config's default, the first provider with a key, or a local server found running."""

    model: str | None = None
    fallbacks: list[str] = []
    system: str | None = None
    max_tokens: int | None = Field(default=None, gt=0)
    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, ge=0, le=1)
    stop: str | list[str] = []
    seed: int | None = None
    reasoning: ReasoningParam | None = None


class ChatParams(AnswerParams):
    """The next turn of a conversation."""

    messages: list[MessageParam] = Field(min_length=1)
    tools: list[ToolParam] = []
    tool_choice: Literal["auto", "none", "required"] | NamedTool | None = None
    response_format: ResponseFormatParam | None = None


class CompleteParams(AnswerParams):
    """What belongs between `prefix` and `suffix` of a file. A model without an endpoint for this is
    asked in words, as it is when `system` or `reasoning` are set, and its answer made fit."""

    prefix: str
    suffix: str = ""
    language_id: str | None = None
    path: str | None = None


class EmbedParams(CallParams):
    model: str
    input: list[str] = Field(min_length=1)
    dimensions: int | None = Field(default=None, gt=0)


class CountTokensParams(CallParams):
    model: str
    messages: list[MessageParam] = Field(min_length=1)
    system: str | None = None
    tools: list[ToolParam] = []


class ModelsParams(Params):
    provider: str | None = None
    refresh: bool = False


class ResumeParams(Params):
    """`afterSeq` is the number of the last progress that the client has seen, -1 for none. Without
    `partialResultToken` the answer alone comes."""

    call_id: str
    after_seq: int = Field(ge=-1)
    partial_result_token: Token | None = None
    work_done_token: Token | None = None


class CancelCallParams(Params):
    call_id: str


class StatusParams(Params):
    """Without `parts`: all. `recent` leaves out targets that were not asked in so many seconds, and are not in the way
    of anybody."""

    parts: list[Literal["process", "today", "clients", "calls", "pools", "breakers", "targets", "spend"]] | None = None
    recent: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class UsageParams(Params):
    """`since` and `until`: how long ago ("12h", "7d", "4w": days with today as the first), "today", "yesterday",
    "month", or an ISO 8601 date or time; without them all that the ledger holds."""

    by: Literal["tool", "model", "provider", "day"] = "model"
    since: str | None = None
    until: str | None = None


class CacheStatsParams(Params):
    pass


class CacheClearParams(Params):
    """Without either: all. `model` is `provider/model`, or a provider for all of its models; `olderThan` seconds."""

    model: str | None = Field(default=None, min_length=1)
    older_than: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class StopParams(Params):
    pass


class KeysParams(Params):
    pass


class HelloParams(Params):
    """What the thin forwarder says before anything else. `env` are the allow-listed variables of
    the tool that it serves; they count for this session alone. `protocol` is the major version that it
    speaks; `moves`: it understands `libria/welcome`, `moved` and `refused`. What a newer one adds is not read."""

    model_config = ConfigDict(extra="ignore")

    version: str
    protocol: int = 1
    moves: bool = False
    client: str = ""
    env: dict[str, str] = {}


class PingParams(Params):
    pass


class AgainParams(Params):
    """The request with this `id`, which comes next, was asked of a daemon that is lost: its call goes on under
    `callId`, its progress with `seq`."""

    id: int | str
    call_id: str | None = None
    seq: int = Field(default=0, ge=0)


class HandOverParams(Params):
    """`version` is the asking daemon's. `step`: "look" only asks, "state" takes what is known, "done" is said when
    the asking one listens in this one's place, which from then on finishes what it has and ends."""

    model_config = ConfigDict(extra="ignore")

    version: str
    step: Literal["look", "state", "done"] = "look"


class CancelParams(Params):
    id: int | str


class WorkDoneCancelParams(Params):
    token: Token


P = TypeVar("P", bound=Params)


def check(model: type[P], params: object) -> P:
    """Raises RpcError -32602 that names every wrong parameter by its path. A parameter that is null
    is one that is not given."""
    if isinstance(params, dict):
        given = cast(dict[str, object], params)
        params = {name: value for name, value in given.items() if value is not None}
    try:
        return model.model_validate({} if params is None else params)
    except ValidationError as error:
        raise _explain(model, error) from None


def _explain(model: type[Params], error: ValidationError) -> RpcError:
    wrong = [
        f"{_path(item['loc'])}: {item['msg']}" for item in error.errors(include_url=False, include_input=False)[:5]
    ]
    more = error.error_count() - len(wrong)
    text = "; ".join(wrong) + (f"; and {more} more" if more > 0 else "")
    return invalid_params(f"The parameters are not right: {text}.")


def _path(loc: tuple[int | str, ...]) -> str:
    path = ""
    for step in loc:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return path or "params"
