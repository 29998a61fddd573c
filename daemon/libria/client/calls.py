"""Requests under way, and which message is whose; no input or output."""

from collections import deque
from typing import Any

from libria.client.errors import SERVER_CANCELLED, CallFailed, LibriaError
from libria.client.wire import framed

Json = Any  # whatever JSON can say

METHOD_NOT_FOUND = -32601

LIVES = 3
"""Daemons that one request may lose: the third time it is taken for the cause."""

LIFE = 20
"""Of these losses by daemons that never said a word count as one: who connects to a daemon that was just killed may
find it listening yet."""


class Call:
    """One request, of as many daemons as it takes. `inbox` holds progress that nobody has taken yet; `outcome` is the
    response, there once all progress is."""

    __slots__ = (
        "acknowledged", "call_id", "frame", "id", "inbox", "losses", "outcome", "seq", "task_id", "token", "waiter",
    )  # fmt: skip

    def __init__(self, number: int, method: str, params: dict[str, Json], *, streams: bool) -> None:
        self.id = number
        self.token = f"libria-{number}"
        if streams:
            params = {**params, "partialResultToken": self.token}
        self.task_id: str | None = params["task_id"] if method == "libria/task" else None
        self.frame = framed({"id": number, "method": method, "params": params})
        self.inbox: deque[dict[str, Json]] = deque()
        self.outcome: dict[str, Json] | None = None
        self.seq = 0  # of the progress to come next
        self.call_id: str | None = None
        self.losses = 0
        self.acknowledged = False
        self.waiter: Any = None  # whom the asynchronous client wakes

    def told(self, value: dict[str, Json]) -> None:
        if value.get("kind") == "start":
            self.call_id = value.get("callId")
        self.seq = value.get("seq", self.seq) + 1
        self.inbox.append(value)

    def answered(self, response: dict[str, Json]) -> bool:
        """Whether this is the end: a task's response is only its beginning."""
        if self.task_id is None or "error" in response:
            self.outcome = response
            return True
        if not self.acknowledged:
            self.acknowledged = True
            self.inbox.append({**response["result"], "kind": "acknowledged"})
        return False

    def again(self) -> bytes:
        """For another daemon: it goes on where we stand."""
        if not self.seq and self.call_id is None:
            return self.frame
        params: dict[str, Json] = {"id": self.id, "seq": self.seq}
        if self.call_id is not None:
            params["callId"] = self.call_id
        return framed({"method": "libria/again", "params": params}) + self.frame

    def cancel(self) -> bytes:
        if self.task_id is not None:
            params = {"task_id": self.task_id}
            return framed({"id": f"libria/cancel-{self.id}", "method": "libria/task/cancel", "params": params})
        return framed({"method": "$/cancelRequest", "params": {"id": self.id}})

    @property
    def turned_away(self) -> bool:
        """Whether a daemon that ends did not begin it."""
        error: dict[str, Json] | None = self.outcome.get("error") if self.outcome is not None else None
        return error is not None and error.get("code") == SERVER_CANCELLED and not self.seq

    def lose(self, *, heard: bool, error: LibriaError) -> None:
        """Raises `error` when it has lost too many."""
        self.losses += LIFE if heard else 1
        if self.losses >= LIVES * LIFE:
            raise error
        self.outcome = None

    def result(self) -> Json:
        """Raises CallFailed."""
        outcome = self.outcome or {}
        error = outcome.get("error")
        if error is not None:
            raise CallFailed(error.get("code", 0), error.get("message", "The call failed."), error.get("data"))
        return outcome.get("result")


class Book:
    """The calls that one connection was asked."""

    def __init__(self) -> None:
        self.calls: dict[int, Call] = {}
        self._tokens: dict[str, Call] = {}
        self._tasks: dict[str, Call] = {}

    def add(self, call: Call) -> None:
        self.calls[call.id] = call
        self._tokens[call.token] = call
        if call.task_id is not None:
            self._tasks[call.task_id] = call

    def remove(self, call: Call) -> None:
        self.calls.pop(call.id, None)
        self._tokens.pop(call.token, None)
        if call.task_id is not None and self._tasks.get(call.task_id) is call:
            del self._tasks[call.task_id]

    def take(self, message: dict[str, Json]) -> tuple[list[Call], bytes]:
        """Whose message it was, and what is to be said to it."""
        method = message.get("method")
        if method is None:
            return self._answered(message), b""
        if "id" in message:
            error = {"code": METHOD_NOT_FOUND, "message": "This client answers no requests."}
            return [], framed({"id": message["id"], "error": error})
        params: dict[str, Json] = message.get("params") or {}
        if method == "$/progress":
            call = self._tokens.get(params.get("token", ""))
            if call is not None:
                call.told(params["value"])
                return [call], b""
        elif method == "libria/taskMessage":
            call = self._tasks.get(params.get("task_id", ""))
            if call is not None:
                call.outcome = {"result": params}
                self.remove(call)
                return [call], b""
        return [], b""

    def _answered(self, message: dict[str, Json]) -> list[Call]:
        id = message.get("id")
        if id is None:  # we are turned away, or what we said could not be read
            mine = list(self.calls.values())
            for call in mine:
                call.outcome = message
                self.remove(call)
            return mine
        answered = self.calls.get(id) if isinstance(id, int) else None
        if answered is None:
            return []
        if answered.answered(message):
            self.remove(answered)
        return [answered]
