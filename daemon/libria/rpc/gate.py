"""Who gets in, and what all connections of a process may hold together: nobody else's, and nobody's without end."""

import asyncio
import logging
import resource
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import Literal, Protocol

import msgspec

from libria.connect.loopback import FIRST, Secrets
from libria.connect.peer import same_user
from libria.rpc.codes import REQUEST_FAILED, RpcError
from libria_providers.types import Json

log = logging.getLogger("libria.rpc.gate")

Why = Literal["foreign", "stranger", "full", "silent", "hoarding"]

STRANGERS = 64
"""That are connected and have not said the word: one more, and the first of them has to go."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """`sessions` at once; `requests` of one session that are not answered; `first_frame` seconds until a client has
    said something whole, None where the client is this process's own; `held` bytes of unfinished frames, of all
    connections together, each of which may have one of `framing.MAX_MESSAGE_BYTES`. `faults` that one client may make
    at once, and `faults_per_second` from there on: a client that sends nonsense is read no faster than that."""

    sessions: int = 1000
    requests: int = 5000
    first_frame: float | None = 10.0
    held: int = 512 * 1024 * 1024
    faults: int = 500
    faults_per_second: float = 200.0


def bounds_here() -> Bounds:
    """Half of the descriptors that this process may have are for clients: the others are for what those ask."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    bounds = Bounds()
    if files == resource.RLIM_INFINITY:
        return bounds
    return replace(bounds, sessions=max(1, min(bounds.sessions, files // 2)))


class Guest(Protocol):
    """A connection, as far as the gate knows it."""

    def turn_away(self, why: Why, error: RpcError) -> None: ...


class Gate:
    """One for all connections of a process. `turned_away` counts those that had to go. With `secrets`, who comes by
    TCP is a stranger until it has said the word, and nothing that it says is looked at."""

    def __init__(self, bounds: Bounds, secrets: Secrets | None = None) -> None:
        self.bounds = bounds
        self.secrets = secrets
        self._strangers: dict[Guest, None] = {}
        self.turned_away: Counter[Why] = Counter()
        self._inside: set[Guest] = set()
        self._held: dict[Guest, int] = {}  # the first has been silent for longest
        self._held_sum = 0

    def enter(self, guest: Guest, transport: asyncio.BaseTransport) -> bool:
        """Whether `guest` may stay; it is turned away where not. Before a byte of it is read."""
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.family == _UNIX and not same_user(connection):
            self._turn_away(guest, "foreign", "This daemon is another user's.")
            return False
        if len(self._inside) >= self.bounds.sessions:
            self._turn_away(
                guest, "full", f"The daemon has {self.bounds.sessions} clients, the most it takes; end some of them."
            )
            return False
        self._inside.add(guest)
        if self.secrets is not None:
            self._strangers[guest] = None
            if len(self._strangers) > STRANGERS:
                self._turn_away(next(iter(self._strangers)), "stranger", "")
        return True

    def is_strange(self, guest: Guest) -> bool:
        return guest in self._strangers

    def admit(self, guest: Guest, body: bytes | None) -> bytes | None:
        """What a stranger is answered whose first frame is `body` and right; None, and it is turned away, where not.
        In time that does not depend on how much of the word is right."""
        assert self.secrets is not None
        try:
            first = _first.decode(body or b"")
            known = compare_digest(first.params.token.encode(), self.secrets.token.encode())
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            known = False
        if not known:
            self._turn_away(guest, "stranger", "")
            return None
        del self._strangers[guest]
        return msgspec.json.encode({"jsonrpc": "2.0", "id": FIRST, "result": {"proof": self.secrets.proof}})

    def expect(self, guest: Guest) -> Callable[[], None]:
        """Turn `guest` away unless what this returns is called in time."""
        seconds = self.bounds.first_frame
        if seconds is None:
            return _nothing
        message = f"A client has to say something within {seconds:g} s; connect again when there is something to say."
        loop = asyncio.get_running_loop()
        return loop.call_later(seconds, self._turn_away, guest, "silent", message).cancel

    def holds(self, guest: Guest, size: int) -> None:
        """How much of an unfinished frame there is of `guest` now. Where all have too much together, who said
        nothing for longest is turned away: whoever is still sending gets through."""
        before = self._held.pop(guest, 0)
        if size:
            self._held[guest] = size
        self._held_sum += size - before
        while self._held_sum > self.bounds.held:
            oldest = max(self._held, key=lambda one: self._held[one] >= _MUCH)  # the first of those with much
            self._held_sum -= self._held.pop(oldest)
            self._turn_away(oldest, "hoarding", "The daemon holds too many unfinished messages; send this one again.")

    def leave(self, guest: Guest) -> None:
        self._inside.discard(guest)
        self._strangers.pop(guest, None)
        self._held_sum -= self._held.pop(guest, 0)

    def _turn_away(self, guest: Guest, why: Why, message: str) -> None:
        if self._strangers.pop(guest, self) is None:
            why = "stranger"  # is told nothing, whatever the reason
        self.turned_away[why] += 1
        times = self.turned_away[why]
        if times & (times - 1) == 0:  # the 1st, 2nd, 4th, 8th …: whoever hammers must not fill the disk
            log.warning("turned a client away (%s), %d times so far", why, times)
        data: Json = {"kind": "overloaded", "message": message, "retryable": True, "attempts": []}
        guest.turn_away(why, RpcError(REQUEST_FAILED, message, data))


class _Token(msgspec.Struct):
    token: str


class _First(msgspec.Struct):
    method: Literal["libria/token"]
    params: _Token


_first = msgspec.json.Decoder(_First)

_UNIX = getattr(socket, "AF_UNIX", None)

_MUCH = 64 * 1024
"""Bytes. Many small beginnings are no reason to turn away one of them before one that is large."""


def _nothing() -> None:
    pass
