"""What the forwarder itself says, to the client and to a daemon."""

import json

from libria.connect.calls import Asked
from libria.connect.frames import framed
from libria.connect.head import written

INTERNAL_ERROR = -32603
INVALID_REQUEST = -32600
CANCELLED = -32800
SERVER_CANCELLED = -32802

LOST = "The daemon was lost while it worked on this; it may have been done or not, so it was not asked again."
LOST_OFTEN = "Three daemons were lost while they worked on this; see the log: libria log."

ENDED = "The client has shut this connection down; start a new one."
TWICE = "A request with this id is still being answered."

PING = framed(b'{"jsonrpc":"2.0","id":"libria/ping","method":"libria/ping"}')


def failed(id: bytes, code: int, message: str) -> bytes:
    """The answer to a request that no daemon answers."""
    error: dict[str, object] = {"code": code, "message": message}
    if code in (SERVER_CANCELLED, INTERNAL_ERROR):
        error["data"] = {"kind": "disconnected", "message": message, "retryable": True, "attempts": []}
    return framed(b'{"jsonrpc":"2.0","id":%b,"error":%b}' % (id, written(error)))


def settled(asked: Asked, code: int, message: str) -> bytes:
    """The same to one that was under way: what it began to show as progress ends first. A task is answered already:
    its last message says it."""
    end = b""
    if asked.work_told and not asked.work_ended:
        body = b'{"jsonrpc":"2.0","method":"$/progress","params":{"token":%b,"value":{"kind":"end"}}}'
        end = framed(body % (asked.work or b""))
    if asked.method == "shutdown" and code == SERVER_CANCELLED:
        return framed(b'{"jsonrpc":"2.0","id":%b,"result":null}' % asked.id)  # whom it asked to end has ended
    if asked.task is not None:
        return end + escalated(asked.task, "cancelled" if code == CANCELLED else "disconnected", message)
    return end + failed(asked.id, code, message)


def escalated(task: str, kind: str, message: str) -> bytes:
    """The end of a task that no daemon tells of."""
    params: dict[str, object] = {
        "message_type": "BLOCKER_ESCALATION", "task_id": task, "from_agent": "INTEGRATIONS", "blocker_type": kind,
        "description": message, "escalate_to": "human",
    }  # fmt: skip
    return framed(b'{"jsonrpc":"2.0","method":"libria/taskMessage","params":%b}' % written(params))


def cancel(asked: Asked) -> bytes:
    if asked.task is not None:
        body = b'{"jsonrpc":"2.0","id":"libria/cancel","method":"libria/task/cancel","params":{"task_id":%b}}'
        return framed(body % written(asked.task))
    return framed(b'{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":%b}}' % asked.id)


def again(asked: Asked) -> bytes:
    """Before a request that is asked again: the new daemon goes on where the client stands."""
    seq, call = asked.seq(), asked.call_id()
    if not seq and call is None:
        return b""
    params = b'{"id":%b,%b"seq":%d}' % (asked.id, b'"callId":%b,' % written(call) if call is not None else b"", seq)
    return framed(b'{"jsonrpc":"2.0","method":"libria/again","params":%b}' % params)


def cancel_of(body: bytes | bytearray) -> bytes | None:
    """The id that a `$/cancelRequest` names."""
    return _param(body, "id")


def token_of(body: bytes | bytearray) -> bytes | None:
    """The token that a `window/workDoneProgress/cancel` names."""
    return _param(body, "token")


def process_of(body: bytes | bytearray) -> int | None:
    """The editor's process, by its `initialize`."""
    found = _param(body, "processId")
    return int(found) if found is not None and found.isdigit() else None


def _param(body: bytes | bytearray, name: str) -> bytes | None:
    try:
        value = json.loads(body)["params"][name]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return written(value) if type(value) in (int, str) else None
