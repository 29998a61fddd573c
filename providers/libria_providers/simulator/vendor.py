"""What a vendor's wire format is, declared for the server that speaks it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from libria_providers.simulator.models import Answer, Ask
from libria_providers.simulator.problems import Problem
from libria_providers.simulator.wire import Request

JSON = "application/json"


class BadRequest(Exception):
    """The request is not what the vendor takes; the text is the vendor's message. `code` and `param`
    are said by those that have such; a `status` of 0 is the usual one."""

    def __init__(self, message: str, *, status: int = 0, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param


@dataclass(frozen=True, slots=True)
class Tag:
    """What makes one reply's ids: its number, and the Unix time."""

    number: int
    now: float

    def hex(self, length: int) -> str:
        """Different for each reply of a simulator, the same in each run."""
        return hashlib.sha256(b"%d" % self.number).hexdigest()[:length]

    @property
    def uuid(self) -> str:
        digits = self.hex(32)
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


@dataclass(frozen=True, slots=True)
class Framing:
    """How a stream is cut into events. `end` is what each of them ends with, `alive` what says nothing
    and keeps a connection alive. In `one` value that spans the stream, broken JSON must not reach over
    into the next event."""

    type: str
    end: bytes
    alive: bytes
    one: bool = False

    def broken(self, event: bytes) -> bytes:
        """`event` with JSON that cannot be read."""
        if self.one:
            return event.replace(b":", b";", 1)
        whole = event.removesuffix(self.end)
        return whole[: -len(event) // 3] + self.end


EVENTS = Framing("text/event-stream; charset=utf-8", b"\n\n", b": keep-alive\n\n")
LINES = Framing("application/x-ndjson", b"\n", b"\n")


@dataclass(frozen=True, slots=True)
class Parts:
    """A streamed answer in events. `deltas` is what fractions are of; `finish` is the index in
    `closing` of the event that says why the answer finished. With `marked`, the last of `closing` is
    the vendor's mark of the end and nothing else. `failure` gives what is said of an error after so many
    events, upon which a vendor that `hangs_up` closes the connection."""

    opening: list[bytes]
    deltas: list[bytes]
    closing: list[bytes]
    finish: int
    failure: Callable[[int], list[bytes]]
    framing: Framing = EVENTS
    marked: bool = True
    hangs_up: bool = False


class Telling:
    """Collects the events of a stream: what comes before the first delta is its opening, what comes
    after the last its closing."""

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self._first: int | None = None
        self._last = 0

    def say(self, event: bytes) -> None:
        self.events.append(event)

    def delta(self, event: bytes) -> None:
        if self._first is None:
            self._first = len(self.events)
        self.events.append(event)
        self._last = len(self.events)

    def split(self, opening: int) -> tuple[list[bytes], list[bytes], list[bytes]]:
        """Opening, deltas, closing; without any delta the first `opening` events are the opening."""
        first = opening if self._first is None else self._first
        last = max(first, self._last)
        return self.events[:first], self.events[first:last], self.events[last:]


@dataclass(frozen=True, slots=True)
class Whole:
    """A reply of one body."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    type: str = JSON


class Site(Protocol):
    """What all replies of one vendor have in common. Stateless."""

    @property
    def name(self) -> str: ...

    def problem(self, problem: Problem, tag: Tag) -> Whole:
        """With most vendors an error status and a body of JSON."""
        ...

    def headers(self, tag: Tag) -> dict[str, str]:
        """On every reply: the request id."""
        ...

    def limits(self, tag: Tag) -> dict[str, str]:
        """Rate-limit headers, of a vendor that has such."""
        ...

    def models(self, names: list[str], tag: Tag) -> bytes: ...


class Vendor(Site, Protocol):
    """One format of a vendor's."""

    def read(self, http: Request) -> Ask:
        """Raises BadRequest."""
        ...

    def stream(self, answer: Answer, ask: Ask, tag: Tag) -> Parts: ...

    def whole(self, answer: Answer, ask: Ask, tag: Tag) -> bytes: ...
