"""The connections to daemons: which one takes what is new, and what becomes of the requests of one that is lost."""

import _thread
import socket
import sys
from collections.abc import Callable

from libria import __version__
from libria.connect import words
from libria.connect.calls import HARMLESS, LIFE, LIVES, Asked, Book
from libria.connect.daemon import NoDaemon
from libria.connect.line import Line
from libria.connect.outward import Out, Outward
from libria.connect.replay import Replay

OPENINGS = 3
"""Daemons that may end right when they are joined, before the client hears of it."""


class Client:
    """What the client has said of its end."""

    left = False  # it sends no more, or is not there any more
    shutdown = False
    exit = False


class Lines:
    """`opened` gives a greeted connection or raises NoDaemon; without it there is the one connection `only`. `ring`
    is called when there is something to do for who sleeps: `mend`, or nothing left."""

    def __init__(
        self,
        opened: Callable[[], socket.socket] | None,
        only: socket.socket | None,
        client: Client,
        out: Out,
        ring: Callable[[], None],
    ) -> None:
        self.book = Book()
        self.out = out
        self.replay = Replay()
        self.why = ""  # there is no daemon
        # Changed under the book's lock: where new requests go, and all lines that are read.
        self.line: Line | None = None
        self.open: list[Line] = []
        self._opened = opened
        self._only = only
        self._client = client
        self._ring = ring
        self._opening = _thread.allocate_lock()
        self._upgrading = False

    def current(self) -> Line | None:
        """Where new requests go; without one, `why` says why not, unless the client itself has ended."""
        line = self.line
        if line is not None:
            return line
        with self._opening:
            for _ in range(OPENINGS):
                if self.line is not None:
                    return self.line
                client = self._client
                if client.shutdown or client.exit or client.left or (self._opened is None and self._only is None):
                    return None
                try:
                    self._open()
                except NoDaemon as error:
                    self._complain(str(error))
                    return None
            if self.line is None:
                self._complain(self.why or "The daemon ended right after it had started; see its log: libria log")
            return self.line

    def mend(self) -> None:
        """Requests whose daemon was lost go to another."""
        if not self.book.orphans():
            return
        line = self.current()
        if line is not None:
            self._ask_again(line)
            return
        with self.book.lock:
            orphans = self.book.orphans()
            for asked in orphans:
                self.book.remove(asked)
        for asked in orphans:
            self.out.write(words.settled(asked, words.SERVER_CANCELLED, self.why or words.ENDED))

    # What the lines' readers tell (`outward.Host`).

    def lost(self, line: Line) -> None:
        """All that came has been read."""
        settled: list[bytes] = []
        with self.book.lock:
            self.open.remove(line)
            if self.line is line:
                self.line = None
                self.why = line.refused or self.why
            for asked in [asked for asked in self.book.asked.values() if asked.line is line]:
                asked.line = None
                asked.losses += LIFE if line.heard else 1
                answer = self._last_word(asked, line)
                if answer:
                    settled.append(answer)
                    self.book.remove(asked)
        if settled:
            self.out.write(b"".join(settled))
        self._ring()

    def orphaned(self, asked: Asked) -> None:
        with self.book.lock:
            asked.line = None
        self._ring()

    def greeted(self, answer: bytes) -> None:
        with self.book.lock:
            self.replay.greeted(answer)

    def told(self, line: Line, method: str, params: object) -> None:
        given: dict[str, object] = params if isinstance(params, dict) else {}  # pyright: ignore[reportUnknownVariableType]  # JSON
        if method == "libria/moved":
            with self.book.lock:
                line.moved = True
                if self.line is line:
                    self.line = None
        elif method == "libria/refused":
            line.refused = str(given.get("message") or "The daemon speaks another protocol; end it with: libria stop")
        elif method == "libria/welcome" and not self._upgrading and _older(given.get("version")):
            self._upgrading = True
            _thread.start_new_thread(_upgrade, ())

    def _open(self) -> None:
        if self._opened is None:
            assert self._only is not None
            line = Line(self._only, watched=False)
            self._only = None
        else:
            line = Line(self._opened(), watched=True)
        self.why = ""
        with line.writing:  # nothing goes there before this
            with self.book.lock:
                self.open.append(line)
                self.line = line
                greeting = next((one for one in self.book.orphans() if one.method == "initialize"), None)
                if greeting is not None:
                    greeting.line = line
                told = self.replay.frames(greeting.frame.data if greeting is not None else None)
            _thread.start_new_thread(Outward(line, self).run, ())
            line.say(told)
        self._ask_again(line)

    def _ask_again(self, line: Line) -> None:
        with self.book.lock:
            if self.line is not line:
                return
            orphans = self.book.orphans()
            for asked in orphans:
                asked.line = line
        for asked in orphans:
            line.send([words.again(asked), asked.frame.data])
            if asked.cancelled:
                line.send([words.cancel(asked)])  # the client's own may have come too early

    def _last_word(self, asked: Asked, line: Line) -> bytes:
        """The answer to what is not asked again."""
        if self._client.left or self._opened is None:
            return b""  # nobody waits
        if asked.cancelled and asked.task is None:
            return words.settled(asked, words.CANCELLED, "The request was cancelled.")
        if line.refused is not None:
            return words.settled(asked, words.INTERNAL_ERROR, line.refused)
        if asked.losses >= LIVES * LIFE:
            return words.settled(asked, words.SERVER_CANCELLED, words.LOST_OFTEN)
        if self._client.shutdown or asked.method not in HARMLESS:
            return words.settled(asked, words.SERVER_CANCELLED, words.LOST)
        return b""

    def _complain(self, why: str) -> None:
        if why != self.why:
            sys.stderr.write(f"libria: {why}\n")
            sys.stderr.flush()
        self.why = why


def _older(version: object) -> bool:
    if version == __version__ or not isinstance(version, str):
        return False
    from libria.connect.upgrade import older

    return older(version, __version__)


def _upgrade() -> None:
    from libria.connect.upgrade import upgrade

    try:
        upgrade()
    except OSError as error:
        sys.stderr.write(f"libria: {error}\n")
