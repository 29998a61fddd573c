"""Anthropic."""

from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.dialects.anthropic_wire import VERSION
from libria_providers.row import Row

_MESSAGES = AnthropicMessages()

ROWS = (
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
)
