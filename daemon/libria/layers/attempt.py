"""One attempt: its time limits per phase, its line in the call's record and in the books.

Position: innermost, right around the provider. Once per HTTP request. Raises TimedOut.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from libria.clock import Clock, Watch
from libria.layers.service import Service
from libria_providers.errors import Interrupted, ProviderError, TimedOut
from libria_providers.estimate import tokens
from libria_providers.reply import Batches, Reply
from libria_providers.types import Attempt, Call, Finish, Status, Usage

WAITED_SECONDS = 1.0
"""Without a first delta for so long, whoever wants to know is told what is waited for."""

LATER_SECONDS = 2.0
"""By which the pool's own limit for a silence is later than ours: a read that both end in one moment is
cancelled in the middle of its closing, and httpcore then keeps the connection for ever."""

SlowStart = Callable[[Call], Literal["thinks", "loads"] | None]


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that is over, for the books. `usage` is the provider's own where it said one, else `exact` is
    False and it is counted from here; `first_token_ms` is from its own start, None where nothing came;
    `finish` and `error` are how it ended, neither where its reader left."""

    call: Call
    attempt: Attempt
    usage: Usage
    exact: bool
    first_token_ms: float | None
    finish: Finish | None
    error: ProviderError | None


@dataclass(frozen=True, slots=True)
class Notes:
    """Who is told of each attempt. `spoke` gets the seconds to the first delta."""

    spoke: Callable[[float], None] = lambda _seconds: None
    ended: Callable[[Ended], None] = lambda _ended: None


_NOBODY = Notes()


class OneAttempt:
    """`slow_start` says whether the answer to a call takes its time to begin, which earns it more patience:
    once the head of the reply has come where the model "thinks" first, from the start where it "loads"."""

    def __init__(
        self, inner: Service, clock: Clock, notes: Notes = _NOBODY, slow_start: SlowStart = lambda _call: None
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._notes = notes
        self._slow_start = slow_start

    async def send(self, call: Call) -> Reply:
        limit = call.timeouts.first_token
        if slow := self._slow_start(call):
            call = replace(call, timeouts=replace(call.timeouts, first_token=call.timeouts.first_token_slow))
            if slow == "loads":
                limit = call.timeouts.first_token
        later = max(call.timeouts.first_token, call.timeouts.idle) + LATER_SECONDS
        record = _Record(call, self._clock, self._notes)
        call.trace.began(call.model)
        now = self._clock.now
        since = now()

        def until() -> float:
            """A shared call's deadline moves with those who wait for it."""
            return min(since + limit, call.deadline)

        watch = Watch(self._clock, until)

        def wait_from_now() -> Watch:
            """Silence is counted from the last sign of life."""
            nonlocal limit, since
            limit, since = call.timeouts.first_token, now()
            return watch.until(until())

        # Of this attempt alone: another may be made beside it, whose silence is its own.
        trace = replace(call.trace, alive=wait_from_now)
        within = replace(call, timeouts=replace(call.timeouts, first_token=later, idle=later), trace=trace)
        watch.until(until())
        notice = self._clock.call_at(now() + WAITED_SECONDS, lambda: _report_waiting(call))
        try:
            async with watch:
                reply = await self._inner.send(within)
        except TimeoutError:
            error = _timed_out(call, "firstToken", limit) if now() < call.deadline else _timed_out(call, "total")
            record.write(error.kind, error=error)
            raise error from None
        except ProviderError as error:
            record.write(error.kind, error.status, error.request_id, error=error)
            raise
        except BaseException:
            record.write("cancelled")
            raise
        finally:
            notice.cancel()
            watch.stop()
            call.trace.waited_ms += record.elapsed_ms()
        record.first_token_ms = round(record.elapsed_ms(), 3)
        self._notes.spoke(record.first_token_ms / 1000)
        reply.through(lambda batches: self._guarded(batches, call, record))
        reply.on_end(lambda finish, error: record.end(finish, error, reply.request_id))
        return reply

    async def _guarded(self, batches: Batches, call: Call, record: "_Record") -> Batches:
        """Each wait for the next delta is bounded; the time the reader takes is not counted."""
        watch = Watch(self._clock, lambda: min(limit, call.deadline))
        idle, now = call.timeouts.idle, self._clock.now
        limit = 0.0
        wait = batches.__anext__
        try:
            while True:
                limit, deadline = now() + idle, call.deadline
                async with watch.until(limit if limit < deadline else deadline):
                    batch = await wait()
                record.events += len(batch)
                yield batch
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise (_timed_out(call, "idle", idle) if limit < call.deadline else _timed_out(call, "total")) from None
        finally:
            watch.stop()
            await batches.aclose()


def _report_waiting(call: Call) -> None:
    left = round(min(call.timeouts.first_token, call.deadline - call.started) * 1000)
    made = 1 + sum(attempt.target == call.model for attempt in call.trace.attempts)
    call.trace.report(Status("waiting", reason="firstToken", eta_ms=left, target=call.model, attempt=made))


class _Record:
    """One line of `Trace.attempts` and of the books, written once. `events` are those that came."""

    def __init__(self, call: Call, clock: Clock, notes: Notes) -> None:
        self.events = 0
        self.first_token_ms: float | None = None
        self._call = call
        self._clock = clock
        self._notes = notes
        self._started = clock.now()
        self._written = False

    def elapsed_ms(self) -> float:
        return (self._clock.now() - self._started) * 1000

    def end(self, finish: Finish | None, error: ProviderError | None, request_id: str | None) -> None:
        if finish is not None:
            outcome = "ok"
        elif error is None:
            outcome = "cancelled"
        else:
            outcome = error.kind if not error.retryable else Interrupted.kind
        self.write(outcome, 200, request_id, finish=finish, error=error)

    def write(
        self,
        outcome: str,
        status: int | None = None,
        request_id: str | None = None,
        *,
        finish: Finish | None = None,
        error: ProviderError | None = None,
    ) -> None:
        if self._written:
            return
        self._written = True
        attempt = Attempt(
            target=self._call.model,
            outcome=outcome,
            started_ms=round((self._started - self._call.started) * 1000, 3),
            duration_ms=round(self.elapsed_ms(), 3),
            status=status,
            request_id=request_id,
        )
        self._call.trace.attempts.append(attempt)
        usage, exact = self._usage(finish)
        self._notes.ended(Ended(self._call, attempt, usage, exact, self.first_token_ms, finish, error))

    def _usage(self, finish: Finish | None) -> tuple[Usage, bool]:
        """A reply that broke or was left has cost what it read and said, though nobody gave a figure:
        about a token a delta. One that never began is not charged by any vendor we know."""
        if finish is not None:
            return finish.usage, True
        if not self.events:
            return Usage(), True
        return Usage(tokens(self._call), self.events), False


_WHAT = {
    "firstToken": "{target} sent nothing in {seconds:g} s; try again, name a fallback or raise timeouts.firstToken.",
    "idle": "{target} stopped in the middle for {seconds:g} s; try again, name a fallback or raise timeouts.idle.",
    "total": "{target} was not done within the {seconds:g} s of the call; ask for less or raise timeouts.total.",
}


def _timed_out(call: Call, phase: Literal["firstToken", "idle", "total"], seconds: float | None = None) -> TimedOut:
    provider, _, model = call.model.partition("/")
    message = _WHAT[phase].format(target=call.model, seconds=call.timeouts.total if seconds is None else seconds)
    return TimedOut(message, phase=phase, provider=provider, model=model)
