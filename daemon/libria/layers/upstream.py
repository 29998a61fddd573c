"""One answer on its way, heard by all who asked for it; coalesce's.

A task of its own reads it into a list, from which each follower reads at its own pace: a slow one
stalls nobody, a late one begins at the beginning, and no one's leaving but the last one's ends it.
"""

import asyncio
import copy
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from libria.clock import Clock, Watch, cancel
from libria.layers.upstream_call import SharedTrace, shared
from libria_providers.errors import Interrupted, ProviderError, TimedOut
from libria_providers.reply import Batches, Reply
from libria_providers.types import Attempt, Call, Event, Finish, Status

FAIR_TURNS = 32
"""Batches read between two looks at everything else that waits."""

LENIENCE_SECONDS = 0.1
"""By which the last follower's own deadline is late, as the attempt that it waits for knows it too and
says more."""


@dataclass(slots=True, eq=False)
class _Follower:
    """`joined` is when, None for the first, whose call it is."""

    call: Call
    joined: float | None
    reply: Reply | None = None


class Upstream:
    def __init__(self, ask: Callable[[Call], Awaitable[Reply]], call: Call, clock: Clock, payer: str = "") -> None:
        self.payer = payer  # who asked first, and whose key was sent
        self.whole = False  # its Finish has come
        self._ask = ask
        self._clock = clock
        self._first: Call | None = call  # until it has joined
        self._trace = SharedTrace(
            report=self._report,
            began=self._began,
            deadline=call.deadline,
            call_id=call.trace.call_id,
            asked=call.trace.asked,
        )
        self._call = shared(call, self._trace)
        self._queued_ms: float | None = None  # of the trace, when it was last told to stand in a queue
        self._again = False
        self._followers: set[_Follower] = set()
        self._batches: list[list[Event]] = []
        self._reply: Reply | None = None
        self._ended_at: float | None = None
        self._error: BaseException | None = None
        self._status: Status | None = None
        self._target: str | None = None  # of the attempt that was begun last
        self._news = asyncio.Event()  # set and cleared at once: wakes all who wait
        self._task: asyncio.Task[None] | None = None
        self._on_end: Callable[[], None] = lambda: None
        self._on_heard: Callable[[], None] | None = None

    def begin(self, ended: Callable[[], None], heard: Callable[[], None]) -> None:
        """`ended` is called once nothing more comes, `heard` once a follower has had all of it or
        nobody follows any more."""
        self._on_end, self._on_heard = ended, heard
        self._task = asyncio.ensure_future(self._run())

    def takes(self, call: Call) -> bool:
        """Whether `call` was there while this was under way."""
        if self._ended_at is not None:
            return self.whole and call.started <= self._ended_at
        return bool(self._followers) or self._first is not None

    async def join(self, call: Call) -> Reply:
        """The reply as `call` hears it: from the beginning, once that has come. Raises ProviderError."""
        follower = _Follower(call, None if call is self._first else self._clock.now())
        self._first = None
        self._followers.add(follower)
        self._weigh()
        if call.priority == "interactive" and self._call.priority == "batch":
            self._hurry()
        if self._status is not None and self._reply is None:
            call.trace.report(self._status)
        if self._target is not None:
            call.trace.began(self._target)
        watch = Watch(self._clock)
        joined = False
        try:
            while self._reply is None and self._ended_at is None:
                await self._more(watch, call)
            self._account(follower)
            if self._reply is None:
                raise self._failure(follower)
            follower.reply = Reply(
                self._heard_by(follower),
                target=self._reply.target,
                close=lambda: self._leave(follower),
                request_id=self._reply.request_id,
                age=self._reply.age,
            )
            joined = True
            return follower.reply
        finally:
            watch.stop()
            if not joined:
                await self._leave(follower)

    async def _heard_by(self, follower: _Follower) -> Batches:
        watch = Watch(self._clock)
        at = 0
        try:
            while True:
                while at < len(self._batches):
                    at += 1
                    self._name(follower)
                    yield self._batches[at - 1]
                if self._ended_at is not None:
                    break
                await self._more(watch, follower.call)
        finally:
            watch.stop()
        self._heard()
        if self._error is not None:
            raise self._failure(follower)
        self._tell(follower)

    async def _more(self, watch: Watch, call: Call) -> None:
        """Wait until something has changed. Raises TimedOut when the call's time is up."""
        last = call.deadline >= self._trace.deadline - LENIENCE_SECONDS
        try:
            async with watch.until(call.deadline + (LENIENCE_SECONDS if last else 0.0)):
                await self._news.wait()
        except TimeoutError:
            raise _timed_out(call) from None

    async def _run(self) -> None:
        """Ask, read to the end, close."""
        error = await self._outcome()
        while self._again:
            self._again = False
            error = await self._outcome()
        self._end(error)

    def _end(self, error: BaseException | None) -> None:
        self._error = error
        self._ended_at = self._clock.now()
        self._wake()
        self._on_end()
        if error is not None or not self._followers:
            self._heard()

    async def _outcome(self) -> BaseException | None:
        try:
            await self._read()
        except ProviderError as failed:
            return failed
        except asyncio.CancelledError:  # by the last follower, or to begin again; anybody else ends the daemon
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()
            return Interrupted("The daemon ends; ask again when it runs.")
        except Exception as fault:  # noqa: BLE001  # nobody awaits this task: each follower raises it
            return fault
        return None

    async def _read(self) -> None:
        reply = await self._ask(self._call)
        try:
            self._reply = reply
            self._wake()
            turns = 0
            async for batch in reply:
                turns += 1
                if turns % FAIR_TURNS == 0:
                    await asyncio.sleep(0)
                if batch:
                    self._batches.append(batch)
                    self.whole = type(batch[-1]) is Finish
                    self._wake()
        finally:
            await reply.aclose()

    async def _leave(self, follower: _Follower) -> None:
        """Safe to call twice. The last one to leave closes the upstream."""
        if follower not in self._followers:
            return
        self._followers.discard(follower)
        if self._followers:
            self._weigh()
            return
        if self._ended_at is not None:
            self._heard()
            return
        assert self._task is not None
        self._again = False
        cancel(self._task)
        await asyncio.wait({self._task})
        if self._ended_at is None:  # it had not even begun
            self._end(Interrupted("The call was cancelled."))

    def _hurry(self) -> None:
        """Somebody waits for what was asked as if nobody did: while it stands in a queue, which is where
        that matters, it is taken out and asked again."""
        self._call = replace(self._call, priority="interactive")
        if self._queued_ms == self._trace.queued_ms and self._reply is None and self._ended_at is None:
            assert self._task is not None
            self._again = True
            cancel(self._task)

    def _weigh(self) -> None:
        """Who follows has changed, and with that how long it may take."""
        before = self._trace.deadline
        self._trace.deadline = max(follower.call.deadline for follower in self._followers)
        if self._trace.deadline > before + LENIENCE_SECONDS:
            self._wake()  # whose deadline was the last waits too long now

    def _account(self, follower: _Follower) -> None:
        """What of the time until now was waiting: for who came later, all of it."""
        trace = follower.call.trace
        if follower.joined is None:
            trace.queued_ms += self._trace.queued_ms
            trace.waited_ms += self._trace.waited_ms
        else:
            trace.joined = True
            trace.waited_ms += (self._clock.now() - follower.joined) * 1000

    def _name(self, follower: _Follower) -> None:
        """Another target may have taken over."""
        assert follower.reply is not None
        assert self._reply is not None
        follower.reply.target, follower.reply.request_id = self._reply.target, self._reply.request_id

    def _tell(self, follower: _Follower) -> None:
        """Put the attempts into the follower's own trace: one that began before the follower's call did
        so at a time below zero."""
        later = (follower.call.started - self._call.started) * 1000
        follower.call.trace.attempts += [_seen_from(attempt, later) for attempt in self._trace.attempts]

    def _failure(self, follower: _Follower) -> BaseException:
        """A follower's own copy, as those above write into it."""
        self._tell(follower)
        assert self._error is not None
        return copy.copy(self._error) if isinstance(self._error, ProviderError) else self._error

    def _report(self, status: Status) -> None:
        self._status = status
        self._queued_ms = self._trace.queued_ms if status.state == "queued" else None
        for follower in list(self._followers):
            follower.call.trace.report(status)

    def _began(self, target: str) -> None:
        self._target = target
        for follower in self._followers:
            follower.call.trace.began(target)

    def _heard(self) -> None:
        call, self._on_heard = self._on_heard, None
        if call is not None:
            call()

    def _wake(self) -> None:
        self._news.set()
        self._news.clear()


def _seen_from(attempt: Attempt, later: float) -> Attempt:
    return Attempt(
        attempt.target, attempt.outcome, round(attempt.started_ms - later, 3), attempt.duration_ms,
        attempt.status, attempt.request_id,
    )  # fmt: skip


def _timed_out(call: Call) -> TimedOut:
    provider, _, model = call.model.partition("/")
    message = (
        f"{call.model} was not done within the {call.timeouts.total:g} s of the call; "
        "ask for less or raise timeouts.total."
    )
    return TimedOut(message, phase="total", provider=provider, model=model)
