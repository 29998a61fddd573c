"""OpenAI, and who serves OpenAI's models in OpenAI's own formats."""

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.dialects.tool_ids import IdRule
from libria_providers.row import Row

_CHAT = OpenAIChat()

ROWS = (
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
)
