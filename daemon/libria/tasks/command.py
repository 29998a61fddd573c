"""A criterion that is a command: run on what the model wrote, in a folder of its own, only where the user's config
says so."""

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path

from libria.tasks.messages import Output
from libria.tasks.order import Command, Wanted

TOLD = 800
"""Characters of its output that an issue quotes: the end, where programs say what is wrong."""

MOST_BYTES = 256 * 1024
"""Of its output that are kept."""

PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TZ", "SHELL")
"""Of the daemon's variables. Keys are in others, under any name, so it is said what may pass and not what may not."""


async def run(command: Command, output: Output, wanted: Wanted) -> str | None:
    """Why it did not succeed, None where it did. It has the files in its folder, and the text or code on its
    standard input."""
    with tempfile.TemporaryDirectory(prefix="libria-task-") as folder:
        await asyncio.to_thread(_write, Path(folder), output)
        said = output.code if wanted == "code" else output.summary if wanted == "text" else ""
        return await _run(command, Path(folder), said.encode("utf-8", "replace"))


def environment(folder: Path, given: Mapping[str, str]) -> dict[str, str]:
    kept = {name: given[name] for name in PASSED_ON if name in given}
    return {**kept, "TMPDIR": str(folder)}


def _write(folder: Path, output: Output) -> None:
    """The folder is new and ours alone, and the paths were checked: no link leads out of it."""
    for file in output.files:
        place = folder / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(file.content, encoding="utf-8", errors="replace", newline="")


async def _run(command: Command, folder: Path, said: bytes) -> str | None:
    pipe = asyncio.subprocess.PIPE
    name = Path(command.argv[0]).name
    try:
        process = await asyncio.create_subprocess_exec(
            *command.argv, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT, cwd=folder,
            env=environment(folder, os.environ), start_new_session=True,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or "it cannot be started").lower()
        return f"{name} did not start: {why}"
    try:
        async with asyncio.timeout(command.seconds):
            _, told, code = await asyncio.gather(_feed(process, said), _end_of(process.stdout), process.wait())
    except TimeoutError:
        return f"{name} did not end within {command.seconds:g} s"
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # also what it has left behind
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if not code:
        return None
    text = told.decode("utf-8", "replace").replace(str(folder), ".").strip()
    words = "".join(char if char.isprintable() or char in "\n\t" else "?" for char in text)[-TOLD:]
    return f"{name} ended with {code}" + (f": {words}" if words else "")


async def _feed(process: asyncio.subprocess.Process, said: bytes) -> None:
    """A program that reads nothing closes its end."""
    assert process.stdin is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(said)
        await process.stdin.drain()
    process.stdin.close()


async def _end_of(stream: asyncio.StreamReader | None) -> bytes:
    assert stream is not None
    kept = b""
    while piece := await stream.read(65536):
        kept = (kept + piece)[-MOST_BYTES:]
    return kept
