"""Between stdio and the daemon, whichever it is: a client hears of the loss of one only by a `reset`.

Threads, because a client that does not read its answers must still be heard (its cancel, above all), and a poll
cannot tell how much a pipe takes: one reads the client, one each line (`outward`), the first watches and mends.
"""

import _thread
import socket
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from libria.connect import words
from libria.connect.calls import Asked
from libria.connect.frames import Frame, Frames, read, read_into
from libria.connect.head import Head, head
from libria.connect.lines import Client, Lines
from libria.connect.outward import Out
from libria.connect.watch import QUIET_SECONDS, Editor, look

LEAVE_SECONDS = 2.0
"""For the daemon to close, once the client has left."""

SMALL = 4096
"""Bytes that a message may have that only names a request or a token."""


def pump(connection: socket.socket, stdin: int = 0, stdout: int = 1) -> int:
    """Serve the client by this one daemon and return when either has left: as `forward` does."""
    return Forwarder(None, connection, stdin, stdout).run()


def forward(opened: Callable[[], socket.socket], stdin: int = 0, stdout: int = 1) -> int:
    """Serve the client, by as many daemons as it takes, and return when it has left. `opened` gives a greeted
    connection or raises NoDaemon.

    0 when the client left, or said `exit` after `shutdown`; 1 when it said `exit` alone, as LSP has it, or
    no daemon could be had in the end."""
    return Forwarder(opened, None, stdin, stdout).run()


class Forwarder:
    def __init__(
        self, opened: Callable[[], socket.socket] | None, only: socket.socket | None, stdin: int, stdout: int
    ) -> None:
        self._stdin = stdin
        self._out = Out(stdout)
        self._client = Client()
        self._lines = Lines(opened, only, self._client, self._out, self._ring)
        self._book = self._lines.book
        self._alone = only is not None
        self._gone = False  # there is nobody to wait for
        self._editor = Editor(stdout, self._vanished)
        # The first thread sleeps on this, without an end where nothing is in flight.
        self._bell = _thread.allocate_lock()
        self._bell.acquire()
        self._asleep = False

    def run(self) -> int:
        self._lines.current()
        _thread.start_new_thread(self._inward, ())
        looked, until = monotonic(), 0.0
        while not self._ended():
            leaving, now = self._leaving(), monotonic()
            if leaving:
                until = until or now + LEAVE_SECONDS
                if now >= until:
                    break
            self._asleep = not self._book.asked and not leaving
            wait = -1 if self._asleep and not self._book.asked else max(0.0, looked + QUIET_SECONDS - now)
            self._bell.acquire(timeout=wait)
            self._asleep = False
            if self._book.asked and not self._leaving() and not self._alone:
                self._lines.mend()
            now = monotonic()
            if now - looked >= QUIET_SECONDS * 0.9:
                self._look(now, 0.0 if wait < 0 else now - looked - QUIET_SECONDS)
                looked = now
        for line in list(self._lines.open):
            line.close()
        self._editor.rest()
        client = self._client
        if client.left or self._out.gone:
            return 1 if self._lines.why and not client.shutdown else 0
        return 0 if client.exit and client.shutdown else 1

    def _ended(self) -> bool:
        return self._gone or self._out.gone or (not self._lines.open and (self._alone or self._leaving()))

    def _leaving(self) -> bool:
        return self._client.left or self._client.exit

    def _look(self, now: float, late: float) -> None:
        waiting = {asked.line for asked in list(self._book.asked.values())}
        for line in look([line for line in waiting if line is not None and line.watched], now, late):
            line.hung()

    def _ring(self) -> None:
        with suppress(RuntimeError):  # it rings already
            self._bell.release()

    def _vanished(self) -> None:
        self._client.left = True
        self._gone = True
        self._ring()

    # The client's messages.

    def _inward(self) -> None:
        frames = Frames()
        with suppress(OSError):
            while True:
                room = frames.room()
                if room is not None:
                    with room:
                        size = read_into(self._stdin, room)
                    frame = frames.filled(size)
                    if frame is not None:
                        self._take(frame)
                else:
                    chunk = read(self._stdin)
                    size = len(chunk)
                    for frame in frames.feed(chunk):
                        self._take(frame)
                if not size:
                    break
                self._flush()
                if self._asleep and self._book.asked:
                    self._ring()
        self._client.left = True
        for line in list(self._lines.open):
            line.leave()
        self._ring()

    def _flush(self) -> None:
        for line in list(self._lines.open):
            line.flush()

    def _take(self, frame: Frame) -> None:
        told = head(frame.data, frame.body) if frame.body >= 0 else None
        if told is None:
            self._pass(frame)  # no message: the daemon says so
        elif told.method is None:
            self._to_all(frame)  # an answer: which of them has asked is not known
        elif told.id is None:
            self._notified(told.method, frame)
        else:
            self._requested(Asked(told.id, told.method, frame), told)

    def _requested(self, asked: Asked, told: Head) -> None:
        lines = self._lines
        while True:
            line = lines.current()
            if line is None:
                self._out.write(self._no_daemon(asked.id))
                return
            with self._book.lock:
                if lines.line is not line:
                    continue  # lost meanwhile, or about to end
                twice = asked.id in self._book.asked
                if not twice:
                    asked.line = line
                    self._book.add(asked)
                    line.queue(asked.frame.data)
                    if asked.method == "initialize":
                        lines.replay.initialize(asked.frame, told)
            break
        if twice:
            self._out.write(words.failed(asked.id, words.INVALID_REQUEST, words.TWICE))
        elif asked.method == "initialize":
            pid = words.process_of(asked.frame.data[asked.frame.body :])
            if pid is not None:
                self._editor.process(pid)
        elif asked.method == "shutdown":
            self._client.shutdown = True

    def _no_daemon(self, id: bytes) -> bytes:
        if self._client.shutdown or not self._lines.why:
            return words.failed(id, words.INVALID_REQUEST, words.ENDED)
        return words.failed(id, words.INTERNAL_ERROR, self._lines.why)

    def _notified(self, method: str, frame: Frame) -> None:
        if method == "$/cancelRequest":
            id = words.cancel_of(frame.data[frame.body :][:SMALL])
            self._cancelled(self._book.asked.get(id) if id is not None else None, frame)
        elif method == "window/workDoneProgress/cancel":
            token = words.token_of(frame.data[frame.body :][:SMALL])
            self._cancelled(self._book.shown_by(token) if token is not None else None, frame)
        elif method == "exit":
            self._to_all(frame)
            self._flush()
            self._client.exit = True
            self._ring()
        else:
            with self._book.lock:
                kept = self._lines.replay.notified(method, frame)
                line = self._lines.line
                if line is not None:
                    line.queue(frame.data)
            if line is None and not kept:  # what is kept can wait for a request, and starts no daemon
                self._pass(frame)

    def _cancelled(self, asked: Asked | None, frame: Frame) -> None:
        with self._book.lock:
            if asked is not None and self._book.asked.get(asked.id) is not asked:
                asked = None  # answered meanwhile
            line = self._lines.line if asked is None else asked.line
            if asked is not None:
                asked.cancelled = True
                if line is None and asked.task is None:
                    self._book.remove(asked)
        if line is not None:
            line.queue(frame.data)
        elif asked is not None and asked.task is None:
            self._out.write(words.settled(asked, words.CANCELLED, "The request was cancelled."))

    def _pass(self, frame: Frame) -> None:
        line = self._lines.current()
        if line is not None:
            line.queue(frame.data)

    def _to_all(self, frame: Frame) -> None:
        for line in list(self._lines.open):
            line.queue(frame.data)
