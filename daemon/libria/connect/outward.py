"""From a daemon to the client: whole messages only, each looked at as little as possible.

A stream is thousands of small frames, so a frame costs a `find`, an `int` and a comparison; what its progress
says is read only when its daemon is lost (`calls.Asked`).
"""

import json
import os
import re
import select
from _thread import LockType, allocate_lock
from contextlib import suppress
from time import sleep
from typing import Any, Protocol, cast

from libria.connect import words
from libria.connect.calls import HARMLESS, KIND, PROGRESS, TAIL, TASK, Asked, Book
from libria.connect.frames import SIZE
from libria.connect.head import ID, head, spelt, written
from libria.connect.line import Line

LENGTH = b"Content-Length: "
MAX_HEADER_BYTES = 200
"""A daemon writes that one header."""

SETTLE_SECONDS = 0.01
"""After a daemon that went without a word: killed, it may listen for a moment still."""

ANSWER = b'{"jsonrpc":"2.0","id":'
REFUSED = b',"error":{"code":-32802,'
LAST_MESSAGE = "libria/taskMessage"
OURS = ("libria/welcome", "libria/moved", "libria/refused")

_ID = re.compile(ID, re.DOTALL)


class Host(Protocol):
    """Who has the lines. `orphaned`: a daemon that ends did not take this request."""

    book: Book
    out: "Out"

    def lost(self, line: Line) -> None: ...
    def told(self, line: Line, method: str, params: object) -> None: ...
    def orphaned(self, asked: Asked) -> None: ...
    def greeted(self, answer: bytes) -> None: ...


class Broken(Exception):
    """What came is no frame of a daemon."""


