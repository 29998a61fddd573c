"""`libria/resume`: what a call has said and goes on saying, to a client that did not ask it or has come back."""

import asyncio
from dataclasses import dataclass

from libria.call_log import KeptCall
from libria.journal import Dropped, Reader
from libria.rpc.codes import RpcError, invalid_params
from libria.rpc.outbox import WorkDone, numbered, prefix
from libria.rpc.params import ResumeParams
from libria.rpc.request import Request
from libria.session import Session

AT_ONCE = 64
"""Events between two looks at everything else that waits; a replay may have a million."""


async def resume(session: Session, params: ResumeParams, request: Request) -> None:
    """Answer `request` as the call itself was or will be answered. Raises RpcError -32602 for a call or events
    that there are not."""
    kept = _found(session, params)
    replay = None
    if params.partial_result_token is not None:
        replay = _Replay(request, prefix(params.partial_result_token), _reader(kept, params.after_seq))
    work = None
    if params.work_done_token is not None:
        work = request.work = WorkDone(request.outbox, params.work_done_token)
    task = request.task
    assert task is not None
    kept.follow()
    session.follows.add(task)
    try:
        if session.closed:
            raise asyncio.CancelledError
        if work is not None:
            work.begin("Libria")
        if replay is not None:
            await replay.run(kept)
        outcome = await kept.journal.over()
    except Dropped as dropped:
        raise _dropped(dropped.first) from None
    finally:
        session.follows.discard(task)
        kept.unfollow(cancelled=request.cancelled)
        if work is not None:
            work.end()
    request.settle(outcome)


def _found(session: Session, params: ResumeParams) -> KeptCall:
    kept = session.engine.call_log.find(params.call_id)
    if kept is None:
        raise invalid_params(
            "callId: the daemon knows no such call; it keeps one for ten minutes after its end, less long where "
            "many or large ones follow, and none beyond its own end. Ask again."
        )
    if params.after_seq >= kept.journal.next:
        raise invalid_params(
            f"afterSeq: the call has said nothing with the number {params.after_seq} yet; "
            f"its last one is {kept.journal.next - 1}."
        )
    return kept


def _reader(kept: KeptCall, after: int) -> Reader:
    try:
        return kept.journal.reader(after + 1)
    except Dropped as dropped:
        raise _dropped(dropped.first) from None


def _dropped(first: int) -> RpcError:
    return invalid_params(
        f"afterSeq: the call has said so much that its beginning is no longer kept; resume with {first - 1} or more, "
        "or without partialResultToken for the whole answer at its end."
    )


@dataclass(frozen=True, slots=True)
class _Replay:
    """To one client, at its own pace: nobody waits for it, the call least of all."""

    request: Request
    prefix: bytes
    reader: Reader

    async def run(self, kept: KeptCall) -> None:
        """Return once the last event is in the outbox. Raises Dropped where the client is too slow."""
        outbox, reader = self.request.outbox, self.reader
        while True:
            if outbox.slow:
                await outbox.room()
            before = reader.number
            for number, value in reader.read(AT_ONCE):
                outbox.send(numbered(self.prefix, value, number))
            if reader.number > before:
                await asyncio.sleep(0)  # what is in the outbox leaves, and others have their turn
            elif kept.call is None:
                return
            else:
                await kept.journal.more(reader.number)
