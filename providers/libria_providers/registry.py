"""Names to providers: rows of data. A new provider that speaks a dialect we have is one row here."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.dialects.anthropic_wire import VERSION
from libria_providers.dialects.base import Dialect, Quirks
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.dialects.tool_ids import IdRule


@dataclass(frozen=True, slots=True)
class Row:
    """One provider.

    `base_url` is what the vendor's SDK calls so and `base_url_env` what it reads it from; `prefix`
    comes between it and the dialect's path. `key_env` are the key's variables, the first that is
    set counts; a key from one of `bearer_env` goes as a Bearer token whatever the dialect does.
    `headers` are sent always, `env_headers` are (variable, header) pairs and sent when set. `local`
    servers need no key and are looked for where they listen by default. `default_model` answers when
    no model is named."""

    name: str
    title: str
    base_url: str
    dialect: Dialect
    docs: str
    prefix: str = ""
    key_env: tuple[str, ...] = ()
    base_url_env: tuple[str, ...] = ()
    bearer_env: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    env_headers: tuple[tuple[str, str], ...] = ()
    quirks: Quirks = field(default_factory=Quirks)
    local: bool = False
    default_port: int | None = None  # for an address of a host alone (OLLAMA_HOST)
    default_model: str | None = None


_CHAT = OpenAIChat()
_MESSAGES = AnthropicMessages()

_ROWS = (
    Row(
        name="openai",
        title="OpenAI",
        base_url="https://api.openai.com/v1",
        dialect=_CHAT,
        docs="https://platform.openai.com/docs/api-reference/chat",
        key_env=("OPENAI_API_KEY",),
        base_url_env=("OPENAI_BASE_URL",),
        env_headers=(("OPENAI_ORG_ID", "openai-organization"), ("OPENAI_PROJECT_ID", "openai-project")),
        # Reasoning models answer 400 to max_tokens; the others take both. "Invalid
        # 'messages[10].tool_calls[0].id': string too long. Expected a string with maximum length 40".
        quirks=Quirks(max_tokens_name="max_completion_tokens", tool_id=IdRule(".{1,40}", 24)),
        default_model="gpt-6-luna",
    ),
    Row(
        name="anthropic",
        title="Anthropic",
        base_url="https://api.anthropic.com",
        prefix="/v1",
        dialect=_MESSAGES,
        docs="https://platform.claude.com/docs/en/api/messages",
        key_env=("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
        base_url_env=("ANTHROPIC_BASE_URL",),
        bearer_env=("ANTHROPIC_AUTH_TOKEN",),
        headers=(("anthropic-version", VERSION),),  # the list of models wants it too
        default_model="claude-haiku-4-5",
    ),
    Row(
        name="groq",
        title="Groq",
        base_url="https://api.groq.com",
        prefix="/openai/v1",
        dialect=_CHAT,
        docs="https://console.groq.com/docs/api-reference#chat",
        key_env=("GROQ_API_KEY",),
        base_url_env=("GROQ_BASE_URL",),
        # reasoning_effort is none, default, low, medium or high: groq-sdk 1.7.0.
        quirks=Quirks(max_tokens_name="max_completion_tokens", file_part=None, efforts=(("minimal", "low"),)),
        default_model="openai/gpt-oss-20b",
    ),
    Row(
        name="openrouter",
        title="OpenRouter",
        base_url="https://openrouter.ai/api/v1",
        dialect=_CHAT,
        docs="https://openrouter.ai/docs/api/reference/overview",
        key_env=("OPENROUTER_API_KEY",),
        base_url_env=("OPENROUTER_BASE_URL",),
        # https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks
        quirks=Quirks(reasoning_object=True, echo=("reasoning_details",)),
        default_model="openrouter/auto",
    ),
    Row(
        name="deepseek",
        title="DeepSeek",
        base_url="https://api.deepseek.com",
        dialect=_CHAT,
        docs="https://api-docs.deepseek.com/api/create-chat-completion",
        key_env=("DEEPSEEK_API_KEY",),
        base_url_env=("DEEPSEEK_BASE_URL",),
        # response_format is text or json_object; a turn with tool calls must come back with its
        # reasoning_content: https://api-docs.deepseek.com/guides/thinking_mode
        quirks=Quirks(json_schema=False, file_part=None, echo=("reasoning_content",)),
        default_model="deepseek-flash",
    ),
    Row(
        name="mistral",
        title="Mistral",
        base_url="https://api.mistral.ai",
        prefix="/v1",
        dialect=_CHAT,
        docs="https://docs.mistral.ai/api/endpoint/chat",
        key_env=("MISTRAL_API_KEY",),
        base_url_env=("MISTRAL_BASE_URL",),
        # Usage comes unasked with the finish reason; stream_options is not in its OpenAPI.
        # Of efforts its OpenAPI has high and none: whoever asks for reasoning gets it, only the least
        # is nearer to none. "Tool call id was … but must be a-z, A-Z, 0-9, with a length of 9."
        quirks=Quirks(
            stream_usage=False,
            tool_choice_required="any",
            seed_name="random_seed",
            file_part="document_url",
            tool_id=IdRule("[a-zA-Z0-9]{9}", 9),
            efforts=(("minimal", "none"), ("low", "high"), ("medium", "high")),
        ),
        default_model="mistral-small-latest",
    ),
    Row(
        name="xai",
        title="xAI",
        base_url="https://api.x.ai/v1",
        dialect=_CHAT,
        docs="https://docs.x.ai/docs/api-reference#chat-completions",
        key_env=("XAI_API_KEY",),
        base_url_env=("XAI_BASE_URL",),
        # total_tokens = prompt + completion + reasoning in 125 of 125 recorded replies.
        quirks=Quirks(max_tokens_name="max_completion_tokens", reasoning_outside_output=True),
        default_model="grok-4.3",
    ),
    Row(
        name="together",
        title="Together AI",
        base_url="https://api.together.xyz/v1",
        dialect=_CHAT,
        docs="https://docs.together.ai/reference/chat-completions-1",
        key_env=("TOGETHER_API_KEY",),
        base_url_env=("TOGETHER_BASE_URL",),
        default_model="openai/gpt-oss-20b",
    ),
    Row(
        name="cerebras",
        title="Cerebras",
        base_url="https://api.cerebras.ai",
        prefix="/v1",
        dialect=_CHAT,
        docs="https://inference-docs.cerebras.ai/api-reference/chat-completions",
        key_env=("CEREBRAS_API_KEY",),
        base_url_env=("CEREBRAS_BASE_URL",),
        quirks=Quirks(max_tokens_name="max_completion_tokens", file_part=None),
        default_model="gpt-oss-120b",
    ),
    Row(
        name="ollama",
        title="Ollama",
        base_url="http://127.0.0.1:11434",
        prefix="/v1",
        dialect=_CHAT,
        docs="https://docs.ollama.com/api/openai-compatibility",
        key_env=("OLLAMA_API_KEY",),
        base_url_env=("OLLAMA_HOST",),
        quirks=Quirks(file_part=None),
        local=True,
        default_port=11434,
    ),
    Row(
        name="llamacpp",
        title="llama.cpp",
        base_url="http://127.0.0.1:8080",
        prefix="/v1",
        dialect=_CHAT,
        docs="https://github.com/ggml-org/llama.cpp/tree/master/tools/server",
        key_env=("LLAMA_API_KEY",),
        base_url_env=("LLAMACPP_BASE_URL",),
        local=True,
    ),
    Row(
        name="lmstudio",
        title="LM Studio",
        base_url="http://127.0.0.1:1234",
        prefix="/v1",
        dialect=_CHAT,
        docs="https://lmstudio.ai/docs/developer/openai-compat",
        key_env=("LM_API_TOKEN",),
        base_url_env=("LMSTUDIO_BASE_URL",),
        local=True,
    ),
    Row(
        name="vllm",
        title="vLLM",
        base_url="http://127.0.0.1:8000",
        prefix="/v1",
        dialect=_CHAT,
        docs="https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
        key_env=("VLLM_API_KEY",),
        base_url_env=("VLLM_BASE_URL",),
        local=True,
    ),
    Row(
        name="simulate",
        title="Simulator",
        base_url="",  # given when it is started
        prefix="/v1",
        dialect=_CHAT,
        docs="https://platform.openai.com/docs/api-reference/chat",
        local=True,
        default_model="story",
    ),
)

ROWS: Mapping[str, Row] = {row.name: row for row in _ROWS}


def find(name: str) -> Row:
    """Raises KeyError for a name that has no row."""
    return ROWS[name]


def near(name: str, names: Iterable[str]) -> list[str]:
    """Up to three of `names` that may have been meant."""
    by_folded = {known.casefold(): known for known in names}
    close = difflib.get_close_matches(name.casefold(), list(by_folded), n=3, cutoff=0.6)
    return [by_folded[folded] for folded in close]


def address(row: Row, override: str | None, env: Mapping[str, str]) -> str:
    """Where the dialect's paths are appended: the address (`override`, else the environment's, else
    the row's own) and the prefix. A trailing slash and a prefix that is already there do no harm."""
    base = (override or "").strip() or _first(row.base_url_env, env)[1] or row.base_url
    if not base:
        return ""
    base = _whole_url(base, row.default_port).rstrip("/")
    return base if row.prefix and base.endswith(row.prefix) else base + row.prefix


