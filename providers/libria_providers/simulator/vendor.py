"""What a vendor's wire format is, declared for the server that speaks it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from libria_providers.simulator.models import Answer, Ask
from libria_providers.simulator.problems import Problem


class BadRequest(Exception):
    """The request's body is not what the vendor takes; the text is the vendor's message."""


@dataclass(frozen=True, slots=True)
class Tag:
    """What makes one reply's ids: its number, and the Unix time."""

    number: int
    now: float

    def hex(self, length: int) -> str:
        """Different for each reply of a simulator, the same in each run."""
        return hashlib.sha256(b"%d" % self.number).hexdigest()[:length]


@dataclass(frozen=True, slots=True)
class Parts:
    """A streamed answer as server-sent events. `deltas` is what fractions are of; `finish` is the
    index in `closing` of the event that says why the answer finished. The last of `closing` is the
    vendor's mark of the end, if it has one (`marked`)."""

    opening: list[bytes]
    deltas: list[bytes]
    closing: list[bytes]
    finish: int
    marked: bool = True


class Vendor(Protocol):
    """One format. Stateless."""

    @property
    def name(self) -> str: ...

    def read(self, body: bytes, headers: Mapping[str, str]) -> Ask:
        """Raises BadRequest."""
        ...

    def stream(self, answer: Answer, ask: Ask, tag: Tag) -> Parts: ...

    def whole(self, answer: Answer, ask: Ask, tag: Tag) -> bytes: ...

    def problem(self, problem: Problem, tag: Tag) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of an error reply."""
        ...

    def error_event(self, tag: Tag) -> bytes:
        """The event of an error in the middle of a stream."""
        ...

    def headers(self, tag: Tag) -> dict[str, str]:
        """On every reply: the request id."""
        ...

    def limits(self, tag: Tag) -> dict[str, str]:
        """Rate-limit headers."""
        ...

    def models(self, names: list[str], tag: Tag) -> bytes: ...
