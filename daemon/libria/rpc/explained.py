"""An explanation, shown as well as the client can: a short one as a message, a long one as a document."""

import os
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from libria.paths import ensure_private_dir, runtime_dir
from libria.rpc.wishes import INFO, Wishes, says

SHORT_LINES = 3
SHORT = 400
"""What a message box or a line at the bottom can hold."""

KEPT = 8
"""Files of one client; the oldest goes when another is written."""

LEFT_SECONDS = 86_400.0
"""Age from which a file is one that a killed daemon left."""


class Explained:
    """What one client was shown. `forget` when it is gone: the files hold what a model said of its text."""

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self._files: deque[Path] = deque()
        self._over = False

    async def show(self, text: str, *, documents: bool) -> None:
        """`documents`: the client shows them."""
        short = len(text) <= SHORT and text.count("\n") < SHORT_LINES
        if not short and documents and not self._over and await self._as_document(text):
            return
        self._wishes.show(INFO, text)

    def forget(self) -> None:
        self._over = True
        while self._files:
            _delete(self._files.popleft())

    async def _as_document(self, text: str) -> bool:
        try:
            file = self._write(text)
        except OSError:
            return False
        answer = await self._wishes.ask("window/showDocument", {"uri": file.as_uri(), "takeFocus": True})
        taken = says(answer, "success") is True
        if not taken:
            _delete(file)
        return taken

    def _write(self, text: str) -> Path:
        """Raises OSError."""
        folder = ensure_private_dir(runtime_dir() / "explained")
        for left in list(_left(folder)):
            _delete(left)
        descriptor, name = tempfile.mkstemp(prefix="explanation-", suffix=".md", dir=folder)  # for this user alone
        self._files.append(Path(name))
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text + "\n")
        if len(self._files) > KEPT:
            _delete(self._files.popleft())
        return Path(name)


def _left(folder: Path) -> Iterator[Path]:
    before = time.time() - LEFT_SECONDS
    for file in folder.glob("explanation-*.md"):
        with suppress(OSError):  # its own client was faster
            if file.stat().st_mtime < before:
                yield file


def _delete(file: Path) -> None:
    with suppress(OSError):
        file.unlink()
