"""How a call fails.

LibriaError          every failure, told apart by its `kind`
├── CallFailed       the daemon answered with an error
├── DaemonGone       no daemon could be had, or several were lost (also a ConnectionError)
├── TaskBlocked      a task ended in an escalation
└── TooManyRounds    a model still wanted tools when its rounds were over
"""

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from libria.client.results import AttemptResult

Json = Any  # whatever JSON can say

CANCELLED, SERVER_CANCELLED, FAILED, INVALID_PARAMS = -32800, -32802, -32803, -32602

_KINDS = {CANCELLED: "cancelled", SERVER_CANCELLED: "disconnected", INVALID_PARAMS: "invalidParams"}


class LibriaError(Exception):
    """`message` is one sentence that says what to do; `data` what the daemon said besides."""

    def __init__(self, message: str, data: Json = None, *, code: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.data = data

    @property
    def kind(self) -> str:
        """One of the protocol's kinds, or "cancelled"."""
        return str(self._said("kind") or _KINDS.get(self.code, "badRequest"))

    @property
    def retryable(self) -> bool:
        """Whether the same call may do later; retries have been made already."""
        return bool(self._said("retryable"))

    @property
    def retry_after(self) -> float | None:
        """Seconds that the provider wants to be left alone."""
        ms = self._said("retryAfterMs")
        return None if ms is None else ms / 1000

    @property
    def partial_text(self) -> str:
        """What had come of the answer."""
        return str(self._said("partialText") or "")

    @property
    def provider(self) -> str | None:
        provider: str | None = self._said("provider")
        return provider

    @property
    def model(self) -> str | None:
        model: str | None = self._said("model")
        return model

    @property
    def status(self) -> int | None:
        """Of the provider's HTTP answer."""
        status: int | None = self._said("status")
        return status

    @property
    def request_id(self) -> str | None:
        """The provider's, for its support."""
        id: str | None = self._said("requestId")
        return id

    @property
    def attempts(self) -> "tuple[AttemptResult, ...]":
        from libria.client.results import AttemptResult, read

        return tuple(read(AttemptResult, one) for one in self._said("attempts") or ())

    def _said(self, name: str) -> Json:
        return cast("dict[str, Json]", self.data).get(name) if self.data.__class__ is dict else None


class CallFailed(LibriaError):
    def __init__(self, code: int, message: str, data: Json = None) -> None:
        super().__init__(message, data, code=code)

    def __reduce__(self) -> tuple[type["CallFailed"], tuple[int, str, Json]]:
        return type(self), (self.code, self.message, self.data)  # it crosses to other processes whole


class DaemonGone(LibriaError, ConnectionError):
    """The connection ended before the answer came, or what came is no JSON-RPC."""

    def __init__(self, message: str = "The daemon ended before it answered; try again.") -> None:
        super().__init__(message, {"kind": "disconnected", "retryable": True})


class TaskBlocked(LibriaError):
    """`kind` is why; the message says what a human should do."""

    def __init__(self, task_id: str, message: str, kind: str, partial_text: str = "") -> None:
        super().__init__(message, {"kind": kind, "partialText": partial_text})
        self.task_id = task_id

    def __reduce__(self) -> tuple[type["TaskBlocked"], tuple[str, str, str, str]]:
        return type(self), (self.task_id, self.message, self.kind, self.partial_text)


class TooManyRounds(LibriaError):
    """`messages` is the conversation so far, which can be gone on with."""

    def __init__(self, rounds: int, messages: list[dict[str, Json]]) -> None:
        super().__init__(
            f"The model still asks for tools after {rounds} rounds; allow more with max_rounds, or look what it tries."
        )
        self.rounds = rounds
        self.messages = messages

    def __reduce__(self) -> "tuple[type[TooManyRounds], tuple[int, list[dict[str, Json]]]]":
        return type(self), (self.rounds, self.messages)
