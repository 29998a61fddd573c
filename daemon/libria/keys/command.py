"""A program that prints a key: `pass show openai`, `op read op://…`."""

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Callable, Collection

from libria.keys.fetched import NoKey

SECONDS = 10.0
"""A password manager may ask its user."""

MAX_BYTES = 64 * 1024
"""Of what it prints."""

_LIKE_A_KEY = re.compile(r"(?=[\w+=-]*\d)(?=[\w+=-]*[A-Za-z])[\w+=-]{20,}")


class Command:
    """`words` are its name and arguments; no shell reads them. It gets the daemon's environment without the
    variables that `hidden` names: other providers' keys are none of its business."""

    def __init__(self, words: tuple[str, ...], hidden: Callable[[], Collection[str]] = tuple) -> None:
        self._words = (program(words), *words[1:])
        self._hidden = hidden

    async def fetch(self) -> str:
        """The first line that it prints. Raises NoKey."""
        hidden = self._hidden()
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(
                *self._words, stdin=nothing, stdout=pipe, stderr=pipe,
                env={name: value for name, value in os.environ.items() if name not in hidden},
                start_new_session=True,  # away from an editor's terminal; and what it starts ends with it
            )  # fmt: skip
        except (OSError, ValueError) as error:
            raise NoKey((getattr(error, "strerror", None) or "it cannot be started").lower()) from None
        try:
            async with asyncio.timeout(SECONDS):
                said, complained, code = await asyncio.gather(
                    _some(process.stdout), _some(process.stderr), process.wait()
                )
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            if isinstance(error, TimeoutError):
                raise NoKey(f"no answer in {SECONDS:g} s") from None
            raise
        lines = said.decode("utf-8", "replace").strip().splitlines()
        if code:
            raise NoKey(": ".join(part for part in (f"exit code {code}", _plain(complained, lines)) if part))
        if not lines:
            raise NoKey(": ".join(part for part in ("it printed nothing", _plain(complained, lines)) if part))
        return lines[0].strip()


def program(words: tuple[str, ...]) -> str:
    """The program's path, where it was written with `~`."""
    return os.path.expanduser(words[0])


async def _some(stream: asyncio.StreamReader | None) -> bytes:
    """What comes until the end; beyond MAX_BYTES it is thrown away."""
    assert stream is not None
    kept = b""
    while piece := await stream.read(MAX_BYTES):
        kept = (kept + piece)[:MAX_BYTES] if len(kept) < MAX_BYTES else kept
    return kept


def _plain(complained: bytes, printed: list[str]) -> str:
    """The first line of a complaint, without what it may hold of keys."""
    lines = complained.decode("utf-8", "replace").strip().splitlines()
    line = "".join(char if char.isprintable() else " " for char in lines[0]) if lines else ""
    for secret in printed:
        if len(secret.strip()) > 3:
            line = line.replace(secret.strip(), "[…]")
    return _LIKE_A_KEY.sub("[…]", line)[:160].rstrip(" .")
