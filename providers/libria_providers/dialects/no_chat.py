"""In place of a dialect for vendors that have no chat."""

from libria_providers.dialects.base import Quirks, WireRequest
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.errors import BadRequest
from libria_providers.types import Call


class NoChat(OpenAIChat):
    """Keys and errors are like OpenAI's."""

    name = "none"

    def encode(self, call: Call, model: str, quirks: Quirks) -> WireRequest:
        raise BadRequest("This provider only makes embeddings: name a model of another one for chat.")
