"""`libria/status`: how the daemon is doing, put together in slices so that looking holds up nobody."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Protocol, TypeVar

from libria import __version__
from libria.config import warnings
from libria.engine import Engine
from libria.layers.limit import TargetState
from libria.ledger.budgets import BudgetState
from libria.ledger.row import PICO
from libria.ledger.when import stamp
from libria.paths import config_file
from libria.rpc.results import CacheFiguresResult
from libria.rpc.status_results import (
    BreakerResult,
    BudgetResult,
    CallResult,
    ClientResult,
    LedgerResult,
    LimitResult,
    PoolResult,
    ProcessResult,
    QueueResult,
    RedisResult,
    SpentResult,
    SpentTodayResult,
    StatusResult,
    TargetResult,
)  # fmt: skip
from libria.session import CallInFlight, Session
from libria.spend import Spent

SLICE = 50
"""Entries that are made at a time, in about a quarter of a millisecond; then everybody else has a turn."""

T = TypeVar("T")
R = TypeVar("R")


class Host(Protocol):
    """What the status needs of the process that serves."""

    address: str | None
    config_problem: str | None

    def sessions(self) -> list[Session]: ...


async def status(engine: Engine, host: Host, parts: frozenset[str] | None, recent: float | None) -> StatusResult:
    """Of `parts` alone, None for all; of targets, those that were asked in the last `recent` seconds."""
    now = engine.clock.now()

    def wanted(part: str) -> bool:
        return parts is None or part in parts

    async def made(part: str, make: Callable[[T], R], items: Callable[[], Iterable[T]]) -> list[R]:
        return await _in_slices(make, items()) if wanted(part) else []

    problems = [host.config_problem] if host.config_problem else []
    budgets = await engine.budgets.states() if wanted("today") else []
    problems += [*engine.ledger.problems, *filter(None, (state.sentence for state in budgets))]
    return StatusResult(
        pid=os.getpid(),
        version=__version__,
        uptime_seconds=round(now - engine.started, 3),
        tasks=len(asyncio.all_tasks()),
        socket=host.address,
        config=str(config_file()),
        problems=problems + warnings(engine.config),
        clients=await made("clients", lambda session: _client(session, now), host.sessions),
        calls=await made("calls", lambda flight: _call(flight, now), lambda: _flights(engine, host)),
        pools=[
            PoolResult(
                provider=pool.wiring.provider, address=pool.wiring.address,
                in_use=pool.in_use, open=pool.open_connections, opened=pool.opened,
            )
            for pool in (engine.pools() if wanted("pools") else ())
        ],
        breakers=_breakers(engine) if wanted("breakers") else [],
        targets=await made("targets", _target, lambda: engine.limiter.states(recent)),
        queue=_queue(engine),
        cache=await cache_figures(engine),
        redis=_redis(engine),
        spend=await made("spend", lambda item: _spent(*item), lambda: list(engine.spend.by_target.items())),
        process=await _process(engine) if wanted("process") else None,
        today=await _today(engine) if wanted("today") else None,
        budgets=[_budget(state) for state in budgets],
        ledger=_ledger(engine),
    )  # fmt: skip


async def cache_figures(engine: Engine) -> CacheFiguresResult:
    figures = engine.stock.figures
    return CacheFiguresResult(
        hits=figures.hits,
        misses=figures.misses,
        stored=figures.stored,
        foreign=figures.foreign,
        joined=figures.joined,
        saved_usd=await engine.saved(),
    )


async def _in_slices(make: Callable[[T], R], items: Iterable[T]) -> list[R]:
    made: list[R] = []
    rest = iter(items)
    while slice := list(islice(rest, SLICE)):
        if made:
            await asyncio.sleep(0)
        made += map(make, slice)
    return made


def _client(session: Session, now: float) -> ClientResult:
    return ClientResult(
        session=session.id,
        name=session.client,
        version=session.version,
        pid=session.pid,
        calls=len(session.calls),
        seconds=round(now - session.since, 3),
        unread_bytes=session.unread(),
    )


def _flights(engine: Engine, host: Host) -> list[CallInFlight]:
    """With those that go on though their client has left."""
    flights = [flight for session in host.sessions() for flight in session.calls.values()]
    for kept in engine.call_log.orphans():
        if kept.call is not None:
            flights.append(CallInFlight(kept.call_id, kept.call, kept, kept.seen))
    return flights


def _call(flight: CallInFlight, now: float) -> CallResult:
    look = flight.seen.look(now)
    return CallResult(
        call_id=flight.call_id,
        model=flight.call.model,
        client=flight.call.origin.client,
        session=flight.call.origin.session,
        seconds=round(now - flight.call.started, 3),
        state=look.state,
        deltas=look.deltas,
        output_tokens=look.tokens,
        target=look.target,
        reason=look.reason,
        position=look.position,
        eta_ms=look.eta_ms,
        tokens_per_second=look.speed,
    )


def _breakers(engine: Engine) -> list[BreakerResult]:
    return [
        BreakerResult(
            target=target, state=circuit.state, failures=circuit.failures, reason=circuit.last,
            retry_in_ms=None if circuit.retry_in is None else circuit.retry_in * 1000,
        )
        for target, circuit in engine.circuits()
        if circuit.failures
    ]  # fmt: skip


def _target(state: TargetState) -> TargetResult:
    return TargetResult(
        target=state.target,
        key=state.key[:8],
        limits=[
            LimitResult(
                of=limit.of, limit=limit.limit, seconds=limit.seconds, learned=limit.learned, shared=limit.shared,
                used=limit.used, remaining=limit.remaining,
            )
            for limit in state.limits
        ],
        paused_ms=state.paused * 1000,
        waiting=state.waiting,
        in_flight=state.at_once,
        bound=state.bound,
        found=state.found,
    )  # fmt: skip


def _spent(target: str, spent: Spent) -> SpentResult:
    return SpentResult(
        target=target,
        attempts=spent.attempts,
        failed=spent.failed,
        cancelled=spent.cancelled,
        estimated_attempts=spent.estimated_attempts,
        input_tokens=spent.input_tokens,
        output_tokens=spent.output_tokens,
    )


def _queue(engine: Engine) -> QueueResult:
    state = engine.calls.admit.snapshot()
    return QueueResult(in_flight=state.in_flight, slots=state.slots, waiting=state.waiting, room=state.room)


def _redis(engine: Engine) -> RedisResult:
    state = engine.stock.link.state()
    return RedisResult(
        status=state.status,
        url=state.url,
        since_seconds=None if state.status == "off" else round(engine.clock.now() - state.since, 3),
        error=state.error,
        round_trip_ms=state.round_trip_ms,
    )


async def _today(engine: Engine) -> SpentTodayResult:
    today = await engine.spent_today()
    return SpentTodayResult(
        seconds=round(engine.ledger.since_midnight(), 3),
        usd=round(today.cost / PICO, 6),
        attempts=today.attempts,
        unpriced_attempts=today.unpriced,
        input_tokens=today.input_tokens,
        output_tokens=today.output_tokens,
    )


def _budget(state: BudgetState) -> BudgetResult:
    budget = state.budget
    return BudgetResult(
        name=state.name,
        usd=budget.usd,
        per=budget.per,
        action=budget.action,
        spent_usd=round(state.spent, 6),
        unpriced_attempts=state.unpriced,
        renews_at=stamp(state.renews),
        state=state.mood or "open",
        tool=budget.tool,
        provider=budget.provider,
    )


def _ledger(engine: Engine) -> LedgerResult:
    ledger = engine.ledger
    path = str(ledger.path) if ledger.path else None
    return LedgerResult(
        enabled=ledger.writes, days=engine.config.ledger.days, path=path, problems=list(ledger.problems)
    )


async def _process(engine: Engine) -> ProcessResult:
    return ProcessResult(
        cpu_seconds=round(time.process_time(), 3),
        lag_ms=round(await engine.lag.worst() * 1000, 3),
        rss_bytes=_rss(),
    )


def _rss() -> int | None:
    """Where the kernel says it; elsewhere only the most that it ever was can be had, which is another figure."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None
