"""A small blocking JSON-RPC client of the daemon, for the command line: standard library only.

It imports as little as it can, because `libria ask` pays for every import before its first token.
"""

import socket
from collections import deque
from collections.abc import Callable
from itertools import count
from time import monotonic
from typing import Any

from libria.client.errors import CallFailed, DaemonGone
from libria.client.wire import Incoming, framed

Json = Any  # whatever JSON can say; looked into by the commands

CANCEL_WAIT = 0.5
"""Seconds for the answer to a cancelled request; the daemon promises it within 0.1."""

PATIENCE = 2.0
"""Seconds of silence, after which the daemon is asked whether it is there."""

PING_WAIT = 5.0
"""Seconds for its answer to that; it answers in a millisecond, whatever else it does."""

SEND_WAIT = 30.0
"""Seconds for the daemon to take what is sent; it reads while it works."""

RECEIVE = 64 * 1024
METHOD_NOT_FOUND = -32601


class Channel:
    """One connection; one request at a time. Closing it is the caller's, by `with` or `close`. A daemon that says
    nothing for `patience` seconds is asked whether it is there, so that an answer may take as long as it takes;
    one that is still silent then raises TimeoutError. Without it, the socket's own timeout does."""

    def __init__(self, connection: socket.socket, *, patience: float | None = None) -> None:
        self._socket = connection
        self._patience = patience
        self._incoming = Incoming()
        self._messages: deque[dict[str, Json]] = deque()  # received and not yet taken
        self._ids = count(1)

    def __enter__(self) -> "Channel":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def request(
        self,
        method: str,
        params: dict[str, Json],
        on_progress: Callable[[dict[str, Json]], None] | None = None,
    ) -> Json:
        """The result. With `on_progress`, the request carries a partialResultToken and each value
        of its progress is handed over, in order, before this returns.

        Raises CallFailed for an error, DaemonGone (an OSError) for a lost connection. Whatever else
        interrupts the wait, Ctrl-C or an exception from `on_progress`, cancels the request first."""
        number = next(self._ids)
        token = f"libria-{number}"
        if on_progress is not None:
            params = {**params, "partialResultToken": token}
        try:
            self._send({"id": number, "method": method, "params": params})
        except KeyboardInterrupt:
            self.close()  # half a frame is out: nothing can follow it, and closing cancels
            raise
        except DaemonGone:
            pass  # it may have said why
        try:
            return _result(self._wait(number, token, on_progress))
        except (CallFailed, DaemonGone):
            raise
        except BaseException:
            self._cancel(number)
            raise

    @property
    def connection(self) -> socket.socket:
        return self._socket

    def notify(self, method: str, params: dict[str, Json]) -> None:
        self._send({"method": method, "params": params})

    def next(self) -> dict[str, Json]:
        """The next message that comes, whatever it is: for what follows an answer."""
        return self._receive()

    def wait_closed(self, seconds: float) -> bool:
        """Whether the daemon closed this connection within `seconds`."""
        until = monotonic() + seconds
        try:
            while (left := until - monotonic()) > 0:
                self._socket.settimeout(left)
                if not self._socket.recv(RECEIVE):
                    return True
        except TimeoutError:
            return False
        except OSError:
            return True
        return False

    def _wait(self, number: int, token: str, on_progress: Callable[[dict[str, Json]], None] | None) -> dict[str, Json]:
        """The response to request `number`; progress of `token` goes out on the way."""
        while True:
            message = self._receive()
            if "method" not in message:
                if message.get("id") in (number, None):  # null: what we sent could not be read
                    return message
            elif "id" in message:
                self._send({"id": message["id"], "error": _NOT_HERE})
            elif on_progress is not None and message["method"] == "$/progress":
                params = message["params"]
                if params["token"] == token:
                    on_progress(params["value"])

    def _cancel(self, number: int) -> None:
        """Tell the daemon and give it a moment to say that it has; the caller's exception goes on
        whatever comes of it."""
        until = monotonic() + CANCEL_WAIT
        self._patience = None
        try:
            self._socket.settimeout(CANCEL_WAIT)
            self.notify("$/cancelRequest", {"id": number})
            while (left := until - monotonic()) > 0:
                self._socket.settimeout(left)
                if self._receive().get("id") == number:
                    break
        except OSError:
            self.close()
        else:
            self._socket.settimeout(None)

    def _send(self, message: dict[str, Json]) -> None:
        frame = framed(message)
        if self._patience is not None:
            self._socket.settimeout(SEND_WAIT)
        try:
            self._socket.sendall(frame)
        except TimeoutError:
            raise TimeoutError(_SILENT) from None
        except OSError:
            raise DaemonGone from None

    def _receive(self) -> dict[str, Json]:
        while not self._messages:
            self._messages.extend(self._incoming.feed(self._some()))
        return self._messages.popleft()

    def _some(self) -> bytes:
        if self._patience is not None:
            self._socket.settimeout(self._patience)
        try:
            received = self._receive_some()
        except TimeoutError:
            raise TimeoutError(_SILENT) from None
        except OSError:
            raise DaemonGone from None
        if not received:
            raise DaemonGone
        return received

    def _receive_some(self) -> bytes:
        try:
            return self._socket.recv(RECEIVE)
        except TimeoutError:
            if self._patience is None:
                raise
        self._send({"id": "libria/ping", "method": "libria/ping"})
        self._socket.settimeout(PING_WAIT)
        return self._socket.recv(RECEIVE)


_SILENT = "The daemon does not answer; end it with: libria stop"
_NOT_HERE = {"code": METHOD_NOT_FOUND, "message": "This client answers no requests."}


def _result(response: dict[str, Json]) -> Json:
    error = response.get("error")
    if error is None:
        return response.get("result")
    raise CallFailed(error.get("code", 0), error.get("message", "The call failed."), error.get("data"))


def connect() -> Channel:
    """Join the user's daemon, starting it where there is none. Raises OSError with a sentence."""
    from libria.connect import daemon_socket

    try:
        return Channel(daemon_socket("libria"), patience=PATIENCE)
    except ConnectionError:
        raise DaemonGone from None  # above all no BrokenPipeError, which would mean standard output


def attach() -> Channel | None:
    """Join the daemon that runs, or None where none does; never starts one. Its requests raise
    TimeoutError when it is silent for long: it is for questions that are answered at once."""
    from libria.connect import running_socket

    try:
        connection = running_socket("libria")
    except ConnectionError:
        return None  # one that is just ending
    if connection is None:
        return None
    connection.settimeout(ATTACH_WAIT)
    return Channel(connection)


ATTACH_WAIT = 5.0
"""Seconds."""