def key(row: Row, env: Mapping[str, str]) -> tuple[str, str] | None:
    """The variable and the key that it holds."""
    name, value = _first(row.key_env, env)
    return (name, value) if value else None


def headers(row: Row, env: Mapping[str, str], credential: tuple[str, str] | None) -> dict[str, str]:
    """What the row sends with every request: its own headers, those that the environment asks for, and
    the `credential` (variable, key) in the way that this variable's keys are sent."""
    found = dict(row.headers)
    for name, header in row.env_headers:
        if value := env.get(name, "").strip():
            found[header] = value
    if credential is not None:
        source, value = credential
        auth = {"authorization": f"Bearer {value}"} if source in row.bearer_env else row.dialect.auth(value)
        found.update(auth)
    return found


def _first(names: tuple[str, ...], env: Mapping[str, str]) -> tuple[str, str]:
    for name in names:
        if value := env.get(name, "").strip():
            return name, value
    return "", ""


def _whole_url(base: str, port: int | None) -> str:
    """OLLAMA_HOST may be a host alone, `host:port` or `:port`, and it may be the address on which the
    server listens: https://docs.ollama.com/faq#how-do-i-configure-ollama-server"""
    bare = "://" not in base
    url = urlsplit(f"http://{base}" if bare else base)
    host = url.hostname or "127.0.0.1"
    if port is not None:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # read, never bound
    elif not bare:
        return base
    shown = f"[{host}]" if ":" in host else host
    at = url.port or (port if bare else None)
    return f"{url.scheme}://{shown}{f':{at}' if at else ''}{url.path}"