class Out:
    """The client's end. `gone` is set once it does not take anything any more."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock: LockType = allocate_lock()
        self.gone = False

    def write(self, data: bytes | memoryview) -> None:
        """All of it, nothing else in between."""
        with self._lock:
            try:
                while not self.gone:
                    try:
                        written = os.write(self._descriptor, data)
                    except BlockingIOError:  # somebody made it non-blocking, as some editors do
                        select.select([], [self._descriptor], [])
                        continue
                    if written == len(data):
                        return
                    data = memoryview(data)[written:]
            except OSError:
                self.gone = True


class Outward:
    """Reads one line, in a thread of its own."""

    def __init__(self, line: Line, host: Host) -> None:
        self._line = line
        self._host = host
        self._book = host.book
        self._known: Asked | None = None  # whose progress came last

    def run(self) -> None:
        with suppress(OSError, Broken):
            self._run()
        self._line.close()
        if self._line.watched and not self._line.heard:
            sleep(SETTLE_SECONDS)
        self._host.lost(self._line)
        self._line.free()

    def _run(self) -> None:
        line, buffer, have = self._line, bytearray(SIZE), 0
        view, receive = memoryview(buffer), line.connection.recv_into
        while size := receive(view[have:]):
            line.heard += 1
            have += size
            used, need = self._walk(buffer, view, have)
            if need > SIZE:
                if not self._large(view[used:have], need):
                    return
                used = have
            if used:
                have -= used
                if have:
                    buffer[:have] = buffer[used : used + have]
            if self._host.out.gone:
                return

    def _walk(self, buffer: bytearray, view: memoryview, have: int) -> tuple[int, int]:
        """Hand on all whole frames in `buffer[:have]`. How many bytes they were, and how many the next one has."""
        start = place = need = seen = 0  # seen: the end of the latest progress of `known`
        known = self._known
        while True:
            end = buffer.find(b"\r\n\r\n", place, have)
            if end < 0:
                if have - place > MAX_HEADER_BYTES:
                    raise Broken
                break
            body = end + 4
            stop = body + _length(buffer, place, end)
            if stop > have:
                need = stop - place
                break
            if known is not None and buffer.startswith(known.prefix, body):
                seen = stop
            else:
                if known is not None and seen:
                    known.last = bytes(buffer[seen - TAIL : seen])
                    seen = 0
                passes = self._look(buffer, body, stop)
                known = self._known
                if not passes:
                    self._write(view[start:place])
                    start = stop
            place = stop
        if known is not None and seen:
            known.last = bytes(buffer[seen - TAIL : seen])
        self._write(view[start:place])
        return place, need

    def _large(self, begun: memoryview, need: int) -> bool:
        """A frame larger than the buffer, of which `begun` is there. False at the end of the line."""
        frame = bytearray(need)
        have = len(begun)
        frame[:have] = begun
        with memoryview(frame) as view:
            while have < need:
                size = self._line.connection.recv_into(view[have:])
                if not size:
                    return False
                self._line.heard += 1
                have += size
            if self._look(frame, frame.find(b"\r\n\r\n") + 4, need):
                self._write(view)
        return True

    def _write(self, data: memoryview) -> None:
        if data:
            self._line.busy = True
            self._host.out.write(data)
            self._line.busy = False

    def _look(self, data: bytearray, body: int, stop: int) -> bool:
        """Note what this message is. Whether the client is to have it."""
        if data.startswith(PROGRESS, body):
            found = _ID.match(data, body + len(PROGRESS), stop)
            if found is not None and data.startswith(KIND, found.end()):
                return self._progress(spelt(found[0]), data, body, found.end() + len(KIND), stop)
        elif data.startswith(ANSWER, body):
            found = _ID.match(data, body + len(ANSWER), stop)
            if found is not None and data.startswith((b',"result"', b',"error"'), found.end()):
                return self._answer(spelt(found[0]), data, body, found.end(), stop)
        told = head(data, body, stop)
        if told is None:
            return True
        if told.method is None:
            return self._answer(told.id, data, body, body, stop) if told.id else self._nobodys(data, body, stop)
        if told.method == LAST_MESSAGE:
            return self._last(_member(_member(_decoded(data[body:stop]), "params"), "task_id"))
        if told.id is None and told.method in OURS:
            self._line.known = True
            self._host.told(self._line, told.method, _member(_decoded(data[body:stop]), "params"))
            return False
        if told.method == "$/progress":
            return self._unusual_progress(data, body, stop)
        return True

    def _progress(self, token: bytes, data: bytearray, body: int, kind: int, stop: int) -> bool:
        asked = self._book.tokens.get(token)
        if asked is not None and asked.line is self._line:
            if not asked.first:
                asked.first = bytes(data[body:stop])
            asked.last = bytes(data[max(body, stop - TAIL) : stop])
            self._known = asked
            return True
        work = self._book.works.get(token)
        return work is None or _work(work, bytes(data[kind : kind + 7]))

    def _answered(self, asked: Asked, data: bytearray, body: int, after: int, stop: int) -> None:
        """A task is not over with its acknowledgment."""
        if asked.method == TASK and not data.startswith(b',"error"', after):
            task = _member(_member(_decoded(data[body:stop]), "result"), "task_id")
            if isinstance(task, str):
                self._book.acknowledge(asked, task)
                return
        self._book.remove(asked)

    def _told_again(self, asked: Asked, data: bytearray, after: int, stop: int) -> bool:
        """The answer to a task that another daemon had acknowledged: nothing for the client but what ends it. A daemon
        that ends did not take it, and this line ends with it."""
        if data.startswith(b',"error"', after) and not data.startswith(REFUSED, after):
            error = _member(_decoded(bytearray(b"{" + data[after + 1 : stop])), "error")
            said = _member(error, "message")
            self._book.remove(asked)
            kind = _member(_member(error, "data"), "kind")
            if _member(error, "code") == words.CANCELLED:
                kind = "cancelled"
            kind, said = kind if isinstance(kind, str) else "disconnected", said if isinstance(said, str) else ""
            self._host.out.write(words.escalated(asked.task or "", kind, said))
        return False

    def _last(self, task: object) -> bool:
        with self._book.lock:
            asked = self._book.tasks.get(task) if isinstance(task, str) else None
            if asked is None:
                return True
            if asked.line is not self._line:
                return False
            self._book.remove(asked)
        if self._known is asked:
            self._known = None
        return True

    def _unusual_progress(self, data: bytearray, body: int, stop: int) -> bool:
        """As no daemon of ours writes it."""
        params = cast(dict[str, Any], _member(_decoded(data[body:stop]), "params"))
        try:
            token, value = written(params["token"]), params["value"]
            asked = self._book.tokens.get(token)
            if asked is not None and asked.line is self._line:
                asked.first = asked.first or bytes(data[body:stop])
                asked.last = b'"seq":%d' % value["seq"]
            elif token in self._book.works:
                return _work(self._book.works[token], b'"%b"' % value["kind"].encode())
        except (LookupError, TypeError, AttributeError):
            pass
        return True

    def _nobodys(self, data: bytearray, body: int, stop: int) -> bool:
        """An error without an id: the daemon turns us away, or could not read something."""
        line = self._line
        if line.watched and not line.known:
            error = _member(_decoded(data[body:stop]), "error")
            message = _member(error, "message")
            line.refused = message if isinstance(message, str) else None
            return line.refused is None
        with self._book.lock:
            for asked in list(self._book.asked.values()):
                if asked.line is line and not asked.readable():
                    self._book.remove(asked)
        return True

    def _answer(self, id: bytes, data: bytearray, body: int, after: int, stop: int) -> bool:
        book = self._book
        with book.lock:
            asked = book.asked.get(id)
            if asked is None:
                return not id.startswith(b'"libria/')  # else the forwarder's own question
            if asked.line is not self._line:
                return False
            if asked.task is not None:
                return self._told_again(asked, data, after, stop)
            refused = self._line.moved and data.startswith(REFUSED, after)
            if not refused or asked.cancelled or asked.method not in HARMLESS:
                self._answered(asked, data, body, after, stop)
                refused = False
        self._line.known = True
        if self._known is asked:
            self._known = None
        if refused:
            self._host.orphaned(asked)
            return False
        if asked.method == "initialize":
            self._host.greeted(bytes(data[body:stop]))
        return True


def _length(data: bytearray, place: int, end: int) -> int:
    try:
        if data.startswith(LENGTH, place):
            return int(data[place + 16 : end])
    except ValueError:
        pass
    raise Broken


def _work(asked: Asked, kind: bytes) -> bool:
    """Work-done progress begins once and ends once, however often it is asked for."""
    if asked.work_ended or (asked.work_told and kind == b'"begin"'):
        return False
    asked.work_told = True
    asked.work_ended = kind.startswith(b'"end"')
    return True


def _decoded(body: bytearray) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _member(value: object, name: str) -> object:
    return cast(dict[str, object], value).get(name) if isinstance(value, dict) else None
