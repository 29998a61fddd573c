"""JSON-RPC error codes and the error that carries one."""

from libria_providers.errors import ProviderError
from libria_providers.types import Json

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
REQUEST_CANCELLED = -32800
SERVER_CANCELLED = -32802
REQUEST_FAILED = -32803


MAX_RETRY_AFTER = 10.0**9
"""Seconds; a provider may say anything, JavaScript counts to 2^53 only."""


class RpcError(Exception):
    """An error response. `message` is one sentence that says what to do."""

    def __init__(self, code: int, message: str, data: Json = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def to_json(self) -> dict[str, Json]:
        body: dict[str, Json] = {"code": self.code, "message": self.message}
        if self.data is not None:
            body["data"] = self.data
        return body


def invalid_params(message: str) -> RpcError:
    return RpcError(
        INVALID_PARAMS, message, {"kind": "invalidParams", "message": message, "retryable": False, "attempts": []}
    )


def call_failed(error: ProviderError, attempts: list[Json]) -> RpcError:
    """The contract's `data` of a failed call."""
    data: dict[str, Json] = {
        "kind": error.kind,
        "message": error.message,
        "retryable": error.retryable and error.should_retry is not False,
        "attempts": attempts,
    }
    optional = {
        "provider": error.provider,
        "model": error.model,
        "status": error.status,
        "requestId": error.request_id,
        "retryAfterMs": None if error.retry_after is None else round(min(error.retry_after, MAX_RETRY_AFTER) * 1000),
        "partialText": error.partial_text,
    }
    data |= {name: value for name, value in optional.items() if value is not None}
    return RpcError(REQUEST_FAILED, error.message, data)


CANCELLED = RpcError(REQUEST_CANCELLED, "The request was cancelled.")

_LEFT = 'The call ended when its client went away; ask again, with onDisconnect "finish" where it shall go on.'
LEFT = RpcError(REQUEST_FAILED, _LEFT, {"kind": "disconnected", "message": _LEFT, "retryable": True, "attempts": []})
"""For who comes back to a call that ended with its client."""
