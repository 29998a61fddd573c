"""What a new daemon has to be told of the client before anything else."""

import re

from libria.connect.documents import METHODS, Documents
from libria.connect.frames import Frame, framed
from libria.connect.head import Head

SETTINGS = ("$/setTrace", "workspace/didChangeConfiguration")
"""Of which the latest counts."""

FOLDERS = "workspace/didChangeWorkspaceFolders"

_ENCODING = re.compile(rb'"positionEncoding"\s*:\s*"([\w-]+)"')
_FAILED = re.compile(rb'"error"\s*:\s*\{')


class Replay:
    """Not safe between threads: whoever uses it holds the book's lock."""

    def __init__(self) -> None:
        self._initialize: bytes | None = None
        self._answered = False  # before that it is a request in flight like any other
        self._initialized = b""
        self._settings: dict[str, bytes] = {}
        self._folders: list[bytes] = []
        self._documents = Documents()
        self._count = 0

    def initialize(self, frame: Frame, told: Head) -> None:
        """The client's greeting, kept under an id of ours, whose answer nobody needs."""
        if told.place is None or self._initialize is not None:
            return
        begin, end = told.place
        self._initialize = bytes(frame.data[frame.body : begin]) + b'"libria/initialize"' + bytes(frame.data[end:])

    def greeted(self, answer: bytes) -> None:
        """What the daemon said to it."""
        if self._answered:
            return
        if _FAILED.search(answer, 0, 200):
            self._initialize = None
            return
        self._answered = True
        found = _ENCODING.search(answer)
        if found:
            self._documents.encoding = found[1].decode()

    def notified(self, method: str, frame: Frame) -> bool:
        """Whether this is kept for the next daemon."""
        if method in METHODS:
            self._documents.add(bytes(frame.data[frame.body :]))
        elif method in SETTINGS:
            self._settings[method] = bytes(frame.data)
        elif method == FOLDERS:
            self._folders.append(bytes(frame.data))
        elif method == "initialized":
            self._initialized = bytes(frame.data)
        else:
            return False
        return True

    def frames(self, asking: bytes | bytearray | None) -> list[bytes | bytearray]:
        """For a new line. `asking`: the client's own `initialize`, if that is to be asked again."""
        told: list[bytes | bytearray] = []
        if asking is not None:
            told.append(asking)
        elif self._initialize is not None:
            told.append(framed(self._initialize))
        if self._initialized:
            told.append(self._initialized)
        return [*told, *self._settings.values(), *self._folders, *self._documents.replay()]
