"""What can go wrong with a call, as one tree.

ProviderError
  x Retryable            the same call may succeed later
    + RateLimited  + Overloaded  + Disconnected  + TimedOut
  x Refused              this call never will
    + CredentialMissing + CredentialRejected + PermissionDenied + BadRequest + ContextTooLong
    + ContentFiltered + ModelNotFound + QuotaExhausted + CacheMiss
  x Interrupted          broke after the first delta
  x InvalidResponse      not what the vendor documents
"""

from typing import ClassVar, Self

from libria_providers.types import Headroom, Usage


class ProviderError(Exception):
    """`message` is one sentence that says what to do, the vendor's own words within it. `code` is
    the vendor's code or type; `retry_after` seconds, as the provider asked; `should_retry` its
    x-should-retry header, which overrides the kind; `phase` that of a TimedOut: connect, firstToken,
    idle or total; `asked` False when the provider was not asked at all. What is not known stays None."""

    kind: ClassVar[str] = "invalidResponse"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        provider: str | None = None,
        model: str | None = None,
        status: int | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        should_retry: bool | None = None,
        request_id: str | None = None,
        phase: str | None = None,
        asked: bool = True,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.provider = provider
        self.model = model
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.should_retry = should_retry
        self.request_id = request_id
        self.phase = phase
        self.asked = asked
        self.partial_text: str | None = None
        self.usage: Usage | None = None  # what the provider said to have used before it failed
        self.headroom: tuple[Headroom, ...] = ()  # what it said of its limits

    def having_used(self, usage: Usage | None) -> Self:
        self.usage = usage
        return self

    def __str__(self) -> str:
        return self.message  # which may have been scrubbed since


class Retryable(ProviderError):
    """The same call may succeed later."""

    retryable = True


class RateLimited(Retryable):
    kind = "rateLimited"


class Overloaded(Retryable):
    kind = "overloaded"


class Disconnected(Retryable):
    """No connection, or one that broke before the first delta."""

    kind = "disconnected"


class TimedOut(Retryable):
    """Nothing came in time; `phase` says what was waited for."""

    kind = "timedOut"


class Refused(ProviderError):
    """This call never will succeed as it is."""


class CredentialMissing(Refused):
    kind = "credentialMissing"


class CredentialRejected(Refused):
    kind = "credentialRejected"


class PermissionDenied(Refused):
    kind = "permissionDenied"


class BadRequest(Refused):
    kind = "badRequest"


class ContextTooLong(Refused):
    kind = "contextTooLong"


class ContentFiltered(Refused):
    kind = "contentFiltered"


class ModelNotFound(Refused):
    kind = "modelNotFound"


class QuotaExhausted(Refused):
    kind = "quotaExhausted"


class CacheMiss(Refused):
    """Mode `only`, and nothing stored."""

    kind = "cacheMiss"


class Interrupted(ProviderError):
    """Broke after the first delta; `partial_text` is what had come."""

    kind = "interrupted"
    retryable = True


class InvalidResponse(ProviderError):
    """Not what the vendor documents."""

    kind = "invalidResponse"
