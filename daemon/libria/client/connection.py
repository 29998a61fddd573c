"""One connection to a daemon that any number of threads share: whoever waits for an answer reads for all of them.

So there is no thread of ours, nothing is read that nobody waits for, and Ctrl-C interrupts the wait.
"""

import select
import socket
import threading
from collections import deque
from contextlib import suppress
from typing import Any

from libria.client.calls import Book, Call
from libria.client.errors import DaemonGone
from libria.client.wire import Incoming, framed

Json = Any  # whatever JSON can say

PATIENCE = 2.0
"""Seconds of silence, after which the daemon is asked whether it is there."""

PING_WAIT = 5.0
"""Seconds for its answer to that; it answers in a millisecond, whatever else it does."""

SEND_WAIT = 30.0
"""Seconds for the daemon to take what is sent; it reads while it works."""

RECEIVE = 64 * 1024

PING = framed({"id": "libria/ping", "method": "libria/ping"})


class Connection:
    """`lost` says why nothing comes any more; calls that have no outcome then have to be asked elsewhere. `heard`: the
    daemon has said something."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(SEND_WAIT)
        self.lost: DaemonGone | None = None
        self.heard = False
        self._socket = connection
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._incoming = Incoming()
        self._book = Book()
        self._turn = threading.Condition()  # for all but what is sent
        self._reading = False
        self._outgoing: deque[bytes] = deque()
        self._sending = threading.Lock()

    def ask(self, call: Call, frames: bytes) -> None:
        with self._turn:
            self._book.add(call)
        self._send(frames)

    def wait(self, call: Call) -> dict[str, Json] | None:
        """Its next progress, None once there is an outcome. Raises DaemonGone."""
        with self._turn:
            while not call.inbox and call.outcome is None:
                if self.lost is not None:
                    raise DaemonGone(
                        self.lost.message
                    )  # one of its own for each that waits: they keep their tracebacks
                if self._reading:
                    self._turn.wait()
                else:
                    self._read()
            return call.inbox.popleft() if call.inbox else None

    def cancel(self, call: Call) -> None:
        """From wherever it comes, a finalizer in the middle of another's send as well."""
        with suppress(ValueError):
            self._outgoing.append(call.cancel())
        self._flush()

    def forget(self, call: Call) -> None:
        with self._turn:
            self._book.remove(call)

    def close(self) -> None:
        """Whatever is under way ends with it."""
        with self._turn:
            self._lose(DaemonGone("The client was closed."))
            if self._reading:
                self._hang_up()  # whoever reads finds the end
            else:
                self._end()

    def __del__(self) -> None:
        self._socket.close()

    def _read(self) -> None:
        """For everybody, with the turn given away meanwhile."""
        self._reading = True
        self._turn.release()
        data = b""
        error = DaemonGone()
        try:
            data = self._receive()
        except OSError as lost:
            error = lost if isinstance(lost, DaemonGone) else error
        finally:
            self._turn.acquire()
            self._reading = False
            self._turn.notify_all()
        if not data:
            self._lose(error)
            self._end()
            return
        self.heard = True
        replies = b""
        try:
            for message in self._incoming.feed(data):
                replies += self._book.take(message)[1]
        except BaseException as broken:
            # What was in hand is lost: the others have to ask again.
            self._lose(broken if isinstance(broken, DaemonGone) else DaemonGone())
            self._end()
            if not isinstance(broken, DaemonGone):
                raise
        if replies:
            self._send(replies)

    def _lose(self, why: DaemonGone) -> None:
        self.lost = self.lost or why
        self._turn.notify_all()

    def _receive(self) -> bytes:
        if not self._poll.poll(PATIENCE * 1000):
            self._send(PING)
            if not self._poll.poll(PING_WAIT * 1000):
                self._end_hung()
                return b""
        return self._socket.recv(RECEIVE)

    def _end_hung(self) -> None:
        """As the forwarder does: it holds up every tool of the user's."""
        from libria.connect.daemon import end_hung

        with suppress(OSError):
            end_hung(self._socket)

    def _send(self, frames: bytes) -> None:
        """What cannot be said is lost: whoever reads finds out, and why."""
        self._outgoing.append(frames)
        self._flush()

    def _flush(self) -> None:
        while self._outgoing and self._sending.acquire(blocking=False):
            try:
                with suppress(IndexError):
                    self._socket.sendall(self._outgoing.popleft())
            except OSError:
                self._outgoing.clear()
            except BaseException:
                self._hang_up()  # half a frame is out: nothing can follow it
                raise
            finally:
                self._sending.release()

    def _hang_up(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _end(self) -> None:
        """For who reads, or nobody does."""
        self._hang_up()
        with self._sending:
            self._socket.close()
