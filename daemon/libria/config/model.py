"""What may stand in `config.toml`: names, types, limits, defaults. All times are seconds."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from libria.config import forms

CacheMode = Literal["auto", "use", "refresh", "off", "only"]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(gt=0)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CallTimeouts(Section):
    connect: Seconds | None = None
    first_token: Seconds | None = None
    idle: Seconds | None = None
    total: Seconds | None = None


class Defaults(Section):
    """Used where a call is silent."""

    model: forms.ModelOrAlias | None = Field(default=None, description="provider/model, or the name of an alias.")
    max_tokens: Count | None = Field(default=None, description="Greatest length of an answer.")
    cache: CacheMode | None = Field(default=None, description="Wins over cache.mode.")
    timeouts: CallTimeouts = Field(default=CallTimeouts(), description="Win over [timeouts].")


class Provider(Section):
    """A provider of the user's own, or what differs in a built-in one of the same name."""

    kind: str = Field(
        default="",
        description='A built-in provider to be like, or "openai-compatible". '
        'Where it is not said: the built-in one of this name, else "openai-compatible".',
    )
    base_url: forms.Url | None = Field(default=None, description="The address, as the provider's own SDK takes it.")
    api_key_env: forms.EnvName | None = Field(default=None, description="The environment variable that holds the key.")
    api_key_command: forms.Command | None = Field(
        default=None, description="A program, with arguments, that prints the key."
    )
    headers: Annotated[Mapping[str, str], AfterValidator(forms.check_headers)] = Field(
        default={}, description="Sent with each request. Keys do not belong here."
    )
    models: forms.Strings = Field(default=(), description="The models to list, for a server that lists none.")
    dialect: Literal["openai-chat", "openai-responses"] | None = Field(
        default=None, description="Which of OpenAI's formats to speak, where the server has both."
    )
    websocket: bool = Field(default=False, description="Stream Responses over a WebSocket where the server can.")
    http2: bool = Field(default=False, description="Speak HTTP/2 where the server does.")


class Limit(Section):
    """Of a provider, or of one model of it."""

    rpm: Count | None = Field(default=None, description="Requests per minute.")
    tpm: Count | None = Field(default=None, description="Tokens per minute.")
    concurrency: Count | None = Field(default=None, description="Calls at once.")


class Timeouts(Section):
    """Of one attempt, phase by phase, and `total` of the whole call."""

    connect: Seconds = 5.0
    first_token: Seconds = 15.0
    idle: Seconds = Field(default=20.0, description="Between two pieces of an answer.")
    total: Seconds = 600.0
    first_token_slow: Seconds = Field(
        default=60.0, description="In place of first_token, where a model thinks, or is loaded, before it speaks."
    )


class Fallback(Section):
    """When the next model of a call is tried, beyond failures."""

    content_filter: bool = Field(default=False, description="Also when a provider's content filter refused the call.")


class Retry(Section):
    attempts: Annotated[int, Field(ge=1, le=20)] = Field(default=3, description="In all, per target; 1 never retries.")
    base_delay: Seconds = Field(default=0.5, description="Before the second attempt; doubles from there.")
    max_delay: Seconds = 8.0
    max_retry_after: Seconds = Field(default=60.0, description="A provider that asks for more is not waited for.")


class Cache(Section):
    mode: CacheMode = Field(default="auto", description="auto: what is deterministic. A call may say otherwise.")
    ttl: Seconds = 86400.0
    max_bytes: Count = 256 * 1024 * 1024


class Redis(Section):
    """Shares cache and limits between machines."""

    url: forms.RedisUrl | None = Field(default=None, description="LIBRIA_REDIS_URL wins over it.")
    share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=1 / 3, description="Of every limit, for this machine alone while Redis is away."
    )
    share_responses: bool = Field(
        default=False,
        description="Keep answers there too. LIBRIA_CACHE_KEY in the daemon's environment encrypts them.",
    )


class Daemon(Section):
    idle_exit: Seconds = Field(default=1800.0, description="Without a client for so long, the daemon ends.")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    on_disconnect: Literal["cancel", "finish"] = Field(default="cancel", description="A call whose client went away.")


class Config(Section):
    """Everything, with defaults where the file is silent."""

    defaults: Defaults = Defaults()
    aliases: Mapping[forms.AliasName, forms.ModelNames] = Field(
        default={}, description="The first model is tried first."
    )
    providers: Mapping[forms.ProviderName, Provider] = {}
    limits: Mapping[forms.LimitName, Limit] = Field(default={}, description="By PROVIDER or PROVIDER/MODEL.")
    timeouts: Timeouts = Timeouts()
    retry: Retry = Retry()
    fallback: Fallback = Fallback()
    hedge_after: Mapping[forms.AliasName, Seconds] = Field(
        default={},
        description="By alias: after so many seconds without a word (or the first model's own 95th percentile, if that "
        "is more), the second is asked as well; the first to speak wins.",
    )
    cache: Cache = Cache()
    redis: Redis = Redis()
    daemon: Daemon = Daemon()

    def call_timeouts(self) -> Timeouts:
        """What a call gets that names none: [defaults.timeouts] over [timeouts]."""
        return self.timeouts.model_copy(update=self.defaults.timeouts.model_dump(exclude_none=True))

    def cache_mode(self) -> CacheMode:
        """What a call gets that names none."""
        return self.defaults.cache or self.cache.mode


def json_schema() -> dict[str, Any]:
    """The JSON Schema of `config.toml`, for editors that complete and check TOML."""
    schema = Config.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Libria's config.toml"}
