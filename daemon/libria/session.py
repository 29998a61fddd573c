"""What belongs to one client's connection and dies with it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from libria.call_log import KeptCall
from libria.clock import cancel
from libria.engine import Engine
from libria.seen import Seen
from libria_providers.types import Call, Origin


@dataclass(slots=True)
class CallInFlight:
    """A call that this client waits for. `kept` knows who else listens; `seen` is for the status."""

    call_id: str
    call: Call
    kept: KeptCall
    seen: Seen = field(default_factory=Seen)


@dataclass(slots=True, eq=False)
class Awaited:
    """A task whose last message this client has still to hear; `tokens` are those of its progress."""

    task_id: str
    tokens: frozenset[int | str]
    running: asyncio.Task[None] | None = None
    """What relays it."""


@dataclass(slots=True)
class Session:
    """One client. `env` is the client's own environment, or the daemon's where it gave none; `pid` is the
    process at the other end, where the kernel tells; `unread` gives the bytes that it has not taken yet."""

    id: str
    engine: Engine
    env: Mapping[str, str] = field(repr=False)
    client: str = ""
    version: str = ""
    pid: int | None = None
    since: float = 0.0
    unread: Callable[[], int] = lambda: 0
    calls: dict[str, CallInFlight] = field(default_factory=dict[str, CallInFlight])
    follows: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    """What relays to this client the calls that it has resumed."""
    awaited: set[Awaited] = field(default_factory=set[Awaited])
    heard: Callable[[], None] = lambda: None
    """Called when one of those was heard."""
    closed: bool = False

    def origin(self) -> Origin:
        return Origin(session=self.id, client=self.client, env=self.env, version=self.version)

    def close(self) -> None:
        """The client is gone: its calls end, but for those that others listen to or that it wants
        finished; its tasks go on."""
        self.closed = True
        for flight in list(self.calls.values()):
            flight.kept.leave()
        for task in [*self.follows, *(one.running for one in self.awaited if one.running is not None)]:
            cancel(task)
