"""What the headers of a failed reply say: how long to wait, whether to try again, which request it was."""

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

# In this order: the first that is there names the request best. Azure answers with several.
REQUEST_ID_HEADERS = (
    "request-id",  # Anthropic, https://platform.claude.com/docs/en/api/errors
    "x-request-id",  # OpenAI, Groq, xAI, Cerebras, Hugging Face, mostly Azure
    "apim-request-id",  # Azure
    "x-debug-trace-id",  # Cohere
    "x-kong-request-id",  # Mistral
    "mistral-correlation-id",
    "x-ds-trace-id",  # DeepSeek
    "x-generation-id",  # OpenRouter
    "x-amzn-requestid",  # Bedrock
    "x-ms-client-request-id",
)


def request_id(headers: Mapping[str, str]) -> str | None:
    """The provider's name for this request. `headers` have lower-case names."""
    for name in REQUEST_ID_HEADERS:
        if value := headers.get(name, "").strip():
            return value
    return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait as the provider asks, None when it asks nothing.

    `retry-after-ms` comes before `retry-after`, as in the vendors' own SDKs. Zero asks nothing: Azure
    sends `Retry-After-Ms: 0` next to `Retry-After: 1`. A date counts from the reply's own `date`."""
    if (milliseconds := _positive(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    if (seconds := _positive(value)) is not None:
        return seconds
    return _until(value, headers.get("date"))


def should_retry(headers: Mapping[str, str]) -> bool | None:
    """`x-should-retry`, which OpenAI's and Anthropic's SDKs let override everything else."""
    return {"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower())


def _positive(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None


def _until(then: str | None, now: str | None) -> float | None:
    if not then or not now:
        return None
    try:
        seconds = (parsedate_to_datetime(then) - parsedate_to_datetime(now)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if seconds > 0 else None
