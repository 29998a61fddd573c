"""All tasks of one daemon: each is worked on once, however often it is given, and ends with one message.

given ──▶ claimed in the journal ──▶ worked on ──▶ its message in the journal ──▶ heard by all who wait
             │ it has ended: heard at once
             └ another daemon works on it: its end is waited for
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec

from libria.call_log import KeptCall
from libria.clock import cancel
from libria.engine import Engine
from libria.journal import Journal
from libria.seen import Seen
from libria.session import CallInFlight, Session
from libria.tasks.asking import Told
from libria.tasks.messages import Acknowledgment, Completion, Escalation, Final, escalation, well
from libria.tasks.order import Order, Prose
from libria.tasks.shelf import Found, Held, Record, Shelf, Shelved
from libria.tasks.task import Task
from libria.tasks.work import Work
from libria_providers.types import Call

log = logging.getLogger("libria.tasks")

MOST_RUNNING = 500
"""Tasks that are worked on; each may ask a model, and run a program."""

MOST_ENDED = 200
"""That are kept in memory, where there is no journal or it takes nothing."""

LOOK_SECONDS = 0.25
"""Between two looks at a task that another daemon works on."""

_encode = msgspec.json.Encoder().encode


class TooMany(Exception):
    """Nothing more is taken on now."""


class Tasks:
    """`told` makes of a journal who writes into it. Without a `shelf` nothing outlives this process."""

    def __init__(self, engine: Engine, shelf: Shelf | None, told: Callable[[Journal], Told]) -> None:
        self._engine = engine
        self._shelf = shelf
        self._told = told
        self._tasks: dict[str, Task] = {}
        self._ended: dict[str, Task] = {}  # those that no journal has, the oldest first
        self._endings: set[asyncio.Task[None]] = set()

    def give(self, order: Order, session: Session, *, restart: bool) -> Task:
        """The task of this id, begun if there is none; wait for `ready`. With `restart` one that did not end well
        begins anew. Raises TooMany."""
        known = self._tasks.get(order.task_id) or self._ended.get(order.task_id)
        if known is not None and known.message is not None and restart and not well(known.message):
            known = None if known.order.digest == order.digest else known
        if known is not None:
            return known
        self._ended.pop(order.task_id, None)
        if len(self._tasks) >= MOST_RUNNING:
            raise TooMany
        wall = self._engine.clock.wall()
        task = Task(order, session, wall, Acknowledgment(task_id=order.task_id, estimated_completion=self._due(order)))
        self._tasks[order.task_id] = task
        task.running = asyncio.get_running_loop().create_task(self._live(task, restart))
        return task

    def cancel(self, task: Task) -> bool:
        """Whether it ends for this: one that has ended stays as it is."""
        if task.stopped or task.message is not None:
            return False
        task.stopped = True
        if task.work is not None:  # else whoever begins it looks first
            ending = asyncio.get_running_loop().create_task(self._settle(task, _cancelled(task.task_id)))
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)
            if task.running is not None:
                cancel(task.running)
        return True

    def cancel_here(self, task_id: str) -> None:
        task = self._tasks.get(task_id)
        if task is not None:
            self.cancel(task)

    async def cancel_by_id(self, task_id: str) -> bool | None:
        """The same; None where there is no such task. Raises Busy where another daemon works on it."""
        task = self._tasks.get(task_id)
        if task is not None:
            return self.cancel(task)
        if task_id in self._ended:
            return False
        return None if self._shelf is None else await asyncio.to_thread(self._shelf.end, _cancelled(task_id))

    def here(self) -> list[Task]:
        """Those that this daemon knows of itself, the newest first."""
        return sorted([*self._tasks.values(), *self._ended.values()], key=lambda task: -task.began)

    async def shelved(self) -> list[Shelved]:
        """Those in the journal. Raises OSError."""
        return [] if self._shelf is None else await asyncio.to_thread(self._shelf.records)

    def now(self) -> float:
        return self._engine.clock.wall()

    async def _live(self, task: Task, restart: bool) -> None:
        try:
            await self._run(task, restart)
        except Exception as error:  # noqa: BLE001  # a fault of ours; who waits must not wait for ever
            log.error("a task failed: %s", type(error).__name__)
            if task.message is None:
                task.stopped = True
                what = "The daemon failed at this task; see its log: libria log"
                await self._settle(task, escalation(task.task_id, "internal", what))

    async def _run(self, task: Task, restart: bool) -> None:
        claim = await self._claim(task, restart)
        while isinstance(claim, Found) and claim.record.message is None and claim.record.digest == task.order.digest:
            task.acknowledgment = claim.record.acknowledgment
            task.ready.set()
            await self._engine.clock.sleep(LOOK_SECONDS)
            claim = await self._claim(task, False)
        if isinstance(claim, Held):
            task.held = claim
        if claim is not None:
            task.acknowledgment = claim.record.acknowledgment
            task.clash = claim.record.digest != task.order.digest
        if isinstance(claim, Found):
            task.message = claim.record.message
            self._tasks.pop(task.task_id, None)
            task.stopped = True
            for event in (task.ready, task.begun, task.ended):
                event.set()
            return
        if task.stopped:
            await self._settle(task, _cancelled(task.task_id))
            return
        work = self._begin(task)
        task.ready.set()
        task.begun.set()
        message = await work.run()
        if not task.stopped:
            task.stopped = True
            await self._settle(task, message)

    async def _claim(self, task: Task, restart: bool) -> Held | Found | None:
        """None where there is no journal, or it cannot be written: the task is done all the same."""
        if self._shelf is None:
            return None
        record = Record(
            acknowledgment=task.acknowledgment, digest=task.order.digest, at=task.began, model=task.order.call.model
        )
        try:
            return await asyncio.to_thread(self._shelf.claim, record, restart=restart)
        except OSError as error:
            log.warning("the journal of tasks takes nothing: %s", error.strerror or "its folder is not safe")
            return None

    def _begin(self, task: Task) -> Work:
        engine, session = self._engine, task.session
        call_id = f"call-{secrets.token_hex(8)}"
        call = task.order.call
        kept = task.kept = engine.call_log.begin(call_id, call, lambda _why: self._stop(task))
        session.calls[call_id] = CallInFlight(call_id, call, kept, kept.seen)
        if session.closed:
            kept.leave()
        told = self._told(kept.journal)
        told.start(call_id)

        def watch(call: Call, seen: Seen) -> None:
            kept.seen = seen
            if kept.call is not None:
                kept.call = call
            flight = session.calls.get(call_id)
            if flight is not None:
                flight.call, flight.seen = call, seen

        work = task.work = Work(task.order, engine, call_id, told, watch)
        return work

    def _stop(self, task: Task) -> None:
        self.cancel(task)

    async def _settle(self, task: Task, message: Final) -> None:
        """First into the journal, then to whoever waits: what was heard once is heard again after a restart."""
        stored = False
        if task.held is not None and self._shelf is not None:
            record = msgspec.structs.replace(task.held.record, message=message)
            if isinstance(message, Completion):
                record = msgspec.structs.replace(record, model=message.model)
            try:
                await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(self._shelf.finish, task.held, record)))
                stored = True
            except OSError as error:
                log.warning("the journal of tasks takes nothing: %s", error.strerror)
        task.message = message
        self._tasks.pop(task.task_id, None)
        if not stored:
            self._ended[task.task_id] = task
            while len(self._ended) > MOST_ENDED:
                del self._ended[next(iter(self._ended))]
        if task.kept is not None:
            task.session.calls.pop(task.kept.call_id, None)
            _end(task.kept, message)
        for event in (task.ready, task.begun, task.ended):
            event.set()

    def _due(self, order: Order) -> str:
        """By the model's own pace, and the judge's where one is needed."""
        engine = self._engine
        seconds = engine.expected_seconds(order.call)
        judge = engine.config.tasks.judge
        if judge is not None and any(isinstance(one, Prose) for one in order.criteria):
            seconds += engine.expected_seconds(replace(order.call, model=judge, fallbacks=()))
        due = datetime.fromtimestamp(engine.clock.wall(), UTC) + timedelta(seconds=seconds + 0.5)
        return due.strftime("%Y-%m-%dT%H:%M:%SZ")


def _end(kept: KeptCall, message: Final) -> None:
    """Who follows the call by `libria/resume` hears the message as its result."""
    kept.end(b'"result":%b' % _encode(message))


def _cancelled(task_id: str) -> Escalation:
    return escalation(
        task_id, "cancelled", "The task was cancelled; give it under another task_id, or with restart, to have it done."
    )
