"""The client's requests that are not answered yet, and how far each has come."""

import _thread
import re
from typing import TYPE_CHECKING

from libria.connect.frames import Frame, framed
from libria.connect.head import ID, head, spelt, written

if TYPE_CHECKING:
    from libria.connect.line import Line

ASKING = ("libria/chat", "libria/complete", "libria/embed", "libria/countTokens")
"""What has a call, which goes on under its own id in another daemon."""

TASK = "libria/task"
"""The same one, however often it is given: it is answered at once, and goes on until its last message."""

HARMLESS = (
    *ASKING, "libria/models", "libria/status", "libria/cacheStats", "libria/resume", "libria/ping",
    TASK, "libria/task/list", "libria/task/cancel",
    "initialize", "textDocument/inlineCompletion", "textDocument/codeAction",
)  # fmt: skip
"""What may be asked a second time: it changes nothing outside."""

LIVES = 3
"""Daemons that one request may lose: the third time it is taken for the cause."""

LIFE = 20
"""Of these losses by daemons that never said a word count as one: who connects to a daemon that was just killed may
find it listening yet."""

PROGRESS = b'{"jsonrpc":"2.0","method":"$/progress","params":{"token":'
KIND = b',"value":{"kind":'

_SEQ = re.compile(rb'"seq"\s*:\s*(\d+)[\s}]*\Z')
TAIL = 48
"""Bytes at the end of a progress frame that hold its `seq`."""

_VALUE = re.compile(rb"\s*:\s*(%b)" % ID, re.DOTALL)


class Asked:
    """`line` is where it was asked last; None once that is lost. `first` and `last` are its first progress, and the
    end of the latest: read only when a daemon is lost, because a delta costs nothing so."""

    __slots__ = (
        "cancelled", "first", "frame", "id", "last", "line", "losses", "method", "prefix",
        "read", "task", "token", "work", "work_ended", "work_told",
    )  # fmt: skip

    def __init__(self, id: bytes, method: str, frame: "Frame") -> None:
        self.id = id
        self.method = method
        self.frame = frame
        self.line: Line | None = None
        self.losses = 0
        self.cancelled = False
        self.first = b""
        self.last = b""
        self.read = False  # the daemon could, or will
        self.task: str | None = None  # acknowledged, under this id, and not at its end
        harmless = method in HARMLESS
        self.token = _token(frame, b'"partialResultToken"') if harmless else None
        self.work = _token(frame, b'"workDoneToken"') if harmless else None
        self.prefix = PROGRESS + (self.token or b"") + KIND
        self.work_told = False
        self.work_ended = False

    def seq(self) -> int:
        """Of the progress that the client has to get next."""
        found = _SEQ.search(self.last)
        return int(found[1]) + 1 if found else 0

    def readable(self) -> bool:
        """Whether the daemon can read this message at all: an answer to one that it cannot read names no id."""
        if self.read or self.first:
            return True
        import json

        try:
            json.loads(str(memoryview(self.frame.data)[self.frame.body :], "utf-8"), parse_constant=_no_json)
        except (ValueError, RecursionError):
            return False
        self.read = True
        return True

    def call_id(self) -> str | None:
        import json

        try:
            value = json.loads(self.first)["params"]["value"]
        except (ValueError, LookupError, TypeError):
            return None
        found = value.get("callId")
        return found if isinstance(found, str) else None


def acknowledged(asked: Asked, task: str, id: bytes) -> Asked:
    """The same task from its acknowledgment on: under an `id` of ours, as the client may use its own again."""
    frame = asked.frame
    told = head(frame.data, frame.body)
    if told is not None and told.place is not None:
        begin, end = told.place
        body = bytes(frame.data[frame.body : begin]) + id + bytes(frame.data[end:])
    else:
        import json

        body = written({**json.loads(frame.data[frame.body :]), "id": json.loads(id)})
    data = framed(body)
    goes_on = Asked(id, asked.method, Frame(data, len(data) - len(body)))
    goes_on.task, goes_on.line = task, asked.line
    goes_on.cancelled, goes_on.read = asked.cancelled, True
    goes_on.first, goes_on.last = asked.first, asked.last
    goes_on.work_told, goes_on.work_ended = asked.work_told, asked.work_ended
    return goes_on


class Book:
    """Changed under `lock` only; read without it. `tasks` are by their own ids."""

    def __init__(self) -> None:
        self.lock = _thread.allocate_lock()
        self.asked: dict[bytes, Asked] = {}
        self.tokens: dict[bytes, Asked] = {}
        self.works: dict[bytes, Asked] = {}
        self.tasks: dict[str, Asked] = {}
        self._count = 0

    def acknowledge(self, asked: Asked, task: str) -> None:
        """`asked` is answered; the task that it gave goes on."""
        self.remove(asked)
        if task in self.tasks:
            return  # the client gave it before, and hears its end once
        self._count += 1
        goes_on = self.tasks[task] = acknowledged(asked, task, b'"libria/task/%d"' % self._count)
        self.add(goes_on)

    def add(self, asked: Asked) -> None:
        self.asked[asked.id] = asked
        if asked.token is not None:
            self.tokens[asked.token] = asked
        if asked.work is not None:
            self.works[asked.work] = asked

    def remove(self, asked: Asked) -> None:
        if self.asked.get(asked.id) is asked:
            del self.asked[asked.id]
        if asked.token is not None and self.tokens.get(asked.token) is asked:
            del self.tokens[asked.token]
        if asked.work is not None and self.works.get(asked.work) is asked:
            del self.works[asked.work]
        if asked.task is not None and self.tasks.get(asked.task) is asked:
            del self.tasks[asked.task]

    def shown_by(self, token: bytes) -> Asked | None:
        """What shows its progress under `token` and can be cancelled by it."""
        asked = self.works.get(token)
        if asked is None and (task := self.tokens.get(token)) is not None and task.task is not None:
            return task
        return asked

    def orphans(self) -> list[Asked]:
        return [asked for asked in self.asked.values() if asked.line is None]


def _token(frame: "Frame", name: bytes) -> bytes | None:
    """The value of the member `name`. Inside a string its quotes would have a backslash; further inside than
    the params nobody has a member of this name."""
    place = frame.data.find(name, frame.body)
    found = _VALUE.match(frame.data, place + len(name)) if place >= 0 else None
    return spelt(found[1]) if found else None


def _no_json(constant: str) -> None:
    raise ValueError(constant)
