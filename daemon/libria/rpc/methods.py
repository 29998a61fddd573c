"""The method table: Libria's own methods, their shapes, what answers them. PROTOCOL.md and the
clients' types are generated from it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import msgspec

from libria.rpc import answers, results, status, tasks, usage
from libria.rpc import params as wire
from libria.rpc.codes import invalid_params
from libria.rpc.keys import KeysResult, keys
from libria.rpc.request import Request
from libria.rpc.resume import resume
from libria.rpc.status_results import StatusResult
from libria.rpc.task_params import TaskCancelParams, TaskListParams, TaskParams
from libria.rpc.usage_results import UsageReport
from libria.session import Session
from libria.tasks.book import Tasks
from libria.tasks.messages import Acknowledgment
from libria_providers.errors import ModelNotFound, ProviderError
from libria_providers.types import Model


class Host(Protocol):
    """The process that serves."""

    @property
    def tasks(self) -> Tasks: ...

    address: str | None
    config_problem: str | None

    @property
    def refresh(self) -> Callable[[], None]:
        """Called before each request."""
        ...

    def sessions(self) -> list[Session]: ...

    @property
    def moved(self) -> bool:
        """Whether another daemon listens in this one's place."""
        ...

    def hand_over(self, version: str, step: Literal["look", "state", "done"]) -> results.HandOverResult:
        """To a daemon of `version`."""
        ...

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
    result: type[msgspec.Struct] | None
    about: str
    run: Callable[[Context, Any], Awaitable[msgspec.Struct | None]]
    internal: bool = False


async def _chat(context: Context, params: wire.ChatParams) -> results.ChatResult:
    return await answers.text(context.session, params, context.request)


async def _complete(context: Context, params: wire.CompleteParams) -> results.ChatResult:
    return await answers.text(context.session, params, context.request)


async def _embed(context: Context, params: wire.EmbedParams) -> results.EmbedResult:
    return await answers.embed(context.session, params, context.request)


async def _count_tokens(context: Context, params: wire.CountTokensParams) -> results.CountTokensResult:
    return await answers.count_tokens(context.session, params, context.request)


async def _resume(context: Context, params: wire.ResumeParams) -> None:
    await resume(context.session, params, context.request)


async def _task(context: Context, params: TaskParams) -> Acknowledgment:
    return await tasks.task(context.host, context.session, params, context.request)


async def _task_list(context: Context, params: TaskListParams) -> tasks.TaskListResult:
    return await tasks.task_list(context.host)


async def _task_cancel(context: Context, params: TaskCancelParams) -> tasks.TaskCancelResult:
    return await tasks.task_cancel(context.host, params)


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


async def _cancel(context: Context, params: wire.CancelCallParams) -> results.CancelCallResult:
    """As if its own client had: all clients are the same user's."""
    kept = context.session.engine.call_log.find(params.call_id)
    if kept is None or kept.call is None:
        return results.CancelCallResult(cancelled=False)
    kept.stop("cancelled")
    return results.CancelCallResult(cancelled=True)


async def _status(context: Context, params: wire.StatusParams) -> StatusResult:
    parts = None if params.parts is None else frozenset[str](params.parts)
    return await status.status(context.session.engine, context.host, parts, params.recent)


async def _usage(context: Context, params: wire.UsageParams) -> UsageReport:
    return await usage.report(context.session.engine, params)


async def _cache_stats(context: Context, params: wire.CacheStatsParams) -> results.CacheStatsResult:
    engine = context.session.engine
    tiers = await engine.stock.answers.stats()
    fullest = max(tiers, key=lambda tier: tier.entries or 0)
    return results.CacheStatsResult(
        **msgspec.structs.asdict(await status.cache_figures(engine)),
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


async def _keys(context: Context, params: wire.KeysParams) -> KeysResult:
    return keys(context.host.sessions(), context.session)


async def _hand_over(context: Context, params: wire.HandOverParams) -> results.HandOverResult:
    return context.host.hand_over(params.version, params.step)


def greet(session: Session, params: wire.HelloParams) -> None:
    """Done at once, in no task: what comes behind a hello must find it done and may overrule it."""
    session.env = params.env
    session.client = params.client[:80]
    session.version = params.version[:40]


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


async def _nothing(context: Context, params: wire.Params) -> None:
    """The connection itself has done what is to be done."""


HELLO = "libria/hello"
PING = "libria/ping"
AGAIN = "libria/again"

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
        "libria/resume",
        wire.ResumeParams,
        results.ChatResult,
        "What a call said after `afterSeq`, its progress to come, and its result; under way or ended lately.",
        _resume,
    ),
    Method(
        "libria/models",
        wire.ModelsParams,
        results.ModelsResult,
        "What can be asked: the models of every provider that can be reached, and why others cannot.",
        _models,
    ),
    Method(
        "libria/cancel",
        wire.CancelCallParams,
        results.CancelCallResult,
        "End a call under way, also another client's, by the `callId` that `libria/status` tells.",
        _cancel,
    ),
    Method(
        "libria/task",
        TaskParams,
        Acknowledgment,
        "Have a task done and its result checked. Acknowledged at once; it ends in one `libria/taskMessage`.",
        _task,
    ),
    Method(
        "libria/task/list",
        TaskListParams,
        tasks.TaskListResult,
        "The tasks under way, and those that ended within a day.",
        _task_list,
    ),
    Method(
        "libria/task/cancel",
        TaskCancelParams,
        tasks.TaskCancelResult,
        "End a task; its last message is an escalation of the type `cancelled`.",
        _task_cancel,
    ),
    Method("libria/status", wire.StatusParams, StatusResult, "How the daemon is doing.", _status),
    Method(
        "libria/usage",
        wire.UsageParams,
        UsageReport,
        "What calls cost, out of the ledger: sums by tool, model, provider or day.",
        _usage,
    ),
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
    Method(
        "libria/handOver",
        wire.HandOverParams,
        results.HandOverResult,
        "A newer daemon's: what this one knows, and that it is to end once it has answered what it was asked.",
        _hand_over,
        internal=True,
    ),
    Method(
        "libria/keys", wire.KeysParams, KeysResult, "Which clients have which keys' variables.", _keys, internal=True
    ),
    Method(PING, wire.PingParams, None, "Whether the daemon answers; also while it drains.", _nothing, internal=True),
    Method(
        AGAIN,
        wire.AgainParams,
        None,
        "A notification before a request that a lost daemon had not answered: how far it had come.",
        _nothing,
        internal=True,
    ),
)

METHODS: Mapping[str, Method] = {method.name: method for method in _ROWS}
