"""A provider of the user's own that speaks OpenAI's format, and which of OpenAI's formats it may be."""

from collections.abc import Mapping

from libria_providers.dialects.base import Dialect
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.dialects.openai_embeddings import OpenAIEmbeddings
from libria_providers.dialects.openai_responses import OpenAIResponses
from libria_providers.row import Row

COMPATIBLE = Row(
    name="openai-compatible",
    title="OpenAI-compatible server",
    base_url="",  # the config's
    dialect=OpenAIChat(),
    docs="https://platform.openai.com/docs/api-reference/chat",
    embed=OpenAIEmbeddings(),
    local=True,  # it may want no key
)

DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (OpenAIChat(), OpenAIResponses())}
