"""What some vendors say in words alone: an exception to "never by message text", and the last resort.

An input that is too long, an empty account and a wrong key must be told apart from a mistake in the
request: a caller shortens, pays or sets a key, and the daemon goes on to a fallback. Yet these vendors
answer a plain 400 with no code of its own for them. So their fixed words are read, each from a
recording or a report of the real thing, and only where no code or type was specific (classify.py) and
the status is one under which they are said. All these kinds are refusals: words that a vendor quotes
from the request can make the advice worse, never make a call be sent again.
"""

from collections.abc import Mapping

from libria_providers import errors
from libria_providers.errors import ProviderError

STATUSES = (None, 400, 403, 413, 422)
"""None: an error within a stream, or in a body that says no status."""

PHRASES: Mapping[str, type[ProviderError]] = {
    # "This model's (endpoint's) maximum context length is N tokens. However, you requested …":
    # recorded of DeepSeek and OpenRouter; vLLM: github.com/ruipeterpan/specreason/issues/4
    "maximum context length is": errors.ContextTooLong,
    # Anthropic, "prompt is too long: N tokens > M maximum", platform.claude.com/docs/en/api/errors
    "prompt is too long:": errors.ContextTooLong,
    # Anthropic, "input length and `max_tokens` exceed context limit: …": continuedev/continue#6080
    "exceed context limit:": errors.ContextTooLong,
    "prompt too long; exceeded max context length": errors.ContextTooLong,  # recorded of Ollama's cloud
    # Moonshot, "Your request exceeded model token limit: N (requested: M)": MoonshotAI/kimi-cli#2011
    "exceeded model token limit": errors.ContextTooLong,
    # Alibaba, "Range of input length should be [1, N]": QwenLM/qwen-code#98
    "range of input length should be": errors.ContextTooLong,
    # xAI, "This model's maximum prompt length is N but the request contains M tokens.": cline/cline#3120
    "maximum prompt length is": errors.ContextTooLong,
    "exceeds the available context size": errors.ContextTooLong,  # recorded of llama.cpp, there with a type
    "exceeds the context window": errors.ContextTooLong,  # recorded of OpenAI, there with a code
    "too many tokens: size limit exceeded": errors.ContextTooLong,  # recorded of Cohere
    "exceeds the maximum number of tokens allowed": errors.ContextTooLong,  # recorded of Gemini on Vertex
    # Anthropic, 400 invalid_request_error "Your credit balance is too low to access the Anthropic API"
    "credit balance is too low": errors.QuotaExhausted,
    # xAI, with 429 and with 403: continuedev/continue#10373, Anantys-oss/koan#2412
    # Ollama's cloud, 429 "you have reached your weekly usage limit": continuedev/continue#11444
    "weekly usage limit": errors.QuotaExhausted,
    "session usage limit": errors.QuotaExhausted,
    "used all available credits": errors.QuotaExhausted,
    # LM Studio says 200 to an address that it does not have: {"error": "Unexpected endpoint or method. (POST /v1/x)"}
    "unexpected endpoint or method": errors.BadRequest,
    "incorrect api key provided": errors.CredentialRejected,  # recorded of xAI, with 400
    "api key not valid": errors.CredentialRejected,  # recorded of Gemini, with 400
    "callers without established identity": errors.CredentialRejected,  # recorded of Gemini, with 403
    # Gemini, 403 "Your API key was reported as leaked. Please use another API key.": continuedev/continue#10513
    "key was reported as leaked": errors.CredentialRejected,
    # Gemini, 400 FAILED_PRECONDITION "User location is not supported for the API use."
    "user location is not supported": errors.PermissionDenied,
}


AT_429 = ("used all available credits", "weekly usage limit", "session usage limit")
"""Those that are said with the status of a rate limit, too."""


def kind(status: int | None, words: str) -> type[ProviderError] | None:
    """What `words` (lower case) say, None where they are none of these."""
    phrases = PHRASES if status in STATUSES else AT_429 if status == 429 else ()
    return next((PHRASES[phrase] for phrase in phrases if phrase in words), None)
