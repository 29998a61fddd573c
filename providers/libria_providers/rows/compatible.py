"""Vendors that speak OpenAI's chat format."""

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.row import Row

_CHAT = OpenAIChat()

ROWS = (
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
)
