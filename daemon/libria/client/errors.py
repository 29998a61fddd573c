"""How a request of the client fails."""

from typing import Any

Json = Any  # whatever JSON can say


class CallFailed(Exception):
    """The daemon answered with an error; `message` is one sentence that says what to do."""

    def __init__(self, code: int, message: str, data: Json = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class DaemonGone(ConnectionError):
    """The connection ended before the answer came, or what came is no JSON-RPC."""

    def __init__(self, message: str = "The daemon ended before it answered; try again.") -> None:
        super().__init__(message)
