"""One call from params to answer, its events out as progress on the way; whichever method it came by."""

import asyncio
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from libria.call_log import CallLog
from libria.rpc.codes import call_failed
from libria.rpc.convert import to_attempt, to_call
from libria.rpc.outbox import Progress, WorkDone
from libria.rpc.params import CallParams
from libria.rpc.request import Again, Request
from libria.rpc.results import Timings
from libria.seen import Seen
from libria.session import CallInFlight, Session
from libria_providers.errors import ProviderError
from libria_providers.reply import Answer, Reply
from libria_providers.types import Call, Fill, Finish, Status, Trace

FAIR_TURNS = 32
"""Batches of one call between two looks at everything else that waits, a cancel above all."""

ID = re.compile("call-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that was answered: `target` is who did, `age` that of a cache's entry."""

    call: Call
    call_id: str
    answer: Answer
    target: str
    age: float | None
    cost: float | None
    timings: Timings

    @property
    def finish(self) -> Finish:
        assert self.answer.finish is not None  # a reply that was read to its end has one
        return self.answer.finish


async def ask(
    session: Session,
    params: CallParams,
    request: Request,
    *,
    lasting: bool | None = None,
    enough: Callable[[Answer], bool] | None = None,
) -> Asked:
    """Raises RpcError -32803 that says how the call failed. `lasting`: whether the call is kept after its end;
    `enough` is asked as the answer grows, and ends it."""
    engine = session.engine
    seen = Seen()
    trace = Trace(began=seen.began)
    call = to_call(params, engine.config, started=engine.clock.now(), origin=session.origin(), trace=trace)
    call_id, seq = _named(engine.call_log, request.again)
    trace.call_id = call_id
    kept = request.kept = engine.call_log.begin(
        call_id,
        call,
        request.stop,
        first=seq,
        lasting=_lasting(params, call) if lasting is None else lasting,
        seen=seen,
    )
    progress = request.progress = Progress(request.outbox, params.partial_result_token, kept.journal)
    work = None
    if params.work_done_token is not None:
        work = request.work = WorkDone(request.outbox, params.work_done_token)
    trace.report = _Reporter(progress, work, seen)
    flight = session.calls[call_id] = CallInFlight(call_id, call, kept, seen)
    try:
        if session.closed:
            request.leave()
            kept.leave()
        if seq:
            progress.start_again(call.model)
        else:
            progress.start(call_id)
        if work is not None:
            work.begin(call.model or "Libria")
        asked = await engine.log.call(call, _answered(session, call, call_id, progress, seen, enough))
        progress.flush()
        return asked
    except ProviderError as error:
        progress.flush()
        attempts = [msgspec.to_builtins(to_attempt(attempt)) for attempt in trace.attempts]
        raise call_failed(error, attempts) from None
    finally:
        if session.calls.get(call_id) is flight:  # not one that was asked again meanwhile
            del session.calls[call_id]
        if work is not None:
            work.end()


def _named(call_log: CallLog, again: Again | None) -> tuple[str, int]:
    """The call's id, and the number that its events begin with."""
    if again is not None and again.call_id is not None and ID.fullmatch(again.call_id):
        before = call_log.find(again.call_id)
        if before is not None and before.alone:
            before.stop("left")  # its client has come back and asks anew
        if before is None or before.call is None:
            return again.call_id, again.seq
    return f"call-{secrets.token_hex(8)}", again.seq if again is not None else 0


def _lasting(params: CallParams, call: Call) -> bool:
    """Vectors and counts are large or cheap: kept where somebody may come back for them."""
    return (
        call.ask is None
        or isinstance(call.ask, Fill)
        or (params.partial_result_token is not None or call.on_disconnect == "finish")
    )


async def _answered(
    session: Session,
    call: Call,
    call_id: str,
    progress: Progress,
    seen: Seen,
    enough: Callable[[Answer], bool] | None,
) -> Asked:
    engine = session.engine
    answer = Answer()
    reply = await engine.send(call)
    first_token = engine.clock.now()
    seen.speaks(reply, answer, first_token, lambda: progress.full)
    try:
        await _relay(reply, answer, progress, enough)
        answer.tool_calls()  # raises when their arguments are no JSON objects
    except ProviderError as error:
        error.partial_text = answer.text
        raise
    finally:
        await reply.aclose()
    trace = call.trace
    queued = trace.queued_ms
    first_ms = (first_token - call.started) * 1000
    timings = Timings(
        queued_ms=round(queued, 3),
        first_token_ms=round(first_ms, 3),
        total_ms=round((engine.clock.now() - call.started) * 1000, 3),
        overhead_ms=round(max(0.0, first_ms - queued - trace.waited_ms), 3),
    )
    assert answer.finish is not None
    engine.answered(call, reply.target, reply.age, answer.finish)
    cost = 0.0 if reply.age is not None else await engine.cost(reply.target, answer.finish)
    return Asked(call, call_id, answer, reply.target, reply.age, cost, timings)


async def _relay(
    reply: Reply, answer: Answer, progress: Progress, enough: Callable[[Answer], bool] | None = None
) -> None:
    turns = 0
    async for batch in reply:
        turns += 1
        if turns % FAIR_TURNS == 0:
            await asyncio.sleep(0)  # what a read brought may be many batches: others want their turn
        for event in batch:
            answer.add(event)
        progress.batch(batch)
        if enough is not None and enough(answer):
            answer.finish = answer.finish or Finish("stop")
            return
        if progress.full:
            await progress.room()


class _Reporter:
    """Says why nothing streams, to whoever wants to know."""

    def __init__(self, progress: Progress, work: WorkDone | None, seen: Seen) -> None:
        self._progress = progress
        self._work = work
        self._seen = seen

    def __call__(self, status: Status) -> None:
        self._seen.waits(status)
        self._progress.status(status)
        if self._work is not None:
            self._work.report(f"{status.state}: {status.target or ''} {status.reason or ''}".strip())
