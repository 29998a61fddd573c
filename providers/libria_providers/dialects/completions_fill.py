"""What every way of code completion by an endpoint of its own shares."""

from libria_providers.errors import BadRequest
from libria_providers.types import Call, Fill

FILL_TOKENS = 512
"""How much is generated where the call sets no limit: OpenAI's own is 16 tokens, DeepSeek's 1024; Ollama
and llama.cpp have none, and a base model does not stop by itself."""


class CannotFill(BadRequest):
    """This model fills nothing in: asking a chat model in words is what remains."""


def wanted(call: Call) -> Fill:
    """Raises BadRequest for what no such endpoint can be told."""
    if not isinstance(call.ask, Fill):
        raise BadRequest("This endpoint completes code and nothing else; ask for a completion.")
    return call.ask


def limit(call: Call) -> int:
    return FILL_TOKENS if call.max_tokens is None else call.max_tokens
