"""One task as its daemon knows it, from the first who gave it to the last who hears how it ended."""

import asyncio
from dataclasses import dataclass, field

from libria.call_log import KeptCall
from libria.session import Session
from libria.tasks.messages import Acknowledgment, Final
from libria.tasks.order import Order
from libria.tasks.shelf import Held
from libria.tasks.work import Work


@dataclass(slots=True, eq=False)
class Task:
    """`ready` is set once it is known whether it may be worked on here, and `acknowledgment` holds; `begun` once it
    is, or has ended; `ended` once `message` is what everybody is to hear. `clash`: there is another task of this id.
    `kept` has what was said so far, where this daemon works on it."""

    order: Order
    session: Session = field(repr=False)
    began: float  # seconds since the epoch
    acknowledgment: Acknowledgment
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    message: Final | None = None
    clash: bool = False
    held: Held | None = None
    kept: KeptCall | None = None
    work: Work | None = None
    running: asyncio.Task[None] | None = None
    stopped: bool = False  # its end is decided

    @property
    def task_id(self) -> str:
        return self.order.task_id
