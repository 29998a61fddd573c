"""What belongs to one client's connection and dies with it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from libria.clock import cancel
from libria.engine import Engine
from libria_providers.types import Call, Origin


@dataclass(slots=True)
class CallInFlight:
    """A call that this client waits for. `task` is the one to cancel."""

    call_id: str
    call: Call
    task: asyncio.Task[None]


@dataclass(slots=True)
class Session:
    """One client. `env` is the client's own environment, or the daemon's where it gave none."""

    id: str
    engine: Engine
    env: Mapping[str, str] = field(repr=False)
    client: str = ""
    calls: dict[str, CallInFlight] = field(default_factory=dict[str, CallInFlight])

    def origin(self) -> Origin:
        return Origin(session=self.id, client=self.client, env=self.env)

    def close(self) -> None:
        """The client is gone: its calls end, but for those that it wants finished."""
        for call in list(self.calls.values()):
            if call.call.on_disconnect == "cancel":
                cancel(call.task)
