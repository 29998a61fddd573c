"""From what a vendor says when it fails to one of our errors: by status, code and type.

Its words count only where those say nothing, see phrases.py.
"""

from collections.abc import Mapping

from libria_providers import errors
from libria_providers.dialects import headers as header
from libria_providers.dialects import phrases
from libria_providers.dialects.said import Said, any_json, said
from libria_providers.errors import ProviderError
from libria_providers.types import Json

# Codes and types (lower case) that mean one thing whatever the status is.
SPECIFIC: Mapping[str, type[ProviderError]] = {
    "context_length_exceeded": errors.ContextTooLong,  # OpenAI, Groq, Cerebras
    "exceed_context_size_error": errors.ContextTooLong,  # llama.cpp
    "model_context_window_exceeded": errors.ContextTooLong,
    "tokens_limit_reached": errors.ContextTooLong,  # Azure model inference, with 413
    "request_too_large": errors.ContextTooLong,  # Anthropic, with 413
    "3051": errors.ContextTooLong,  # Mistral, with 400
    "1261": errors.ContextTooLong,  # z.ai, with 400: https://docs.z.ai/api-reference/api-code
    "1113": errors.QuotaExhausted,  # z.ai, with 429
    "1211": errors.ModelNotFound,  # z.ai, with 400
    "1301": errors.ContentFiltered,  # z.ai, with 400
    "arrearage": errors.QuotaExhausted,  # Alibaba, with 400
    "insufficient_quota": errors.QuotaExhausted,  # OpenAI, with 429
    "billing_not_active": errors.QuotaExhausted,
    "billing_hard_limit_reached": errors.QuotaExhausted,
    "billing_error": errors.QuotaExhausted,  # Anthropic, with 402
    "insufficient_balance": errors.QuotaExhausted,
    "exceeded_current_quota_error": errors.QuotaExhausted,  # Moonshot, with 429
    "invalid_api_key": errors.CredentialRejected,
    "incorrect_api_key": errors.CredentialRejected,
    "authentication_error": errors.CredentialRejected,
    "invalid_authentication_error": errors.CredentialRejected,
    "api_key_invalid": errors.CredentialRejected,  # Google, a reason, with 400
    "model_not_found": errors.ModelNotFound,  # also with 400
    "model_decommissioned": errors.ModelNotFound,  # Groq, with 400
    "invalid_model": errors.ModelNotFound,  # Mistral, with 400
    "unknown_model": errors.ModelNotFound,
    "deploymentnotfound": errors.ModelNotFound,  # Azure
    "content_filter": errors.ContentFiltered,  # Azure, with 400
    "content_policy_violation": errors.ContentFiltered,
    "responsibleaipolicyviolation": errors.ContentFiltered,  # Azure, innererror.code
    "billing_disabled": errors.QuotaExhausted,  # Google, a reason, with 403
    "data_inspection_failed": errors.ContentFiltered,  # Alibaba
    "datainspectionfailed": errors.ContentFiltered,
    "invalid_prompt": errors.ContentFiltered,  # OpenAI: the prompt of a reasoning model was flagged
    "unsupported_country_region_territory": errors.PermissionDenied,
    "not_supported_error": errors.BadRequest,  # llama.cpp, with 501
    "engine_overloaded_error": errors.Overloaded,  # Moonshot, with 429
}

# Types that only count when there is no status: an error within a stream or in the body of a 200.
GENERAL: Mapping[str, type[ProviderError]] = {
    "invalid_request_error": errors.BadRequest,
    "badrequesterror": errors.BadRequest,  # vLLM
    "tool_use_failed": errors.BadRequest,  # Groq
    "json_validate_failed": errors.BadRequest,  # Groq
    "not_found_error": errors.ModelNotFound,
    "notfounderror": errors.ModelNotFound,  # vLLM
    "permission_error": errors.PermissionDenied,
    "rate_limit_error": errors.RateLimited,
    "rate_limit_exceeded": errors.RateLimited,
    "rate_limited": errors.RateLimited,
    "too_many_requests": errors.RateLimited,
    # Google's, where there is no HTTP status: https://cloud.google.com/apis/design/errors#handling_errors
    "invalid_argument": errors.BadRequest,
    "failed_precondition": errors.BadRequest,
    "unauthenticated": errors.CredentialRejected,
    "permission_denied": errors.PermissionDenied,
    "not_found": errors.ModelNotFound,
    "resource_exhausted": errors.RateLimited,
    "too_many_tokens_error": errors.RateLimited,  # Cerebras
    "token_quota_exceeded": errors.RateLimited,  # Cerebras
}

