"""What a client that waits for a task hears: its progress from the beginning, at the client's own pace, and once
its last message."""

import asyncio

import msgspec

from libria.call_log import KeptCall
from libria.journal import Dropped
from libria.rpc.outbox import WorkDone, numbered, prefix
from libria.rpc.request import Request
from libria.rpc.task_params import TaskParams
from libria.session import Awaited, Session
from libria.tasks.task import Task
from libria_providers.types import Json

AT_ONCE = 64
"""Events between two looks at everything else that waits."""

MESSAGE = "libria/taskMessage"

_encode = msgspec.json.Encoder().encode


def relay(session: Session, task: Task, params: TaskParams, request: Request) -> None:
    """Begin, behind the answer to `request`. A client that waits for the same task already hears its last message
    once. Nothing is begun where the client has left: the task is done all the same."""
    if session.closed:
        return
    tokens = frozenset(one for one in (params.partial_result_token, params.work_done_token) if one is not None)
    last = not any(one.task_id == task.task_id for one in session.awaited)
    awaited = Awaited(task.task_id, tokens)
    session.awaited.add(awaited)
    awaited.running = asyncio.get_running_loop().create_task(_run(session, awaited, task, params, request, last=last))


async def _run(
    session: Session, awaited: Awaited, task: Task, params: TaskParams, request: Request, *, last: bool
) -> None:
    work = None
    if params.work_done_token is not None:
        work = WorkDone(request.outbox, params.work_done_token)
        work.begin("Libria")
    try:
        await task.begun.wait()
        if task.kept is not None and (params.partial_result_token is not None or work is not None):
            seen = request.again.seq if request.again is not None else 0
            await _replay(task.kept, request, params.partial_result_token, work, seen)
        await task.ended.wait()
        if work is not None:
            work.end()
        if last:
            request.outbox.send_json({"jsonrpc": "2.0", "method": MESSAGE, "params": task.message})
    finally:
        session.awaited.discard(awaited)
        session.heard()


async def _replay(kept: KeptCall, request: Request, token: str | int | None, work: WorkDone | None, seen: int) -> None:
    """A client that has `seen` so many of a lost daemon's events begins again behind them, with a reset."""
    outbox, before = request.outbox, prefix(token)
    if seen and token is not None:
        value = _encode({"reason": "disconnected", "target": kept.call.model if kept.call else ""})
        outbox.send(numbered(before, b'"reset",' + value[1:-1], seen))
    reader = kept.journal.reader(1 if seen else 0)
    try:
        while True:
            if outbox.slow:
                await outbox.room()
            place = reader.number
            for number, value in reader.read(AT_ONCE):
                if token is not None:
                    outbox.send(numbered(before, value, seen + number))
                if work is not None and value.startswith(b'"status"'):
                    work.report(_words(value))
            if reader.number > place:
                await asyncio.sleep(0)  # what is in the outbox leaves, and others have their turn
            elif kept.call is None:
                return
            else:
                await kept.journal.more(reader.number)
    except Dropped:
        return  # too slow for all of it; the last message has the whole output


def _words(value: bytes) -> str:
    status: dict[str, Json] = msgspec.json.decode(b'{"kind":%b}' % value)
    said = (status.get(name) for name in ("state", "target", "reason"))
    return " ".join(str(word) for word in said if word)
