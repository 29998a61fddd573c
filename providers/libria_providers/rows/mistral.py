"""Mistral: OpenAI's chat format with its own words, and code completion of its own."""

import re

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.mistral_fim import MistralFim
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.dialects.openai_embeddings import OpenAIEmbeddings
from libria_providers.dialects.tool_ids import IdRule
from libria_providers.row import Profile, Route, Row

_CHAT = OpenAIChat()
_FIM = MistralFim()

# Usage comes unasked with the finish reason; stream_options is not in its OpenAPI.
# Of efforts its OpenAPI has high and none: whoever asks for reasoning gets it, only the least
# is nearer to none. "Tool call id was … but must be a-z, A-Z, 0-9, with a length of 9."
_QUIRKS = Quirks(
    stream_usage=False,
    tool_choice_required="any",
    seed_name="random_seed",
    file_part="document_url",
    tool_id=IdRule("[a-zA-Z0-9]{9}", 9),
    efforts=(("minimal", "none"), ("low", "high"), ("medium", "high")),
    dimensions_name="output_dimension",
    embed_encoding="base64",
    embed_batch=128,  # not documented: well below what is known to pass
)
# It has levels: https://docs.mistral.ai/inference/conversations/reasoning
_LARGE = Profile.of("mistral-large-4", efforts=(("minimal", "low"),))

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
        quirks=_QUIRKS,
        profiles=(_LARGE,),
        routes=(Route(re.compile("codestral", re.IGNORECASE), _CHAT, fill=_FIM),),  # the others have no FIM
        embed=OpenAIEmbeddings(),
        default_model="mistral-small-latest",
        fill_model="codestral-latest",
    ),
    # The same for keys that are for editors: https://docs.mistral.ai/capabilities/code_generation/
    Row(
        name="codestral",
        title="Codestral",
        base_url="https://codestral.mistral.ai",
        prefix="/v1",
        dialect=_CHAT,
        docs="https://docs.mistral.ai/api/endpoint/fim",
        key_env=("CODESTRAL_API_KEY",),
        base_url_env=("CODESTRAL_BASE_URL",),
        quirks=_QUIRKS,
        fill=_FIM,
        default_model="codestral-latest",
        fill_model="codestral-latest",
    ),
)
