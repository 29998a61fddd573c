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
    api_key_env_file: forms.FilePath | None = Field(
        default=None,
        description="A file of NAME=value lines, for tools without the shell's variables. What a tool's own "
        "environment has wins. It must be yours and closed to others (chmod 600).",
    )
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
    api_key_keyring: forms.KeyringName | None = Field(
        default=None,
        description='"SERVICE/USER" of the key in the system\'s keyring. Needs: pip install "libria[keyring]".',
    )
    api_key_env_file: forms.FilePath | None = Field(
        default=None, description="For this provider in place of defaults.api_key_env_file."
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

    connect: Seconds = Field(default=5.0, description="Until there is a connection.")
    first_token: Seconds = Field(default=15.0, description="From the question to a first sign of life.")
    idle: Seconds = Field(default=20.0, description="Between two pieces of an answer.")
    total: Seconds = Field(default=600.0, description="Of the whole call, with retries and fallbacks.")
    first_token_slow: Seconds = Field(
        default=60.0, description="In place of first_token, where a model thinks, or is loaded, before it speaks."
    )


class Fallback(Section):
    """When the next model of a call is tried, beyond failures."""

    content_filter: bool = Field(default=False, description="Also when a provider's content filter refused the call.")


class Retry(Section):
    attempts: Annotated[int, Field(ge=1, le=20)] = Field(default=3, description="In all, per target; 1 never retries.")
    base_delay: Seconds = Field(default=0.5, description="Before the second attempt; doubles from there.")
    max_delay: Seconds = Field(default=8.0, description="No pause that is not asked for is longer.")
    max_retry_after: Seconds = Field(default=60.0, description="A provider that asks for more is not waited for.")


class Cache(Section):
    mode: CacheMode = Field(default="auto", description="auto: what is deterministic. A call may say otherwise.")
    ttl: Seconds = Field(default=86400.0, description="An answer is kept for so long.")
    share_between_keys: bool = Field(
        default=False,
        description="Give an answer that one key paid for to whoever asks the same with another key, or for another "
        "organization.",
    )
    max_bytes: Count = Field(default=256 * 1024 * 1024, description="Of the answers on disk.")


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


class Log(Section):
    """The daemon's log, which `libria log` shows: JSON lines, in files that are put aside when they are full."""

    content: bool = Field(
        default=False, description="Also what was asked and answered. Keys are taken out as far as they are known."
    )
    max_bytes: Annotated[int, Field(ge=10_000)] = Field(default=10 * 1024 * 1024, description="Of one file.")
    keep: Annotated[int, Field(ge=1, le=100)] = Field(default=3, description="Files in all.")


class Ledger(Section):
    """What each call cost, whose it was and how it went, in a file that `libria usage` sums up. Never what was said."""

    enabled: bool = Field(default=True, description="false writes nothing; budgets then count from the daemon's start.")
    days: Annotated[int, Field(ge=1, le=3660)] = Field(default=90, description="For which rows are kept.")


class Budget(Section):
    """So much in a day or a month, for all that runs here, for one tool, or at one provider."""

    usd: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] = Field(
        description="US dollars, by published prices. Local models cost nothing."
    )
    per: Literal["day", "month"] = Field(default="month", description="From midnight, or from the first, here.")
    tool: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="The client's name, as `libria usage --by tool` shows it."
    )
    provider: forms.ProviderName | None = Field(default=None, description="What is asked of it alone.")
    action: Literal["warn", "refuse"] = Field(
        default="warn",
        description='"refuse": once it is spent, nothing more is sent that costs anything; calls go on to their '
        "fallbacks that cost nothing, or fail with quotaExhausted. What is under way goes on, and counts at its end.",
    )


class Otel(Section):
    """Spans of calls and attempts for OpenTelemetry. Needs: pip install "libria[otel]"."""

    endpoint: forms.Url | None = Field(
        default=None,
        description='Where OTLP over HTTP is taken, such as "http://127.0.0.1:4318". In place of '
        "OTEL_EXPORTER_OTLP_ENDPOINT in the daemon's environment.",
    )


class Daemon(Section):
    idle_exit: Seconds = Field(default=1800.0, description="Without a client for so long, the daemon ends.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="What is less is not logged."
    )
    transport: Literal["unix", "tcp"] = Field(
        default="unix",
        description="tcp: loopback and a secret in a file, for a system whose Unix sockets do not work. "
        "For the next daemon.",
    )
    on_disconnect: Literal["cancel", "finish"] = Field(default="cancel", description="A call whose client went away.")
    resume_bytes: int = Field(
        default=32 * 1024 * 1024,
        ge=0,
        description="Memory for what calls said that have ended, to be resumed within ten minutes; 0 keeps nothing.",
    )


class Editor(Section):
    """What editors get by the Language Server Protocol: suggestions as one types, and edits."""

    completion_model: forms.ModelOrAlias | None = Field(
        default=None,
        description="Fills in code as one types. Not said: Codestral where there is a key for it, else a code model of "
        "a local server that runs, else nothing is suggested.",
    )
    completion_debounce: Annotated[float, Field(ge=0, le=5)] = Field(
        default=0.075, description="Of rest before it is asked, where nobody asked for a suggestion."
    )
    completion_timeout: Seconds = Field(default=5.0, description="Nobody waits longer for a suggestion.")
    completion_max_tokens: Count = Field(default=128, description="Greatest length of a suggestion.")
    completion_context: bool = Field(
        default=True, description="Show the model something of other open documents of the same language."
    )
    edit_model: forms.ModelOrAlias | None = Field(
        default=None, description="Explains and rewrites. Not said: the one that answers when no model is named."
    )


class Tasks(Section):
    """What agents may have done by libria/task."""

    judge: forms.ModelOrAlias | None = Field(
        default=None, description="The model that judges criteria which are written in words. Not said: nobody does."
    )
    allow_commands: bool = Field(
        default=False,
        description="Run the commands that tasks name as criteria, on files that a model wrote: they can do whatever "
        "you can.",
    )


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
    editor: Editor = Editor()
    tasks: Tasks = Tasks()
    log: Log = Log()
    ledger: Ledger = Ledger()
    budgets: Mapping[forms.BudgetName, Budget] = Field(
        default={}, description="By a name of yours. With [redis], machines that have a budget of that name share it."
    )
    otel: Otel = Otel()

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
