"""The method table: Libria's own methods, their shapes, what answers them. PROTOCOL.md and the
clients' types are generated from it."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import msgspec

from libria import __version__
from libria.config import warnings
from libria.engine import Engine
from libria.layers.limit import TargetState
from libria.paths import config_file
from libria.rpc import answers, results
from libria.rpc import params as wire
from libria.rpc.codes import invalid_params
from libria.rpc.request import Request
from libria.session import Session
from libria_providers.errors import ModelNotFound, ProviderError
from libria_providers.types import Model


class Host(Protocol):
    """The process that serves."""

    address: str | None
    config_problem: str | None

    @property
    def refresh(self) -> Callable[[], None]:
        """Called before each request."""
        ...

    def sessions(self) -> list[Session]: ...

    def drain(self, waiting: Session | None = None) -> None:
        """Take no new calls, finish those in flight, end. The connection of `waiting` stays open
        until the process has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """Whom a request is for and where it came in."""

    session: Session
    host: Host
    request: Request


@dataclass(frozen=True, slots=True)
class Method:
    """`run` gets params of type `params`. Internal ones are between Libria's own processes."""

    name: str
    params: type[wire.Params]
    result: type[results.Result] | None
    about: str
    run: Callable[[Context, Any], Awaitable[results.Result | None]]
    internal: bool = False


async def _chat(context: Context, params: wire.ChatParams) -> results.ChatResult:
    return await answers.text(context.session, params, context.request)


async def _complete(context: Context, params: wire.CompleteParams) -> results.ChatResult:
    return await answers.text(context.session, params, context.request)


async def _embed(context: Context, params: wire.EmbedParams) -> results.EmbedResult:
    return await answers.embed(context.session, params, context.request)


async def _count_tokens(context: Context, params: wire.CountTokensParams) -> results.CountTokensResult:
    return await answers.count_tokens(context.session, params, context.request)


async def _models(context: Context, params: wire.ModelsParams) -> results.ModelsResult:
    """One provider's failure is a problem in the list, not a failure of the list."""
    session = context.session
    engine, origin = session.engine, session.origin()
    if params.provider is not None:
        try:
            engine.targets.row(params.provider)
        except ModelNotFound as error:
            raise invalid_params(error.message) from None
    found: list[results.ModelResult] = []
    problems: list[results.Problem] = []

    async def listed(name: str) -> tuple[str, list[Model] | ProviderError | TimeoutError]:
        try:
            return name, list(await engine.models(name, origin, refresh=params.refresh))
        except (ProviderError, TimeoutError) as error:
            return name, error

    names = [params.provider] if params.provider is not None else engine.targets.listed()
    for name, outcome in await asyncio.gather(*map(listed, names)):
        if isinstance(outcome, list):
            found += [_model(model) for model in outcome]
        elif isinstance(outcome, ProviderError):
            problems.append(results.Problem(provider=name, kind=outcome.kind, message=outcome.message))
        else:
            message = f"{name} did not list its models in time; try again."
            problems.append(results.Problem(provider=name, kind="timedOut", message=message))
    for alias, targets in engine.config.aliases.items():
        if params.provider is None:
            found.append(results.ModelResult(id=alias, provider=targets[0].partition("/")[0], capabilities=["alias"]))
    return results.ModelsResult(models=found, problems=problems)


async def _status(context: Context, params: wire.StatusParams) -> results.StatusResult:
    engine, host = context.session.engine, context.host
    now = engine.clock.now()
    problems = [host.config_problem] if host.config_problem else []
    return results.StatusResult(
        pid=os.getpid(),
        version=__version__,
        uptime_seconds=round(now - engine.started, 3),
        tasks=len(asyncio.all_tasks()),
        socket=host.address,
        config=str(config_file()),
        problems=problems + warnings(engine.config),
        clients=[
            results.ClientResult(session=session.id, name=session.client, calls=len(session.calls))
            for session in host.sessions()
        ],
        calls=[
            results.CallResult(
                call_id=flight.call_id, model=flight.call.model, client=session.client,
                seconds=round(now - flight.call.started, 3),
            )
            for session in host.sessions()
            for flight in session.calls.values()
        ],
        pools=[
            results.PoolResult(
                provider=pool.wiring.provider, address=pool.wiring.address,
                in_use=pool.in_use, open=pool.open_connections, opened=pool.opened,
            )
            for pool in engine.pools()
        ],
        breakers=[
            results.BreakerResult(
                target=target, state=circuit.state, failures=circuit.failures, reason=circuit.last,
                retry_in_ms=None if circuit.retry_in is None else circuit.retry_in * 1000,
            )
            for target, circuit in engine.circuits()
            if circuit.failures
        ],
        targets=[_target(state) for state in engine.limiter.snapshot()],
        queue=results.QueueResult(**asdict(engine.calls.admit.snapshot())),
        cache=await _cache_figures(engine),
        redis=_redis(engine),
        spend=[
            results.SpentResult(target=target, **asdict(spent)) for target, spent in engine.spend.by_target.items()
        ],
    )  # fmt: skip


