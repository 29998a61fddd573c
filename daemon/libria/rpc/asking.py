"""One call from params to answer, its events out as progress on the way; whichever method it came by."""

import asyncio
import secrets
from dataclasses import dataclass

import msgspec

from libria.rpc.codes import call_failed
from libria.rpc.convert import to_attempt, to_call
from libria.rpc.outbox import Progress, WorkDone
from libria.rpc.params import CallParams
from libria.rpc.request import Request
from libria.rpc.results import Timings
from libria.session import CallInFlight, Session
from libria_providers.errors import ProviderError
from libria_providers.reply import Answer, Reply
from libria_providers.types import Call, Finish, Status, Trace

FAIR_TURNS = 32
"""Batches of one call between two looks at everything else that waits, a cancel above all."""


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


async def ask(session: Session, params: CallParams, request: Request) -> Asked:
    """Raises RpcError -32803 that says how the call failed."""
    engine = session.engine
    call_id = f"call-{secrets.token_hex(8)}"
    progress = work = None
    if params.partial_result_token is not None:
        progress = request.progress = Progress(request.outbox, params.partial_result_token)
    if params.work_done_token is not None:
        work = request.work = WorkDone(request.outbox, params.work_done_token)
    trace = Trace(report=_Reporter(progress, work))
    call = to_call(params, engine.config, started=engine.clock.now(), origin=session.origin(), trace=trace)
    assert request.task is not None
    session.calls[call_id] = CallInFlight(call_id, call, request.task)
    try:
        if progress is not None:
            progress.start(call_id)
        if work is not None:
            work.begin(call.model or "Libria")
        asked = await _answered(session, call, call_id, progress)
        if progress is not None:
            progress.flush()
        return asked
    except ProviderError as error:
        if progress is not None:
            progress.flush()
        attempts = [msgspec.to_builtins(to_attempt(attempt)) for attempt in trace.attempts]
        raise call_failed(error, attempts) from None
    finally:
        del session.calls[call_id]
        if work is not None:
            work.end()


async def _answered(session: Session, call: Call, call_id: str, progress: Progress | None) -> Asked:
    engine = session.engine
    answer = Answer()
    reply = await engine.send(call)
    first_token = engine.clock.now()
    try:
        await _relay(reply, answer, progress)
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
    cost = 0.0 if reply.age is not None else await engine.cost(reply.target, answer.finish)
    return Asked(call, call_id, answer, reply.target, reply.age, cost, timings)


async def _relay(reply: Reply, answer: Answer, progress: Progress | None) -> None:
    turns = 0
    async for batch in reply:
        turns += 1
        if turns % FAIR_TURNS == 0:
            await asyncio.sleep(0)  # what a read brought may be many batches: others want their turn
        for event in batch:
            answer.add(event)
        if progress is not None:
            progress.batch(batch)
            if progress.full:
                await progress.room()


class _Reporter:
    """Says why nothing streams, to whoever wants to know."""

    def __init__(self, progress: Progress | None, work: WorkDone | None) -> None:
        self._progress = progress
        self._work = work

    def __call__(self, status: Status) -> None:
        if self._progress is not None:
            self._progress.status(status)
        if self._work is not None:
            self._work.report(f"{status.state}: {status.target or ''} {status.reason or ''}".strip())
