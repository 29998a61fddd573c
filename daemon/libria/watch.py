"""Whether the daemon's event loop turns, said by a thread beside it: `libria status` asks here when the loop does not
answer. At rest the thread sleeps in `accept`, and no timer runs."""

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

from libria import __version__, paths
from libria.connect.peer import same_user

if TYPE_CHECKING:
    import asyncio

NAME = "watch.sock"

PATIENCE_SECONDS = 1.0
"""For the loop to turn."""

GLANCE_SECONDS = 0.2
"""After which it is looked where the loop is, should it turn after all."""

MOST_FRAMES = 12

Json = Any


def socket_path() -> Path:
    return paths.socket_path().with_name(NAME)


class Watch:
    """Made and closed in the loop's own thread. Raises OSError where its socket cannot be."""

    def __init__(self, loop: "asyncio.AbstractEventLoop", path: Path | None = None) -> None:
        import threading

        self._loop = loop
        self._event = threading.Event
        self._thread = threading.get_ident()
        self._cpu = _cpu_clock(self._thread)
        self._asked: tuple[float, threading.Event] | None = None  # the last question to the loop
        self._closed = False
        self._path = path or socket_path()
        self._listener = _listening(self._path)
        self._inode = os.stat(self._path).st_ino
        threading.Thread(target=self._serve, name="watch", daemon=True).start()

    def close(self) -> None:
        """Take our own socket away, never one that a later daemon has put there."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):
            if os.stat(self._path).st_ino == self._inode:
                os.unlink(self._path)
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._listener.close()

    def _serve(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed; or no descriptor is left, which may pass
                time.sleep(0 if self._closed else GLANCE_SECONDS)
                continue
            with connection, contextlib.suppress(OSError):
                connection.settimeout(PATIENCE_SECONDS)
                if same_user(connection):
                    connection.sendall(json.dumps(self._look()).encode())

    def _look(self) -> dict[str, Json]:
        """`seconds` since the loop was asked to turn, by us or whoever looked before; `busy` is whether it computes,
        else it waits for something, where nothing should."""
        began, cpu = time.monotonic(), self._cpu()
        asked, turned = self._ask()
        where: list[str] = []
        if not turned.wait(GLANCE_SECONDS):
            where = _where(self._thread)
            if not turned.wait(PATIENCE_SECONDS - GLANCE_SECONDS):
                where = _where(self._thread)
        now = time.monotonic()
        return {
            "pid": os.getpid(),
            "version": __version__,
            "turned": turned.is_set(),
            "seconds": round(now - asked, 3),
            "busy": self._cpu() - cpu > (now - began) / 10,  # on a crowded machine it gets no more
            "where": where,
        }

    def _ask(self) -> "tuple[float, Any]":
        if self._asked is None or self._asked[1].is_set():
            self._asked = (time.monotonic(), self._event())
            try:
                self._loop.call_soon_threadsafe(self._asked[1].set)
            except RuntimeError:
                self._asked[1].set()  # it has ended, and so does the process
        return self._asked


def ask(path: Path | None = None) -> dict[str, Json] | None:
    """What the watch of the daemon says, None where there is none or it is silent too. For the commands."""
    connection = socket.socket(socket.AF_UNIX)
    with connection:
        try:
            connection.settimeout(PATIENCE_SECONDS * 2)
            connection.connect(str(path or socket_path()))
            if not same_user(connection):
                return None
            said = b""
            while piece := connection.recv(65536):
                said += piece
            found: Json = json.loads(said)
        except (OSError, ValueError):
            return None
    return cast("dict[str, Json]", found) if isinstance(found, dict) else None


def _listening(path: Path) -> socket.socket:
    """At a name of its own first, so that `path` is never one at which nobody answers."""
    paths.ensure_private_dir(path.parent)
    new = path.with_name(f"w{os.getpid() % 10**8}")  # no longer than the name it gets
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new)
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        listener.bind(str(new))
        listener.listen(64)
        os.rename(new, path)
    except OSError:
        listener.close()
        with contextlib.suppress(OSError):
            os.unlink(new)
        raise
    finally:
        os.umask(mask)
    return listener


def _where(thread: int) -> list[str]:
    """The place first, then who called it: files and functions, never values."""
    frames: dict[int, FrameType] = sys._current_frames()  # pyright: ignore[reportPrivateUsage]  # documented
    frame = frames.get(thread)
    places: list[str] = []
    while frame is not None and len(places) < MOST_FRAMES:
        code = frame.f_code
        places.append(f"{'/'.join(Path(code.co_filename).parts[-3:])}:{frame.f_lineno} ({code.co_name})")
        frame = frame.f_back
    return places


def _cpu_clock(thread: int) -> Callable[[], float]:
    """Of that thread; of all of them where the system has no such clock."""
    find = getattr(time, "pthread_getcpuclockid", None)
    if find is None:
        return time.process_time
    clock: int = find(thread)
    return lambda: time.clock_gettime(clock)
