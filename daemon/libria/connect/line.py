"""One connection to a daemon: what goes there, and whether anybody is at the other end."""

import _thread
import socket
import struct
from contextlib import suppress

from libria.connect.words import PING

STEP_SECONDS = 1
"""How long a send may stand still until its sender looks around."""

STILL_STEPS = 6
"""So many of them, without a byte from the daemon, and it hangs: as long as a ping may take."""

JOINED = 64 * 1024


class Lost(OSError):
    """There is nobody at the other end."""


class Line:
    """`heard` counts what came from the daemon; `busy`: what came is being written to the client, who may be slow.
    With `watched` a daemon that hangs may be ended."""

    def __init__(self, connection: socket.socket, *, watched: bool) -> None:
        self.connection = connection
        self.watched = watched
        self.heard = 0
        self.busy = False
        self.known = False  # the daemon has taken us in
        self.moved = False  # it drains for a successor
        self.refused: str | None = None
        self.writing = _thread.allocate_lock()
        self._queue: list[bytes | bytearray] = []
        # What the watch knows (`watch.look`).
        self.marked = -1
        self.quiet_since = 0.0
        self.pinged: float | None = None
        step = struct.pack("ll", STEP_SECONDS, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, step)

    def queue(self, data: bytes | bytearray) -> None:
        """With the next `flush`; for the thread that reads the client only."""
        self._queue.append(data)

    def flush(self) -> None:
        if self._queue:
            queue, self._queue = self._queue, []
            self.send(queue)

    def send(self, frames: list[bytes | bytearray]) -> None:
        """What cannot be said is lost: whoever reads this line will find it dead."""
        with self.writing:
            self.say(frames)

    def say(self, frames: list[bytes | bytearray]) -> None:
        """The same, for who holds `writing`."""
        with suppress(OSError):
            if len(frames) > 1 and sum(map(len, frames)) <= JOINED:
                self._send(b"".join(frames))
            else:
                for frame in frames:
                    self._send(frame)

    def ping(self) -> None:
        """Unless something is being sent, which is as good a question."""
        if self.writing.acquire(blocking=False):
            try:
                with suppress(OSError):
                    self.connection.send(PING, socket.MSG_DONTWAIT)
            finally:
                self.writing.release()

    def _send(self, data: bytes | bytearray) -> None:
        rest = memoryview(data)
        still, heard = 0, self.heard
        while rest:
            try:
                rest = rest[self.connection.send(rest) :]
                still = 0
            except BlockingIOError:
                still = still + 1 if self.heard == heard and not self.busy else 0
                heard = self.heard
                if self.watched and still >= STILL_STEPS:
                    self.hung()
                    raise Lost from None

    def hung(self) -> None:
        """End the daemon, and this line with it."""
        from libria.connect.daemon import NoDaemon, end_hung

        with suppress(NoDaemon, OSError):
            end_hung(self.connection)
        self.close()

    def leave(self) -> None:
        """The client says no more."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Whoever reads finds the end, and whoever writes."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def free(self) -> None:
        """It is closed, and nobody reads it any more."""
        with self.writing:
            self.connection.close()
