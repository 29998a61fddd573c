"""Cohere."""

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.cohere import Cohere
from libria_providers.dialects.cohere_embed import CohereEmbed
from libria_providers.row import Row

ROWS = (
    Row(
        name="cohere",
        title="Cohere",
        base_url="https://api.cohere.com",
        dialect=Cohere(),
        # POST /v1/tokenize counts one text and not a conversation: counts are estimated.
        embed=CohereEmbed(),
        docs="https://docs.cohere.com/v2/reference/chat",
        key_env=("CO_API_KEY", "COHERE_API_KEY"),
        base_url_env=("CO_API_URL",),
        # "invalid request: total number of texts must be at most 96": docs.cohere.com/reference/errors
        quirks=Quirks(embed_batch=96),
        default_model="command-a-03-2025",
    ),
)