ADVICE: Mapping[type[ProviderError], str] = {
    errors.CredentialRejected: "The provider rejected the API key, set a valid one",
    errors.PermissionDenied: "The provider does not allow this, use a key or a model that it allows",
    errors.ModelNotFound: "The provider does not have this model, check its name and the provider's address",
    errors.BadRequest: "The provider refused the request, change what it names",
    errors.ContextTooLong: "The input is too long for this model, shorten it or use a larger one",
    errors.ContentFiltered: "The provider's content filter refused this, ask it differently",
    errors.QuotaExhausted: "The account has no quota or credit left, add some or use another provider",
    errors.RateLimited: "The provider's rate limit is reached, wait or use another model",
    errors.Overloaded: "The provider is overloaded or failed, try again later or name a fallback",
    errors.InvalidResponse: "The provider's answer is not what it documents, check its address",
}


def failed(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """The error for a reply that is not a success. `headers` have lower-case names; `body` may be
    JSON of any shape, HTML, plain text or nothing."""
    words = said(any_json(body))
    kind = _specific(words) or phrases.kind(status, words.words) or _by_status(status, words)
    return _error(kind, words, status, headers)


def stated(value: Json) -> ProviderError:
    """The error for one that was said within a stream or in the body of a 200: there is only the
    status that the vendor put inside. What it cannot name is its own failure, for it had accepted."""
    words = said(value)
    kind = _specific(words) or phrases.kind(words.status, words.words)
    if kind is None and words.status is not None:
        kind = _by_status(words.status, words)
    if kind is None:
        kind = GENERAL.get(words.code) or GENERAL.get(words.type) or errors.Overloaded
    return _error(kind, words, words.status, {})


def _specific(words: Said) -> type[ProviderError] | None:
    if words.flagged:
        return errors.ContentFiltered
    if words.exhausted:
        return errors.QuotaExhausted  # the next day's calls may succeed, this one within its time will not
    for word in (words.code, words.type, words.inner):
        if word in SPECIFIC:
            return SPECIFIC[word]
    # An aggregator forwards its upstream's error: of that only what concerns the call itself holds.
    upstream = SPECIFIC.get(words.upstream)
    return upstream if upstream in (errors.ContextTooLong, errors.ContentFiltered) else None


def _by_status(status: int, words: Said) -> type[ProviderError]:
    if status == 401:
        return errors.CredentialRejected
    if status == 402:
        return errors.QuotaExhausted
    if status == 403:
        return errors.PermissionDenied
    if status == 404:
        # Without any structure it is not the vendor's API that answered: the address is wrong.
        return errors.ModelNotFound if words.structured else errors.BadRequest
    if status == 413:
        # Too large for a proxy, or (Groq) for the tokens of a minute: the same call never fits.
        return errors.ContextTooLong
    if status == 429:
        return errors.RateLimited
    if status in (408, 409, 425, 498, 499):  # 498: Groq's flex tier has no capacity
        return errors.Overloaded
    if status == 501:
        return errors.BadRequest
    if status >= 500:
        return errors.Overloaded
    if 400 <= status < 500:
        return errors.BadRequest
    return errors.InvalidResponse


def _error(kind: type[ProviderError], words: Said, status: int | None, headers: Mapping[str, str]) -> ProviderError:
    advice = ADVICE[kind]
    if kind is errors.BadRequest and status == 404:
        advice = "The provider has nothing at this address, check its base URL"
    why = words.message or (f"HTTP {status}" if status else "it gave no reason")
    return kind(
        f"{advice}: {why}",
        status=status,
        code=words.said_code,
        retry_after=header.retry_after(headers) or words.retry_after,
        should_retry=header.should_retry(headers),
        request_id=header.request_id(headers) or words.request_id,
    )
