"""Mistral: OpenAI's chat format with its own words."""

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.dialects.tool_ids import IdRule
from libria_providers.row import Row

_CHAT = OpenAIChat()

ROWS = (
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
)
