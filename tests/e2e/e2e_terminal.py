"""A command in a terminal of its own, and what a person would see there."""

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
from collections.abc import Callable
from typing import Any, Self

import pyte
from e2e_client import WITHIN
from e2e_home import Home, command


class Screen:
    """`libria ARGUMENTS` in a terminal of that size, told apart from the test's by a pseudo-terminal."""

    def __init__(self, home: Home, *arguments: str, columns: int = 80, rows: int = 24, **env: str) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""
        self.master, self._slave = pty.openpty()
        self.resize(columns, rows)
        self.before: Any = termios.tcgetattr(self._slave)
        self.process = subprocess.Popen(
            [*command(), *arguments],
            env=home.env({"TERM": "xterm-256color", "LANG": "C.UTF-8", **env}),
            stdin=self._slave, stdout=self._slave, stderr=self._slave,
            start_new_session=True, preexec_fn=self._control,
        )  # fmt: skip
        self._news = asyncio.Event()
        os.set_blocking(self.master, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.master, self._read)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.remove_reader(self.master)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self._slave)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def restored(self) -> bool:
        """Whether the terminal is as it was before."""
        return termios.tcgetattr(self._slave) == self.before and self.written.rstrip().count(b"\x1b[?1049h") == (
            self.written.count(b"\x1b[?1049l")
        )

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        self._screen.resize(rows, columns)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    async def until(self, holds: Callable[[str], object]) -> str:
        """The text of the screen once `holds` is true of it."""
        try:
            async with asyncio.timeout(WITHIN):
                while not holds(self.text):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise TimeoutError(f"the screen never showed it, but:\n{self.text}") from None
        return self.text

    async def ended(self) -> int:
        async with asyncio.timeout(WITHIN):
            code = await asyncio.to_thread(self.process.wait)
        with contextlib.suppress(OSError):
            self._read()
        return code

    def _read(self) -> None:
        try:
            data = os.read(self.master, 65536)
        except (BlockingIOError, OSError):
            return
        self.written += data
        self._stream.feed(data)
        self._news.set()

    def _control(self) -> None:
        """So that Ctrl-C and a change of size reach the command."""
        fcntl.ioctl(self._slave, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