def _target(state: TargetState) -> results.TargetResult:
    return results.TargetResult(
        target=state.target,
        key=state.key[:8],
        limits=[results.LimitResult(**asdict(limit)) for limit in state.limits],
        paused_ms=state.paused * 1000,
        waiting=state.waiting,
        in_flight=state.at_once,
        bound=state.bound,
        found=state.found,
    )


def _redis(engine: Engine) -> results.RedisResult:
    state = engine.stock.link.state()
    return results.RedisResult(
        status=state.status,
        url=state.url,
        since_seconds=None if state.status == "off" else round(engine.clock.now() - state.since, 3),
        error=state.error,
        round_trip_ms=state.round_trip_ms,
    )


async def _cache_figures(engine: Engine) -> results.CacheFiguresResult:
    figures = engine.stock.figures
    return results.CacheFiguresResult(
        hits=figures.hits,
        misses=figures.misses,
        stored=figures.stored,
        foreign=figures.foreign,
        joined=figures.joined,
        saved_usd=await engine.saved(),
    )


async def _cache_stats(context: Context, params: wire.CacheStatsParams) -> results.CacheStatsResult:
    engine = context.session.engine
    tiers = await engine.stock.answers.stats()
    fullest = max(tiers, key=lambda tier: tier.entries)
    return results.CacheStatsResult(
        **msgspec.structs.asdict(await _cache_figures(engine)),
        tiers=[
            results.CacheTierResult(
                name=tier.name, entries=tier.entries, bytes=tier.size, max_bytes=tier.max_bytes, problem=tier.problem
            )
            for tier in tiers
        ],
        models=[
            results.CachedModelResult(model=model or "?", entries=held.entries, bytes=held.size)
            for model, held in sorted(fullest.models.items(), key=lambda item: -item[1].size)
        ],
    )


async def _cache_clear(context: Context, params: wire.CacheClearParams) -> results.CacheClearResult:
    cache = context.session.engine.stock.answers
    removed = await cache.clear(params.model, params.older_than)
    problems = [f"{tier.name}: {tier.problem}" for tier in await cache.stats() if tier.problem]
    return results.CacheClearResult(removed=max(removed.values()), problems=problems)


async def _stop(context: Context, params: wire.StopParams) -> None:
    context.host.drain(waiting=context.session)


def greet(session: Session, params: wire.HelloParams) -> None:
    """Done at once, in no task: what comes behind a hello must find it done and may overrule it."""
    session.env = params.env
    session.client = params.client[:80]


async def _hello(context: Context, params: wire.HelloParams) -> None:
    greet(context.session, params)


def _model(model: Model) -> results.ModelResult:
    return results.ModelResult(
        id=model.id,
        provider=model.provider,
        context_window=model.context_window,
        capabilities=list(model.capabilities),
        price=results.PriceResult(
            input=model.price.input, output=model.price.output, cached_input=model.price.cached_input
        )
        if model.price
        else None,
    )


HELLO = "libria/hello"

_ROWS = (
    Method(
        "libria/chat",
        wire.ChatParams,
        results.ChatResult,
        "Ask a model. With `partialResultToken` the answer streams as `$/progress` before the result.",
        _chat,
    ),
    Method(
        "libria/complete",
        wire.CompleteParams,
        results.ChatResult,
        "Fill in the middle: the code between `prefix` and `suffix`, streamed like `libria/chat`.",
        _complete,
    ),
    Method(
        "libria/embed",
        wire.EmbedParams,
        results.EmbedResult,
        "A vector for each text; any number of them, in as many requests as the provider takes at once.",
        _embed,
    ),
    Method(
        "libria/countTokens",
        wire.CountTokensParams,
        results.CountTokensResult,
        "How many tokens a chat would be: by the provider where it counts, else estimated.",
        _count_tokens,
    ),
    Method(
        "libria/models",
        wire.ModelsParams,
        results.ModelsResult,
        "What can be asked: the models of every provider that can be reached, and why others cannot.",
        _models,
    ),
    Method("libria/status", wire.StatusParams, results.StatusResult, "How the daemon is doing.", _status),
    Method(
        "libria/cacheStats",
        wire.CacheStatsParams,
        results.CacheStatsResult,
        "What is kept of answers, by tier and by model, and what it was good for.",
        _cache_stats,
    ),
    Method(
        "libria/cacheClear",
        wire.CacheClearParams,
        results.CacheClearResult,
        "Take answers out of the cache: all, one model's, or what was stored so long ago.",
        _cache_clear,
    ),
    Method("libria/stop", wire.StopParams, None, "Finish the calls in flight, then end the daemon.", _stop),
    Method(
        HELLO,
        wire.HelloParams,
        None,
        "The thin forwarder's first message: whose environment counts.",
        _hello,
        internal=True,
    ),
)

METHODS: Mapping[str, Method] = {method.name: method for method in _ROWS}
