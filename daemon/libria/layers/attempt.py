"""One attempt: its time limits per phase, and its line in the call's record.

Position: innermost, right around the provider. Once per HTTP request. Raises TimedOut.
"""

from libria.clock import Clock, Watch
from libria.layers.service import Service
from libria_providers.errors import Interrupted, ProviderError, TimedOut
from libria_providers.reply import Batches, Reply
from libria_providers.types import Attempt, Call, Finish


class OneAttempt:
    def __init__(self, inner: Service, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock

    async def send(self, call: Call) -> Reply:
        record = _Record(call, self._clock)
        watch = Watch(self._clock)

        def wait_from_now() -> Watch:
            """Silence is counted from the last sign of life."""
            return watch.until(min(self._clock.now() + call.timeouts.first_token, call.deadline))

        call.trace.alive = wait_from_now
        try:
            async with wait_from_now():
                reply = await self._inner.send(call)
        except TimeoutError:
            error = _timed_out(call, "firstToken" if self._clock.now() < call.deadline else "total")
            record.write(error.kind)
            raise error from None
        except ProviderError as error:
            record.write(error.kind, error.status, error.request_id)
            raise
        except BaseException:
            record.write("cancelled")
            raise
        finally:
            watch.stop()
            call.trace.waited_ms += record.elapsed_ms()
        reply.through(lambda batches: self._guarded(batches, call))
        reply.on_end(lambda finish, error: record.end(finish, error, reply.request_id))
        return reply

    async def _guarded(self, batches: Batches, call: Call) -> Batches:
        """Each wait for the next delta is bounded; the time the reader takes is not counted."""
        watch = Watch(self._clock)
        idle, deadline, now = call.timeouts.idle, call.deadline, self._clock.now
        limit = deadline
        wait = batches.__anext__
        try:
            while True:
                limit = now() + idle
                async with watch.until(limit if limit < deadline else deadline):
                    batch = await wait()
                yield batch
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise _timed_out(call, "idle" if limit < deadline else "total") from None
        finally:
            watch.stop()
            await batches.aclose()


class _Record:
    """One line of `Trace.attempts`, written once."""

    def __init__(self, call: Call, clock: Clock) -> None:
        self._call = call
        self._clock = clock
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
        self.write(outcome, 200, request_id)

    def write(self, outcome: str, status: int | None = None, request_id: str | None = None) -> None:
        if self._written:
            return
        self._written = True
        self._call.trace.attempts.append(
            Attempt(
                target=self._call.model,
                outcome=outcome,
                started_ms=round((self._started - self._call.started) * 1000, 3),
                duration_ms=round(self.elapsed_ms(), 3),
                status=status,
                request_id=request_id,
            )
        )


_WHAT = {
    "firstToken": "{target} sent nothing in {seconds:g} s; try again, name a fallback or raise timeouts.firstToken.",
    "idle": "{target} stopped in the middle for {seconds:g} s; try again, name a fallback or raise timeouts.idle.",
    "total": "{target} was not done within the {seconds:g} s of the call; ask for less or raise timeouts.total.",
}


def _timed_out(call: Call, phase: str) -> TimedOut:
    times = {"firstToken": call.timeouts.first_token, "idle": call.timeouts.idle, "total": call.timeouts.total}
    provider, _, model = call.model.partition("/")
    message = _WHAT[phase].format(target=call.model, seconds=times[phase])
    return TimedOut(message, phase=phase, provider=provider, model=model)
