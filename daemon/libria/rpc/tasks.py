"""`libria/task`, `libria/task/list`, `libria/task/cancel`."""

import asyncio
from typing import Literal, Protocol

import msgspec

from libria.rpc.codes import REQUEST_FAILED, RpcError, invalid_params
from libria.rpc.request import Request
from libria.rpc.task_order import to_order
from libria.rpc.task_params import TaskCancelParams, TaskParams
from libria.rpc.task_relay import relay
from libria.session import Session
from libria.tasks.book import MOST_RUNNING, Tasks, TooMany
from libria.tasks.messages import Acknowledgment, Completion, Final
from libria.tasks.shelf import Busy, Shelved
from libria.tasks.task import Task
from libria_providers.types import Json


class TaskStateResult(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """ "waiting" is a task whose daemon was lost: it goes on when it is given again. `phase` is "asking", "checking" or
    "judging"; `blocker_type` and `all_passed` say how it ended."""

    task_id: str
    state: Literal["running", "waiting", "completed", "escalated"]
    age_seconds: float
    model: str | None = None
    phase: str | None = None
    call_id: str | None = None
    output_tokens: int | None = None
    tokens_per_second: float | None = None
    all_passed: bool | None = None
    blocker_type: str | None = None


class TaskListResult(msgspec.Struct, frozen=True):
    """The newest first; those that ended are listed for a day."""

    tasks: list[TaskStateResult]


class TaskCancelResult(msgspec.Struct, frozen=True):
    """`cancelled` is false where the task had ended before."""

    task_id: str
    cancelled: bool


class Host(Protocol):
    """What tasks need of the process that serves."""

    @property
    def tasks(self) -> Tasks: ...


async def task(host: Host, session: Session, params: TaskParams, request: Request) -> Acknowledgment:
    """Its progress and its last message follow. Raises RpcError -32602 for what is wrong with it."""
    order = to_order(params, session.engine.config, session.origin())
    try:
        found = host.tasks.give(order, session, restart=params.restart)
    except TooMany:
        message = (
            f"{MOST_RUNNING} tasks are being worked on, the most there may be; give it again when some have ended."
        )
        data: dict[str, Json] = {"kind": "overloaded", "message": message, "retryable": True, "attempts": []}
        raise RpcError(REQUEST_FAILED, message, data) from None
    if found.order.digest == order.digest:
        try:
            await found.ready.wait()
        except asyncio.CancelledError:
            if request.cancelled:
                host.tasks.cancel(found)  # before it was acknowledged: nobody may wait for it
            raise
    if found.clash or found.order.digest != order.digest:
        raise invalid_params(
            "task_id: there is a task of this id with another content; give this one an id of its own. "
            "libria/task/list tells which there are."
        )
    relay(session, found, params, request)
    return found.acknowledgment


async def task_list(host: Host) -> TaskListResult:
    now = host.tasks.now()
    here = [_here(one, now) for one in host.tasks.here()]
    known = {one.task_id for one in here}
    try:
        shelved = await host.tasks.shelved()
    except OSError:
        shelved = []
    rest = [_shelved(one, now) for one in shelved if one.record.acknowledgment.task_id not in known]
    return TaskListResult(sorted([*here, *rest], key=lambda one: one.age_seconds))


async def task_cancel(host: Host, params: TaskCancelParams) -> TaskCancelResult:
    try:
        cancelled = await host.tasks.cancel_by_id(params.task_id)
    except Busy:
        raise invalid_params(
            "task_id: a daemon that has handed over finishes this task and cannot be told; cancel it from the client "
            "that gave it, by its token, or wait."
        ) from None
    if cancelled is None:
        raise invalid_params("task_id: there is no such task; libria/task/list tells which there are.")
    return TaskCancelResult(params.task_id, cancelled)


def _here(task: Task, now: float) -> TaskStateResult:
    age = round(max(0.0, now - task.began), 3)
    if task.message is not None:
        return _ended(task.message, age, task.order.call.model)
    look = task.kept.seen.look(task.session.engine.clock.now()) if task.kept is not None else None
    return TaskStateResult(
        task_id=task.task_id,
        state="running",
        age_seconds=age,
        model=(task.work.model if task.work is not None else task.order.call.model) or None,
        phase=task.work.phase if task.work is not None else None,
        call_id=task.kept.call_id if task.kept is not None else None,
        output_tokens=look.tokens if look is not None else None,
        tokens_per_second=look.speed if look is not None else None,
    )


def _shelved(shelved: Shelved, now: float) -> TaskStateResult:
    record = shelved.record
    age = round(max(0.0, now - record.at), 3)
    if record.message is not None:
        return _ended(record.message, age, record.model)
    state: Literal["running", "waiting"] = "running" if shelved.busy else "waiting"
    task_id = record.acknowledgment.task_id
    return TaskStateResult(task_id=task_id, state=state, age_seconds=age, model=record.model or None)


def _ended(message: Final, age: float, model: str) -> TaskStateResult:
    if isinstance(message, Completion):
        return TaskStateResult(
            task_id=message.task_id, state="completed", age_seconds=age, model=message.model,
            all_passed=message.validation.all_passed,
        )  # fmt: skip
    return TaskStateResult(
        task_id=message.task_id, state="escalated", age_seconds=age, model=model or None,
        blocker_type=message.blocker_type,
    )  # fmt: skip
