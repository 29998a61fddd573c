"""What all sessions share and what closes last; the only place that constructs."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from libria import stack
from libria.call_log import CallLog
from libria.clock import Clock
from libria.config import Config
from libria.costs import Costs
from libria.default_model import default_fill_model, default_model
from libria.lag import Lag
from libria.layers.allowance import hashed
from libria.layers.attempt import Ended, Notes
from libria.layers.breaker import BreakerPolicy, Circuit, HeldCircuit
from libria.layers.cache import Identity
from libria.layers.hedge import Latency
from libria.layers.limit import Limiter, Rates
from libria.layers.retry import RetryPolicy
from libria.layers.service import Service
from libria.ledger.budgets import Budgets
from libria.ledger.ledger import Ledger
from libria.ledger.totals import Sum
from libria.log.log import Log
from libria.pace import Pace
from libria.paths import ledger_file
from libria.spend import Spend
from libria.stack import Target
from libria.stock import Stock
from libria.stores.redis_question import patience
from libria.targets import Targets
from libria_providers.errors import ModelNotFound, ProviderError
from libria_providers.http import Pool, Pools
from libria_providers.provider import Provider
from libria_providers.registry import near, personal
from libria_providers.reply import Reply
from libria_providers.simulator import Simulator
from libria_providers.types import Call, Finish, Model, Origin, Timeouts, Usage
from libria_providers.websocket.transport import Sockets, SocketTransport
from libria_providers.wiring import Wiring

MODEL_LIST_SECONDS = 300.0
"""How long a provider's list of models is believed."""

MAX_TARGETS = 1000
"""Whose layers are kept; a client that makes up model names must not fill the memory."""

NEAR_SECONDS = 2.0
"""For the list of models that an unknown one is compared with."""

TYPICAL_SECONDS = 30.0
"""Of an answer of which nothing is known."""

LIST_TIMEOUTS = Timeouts(connect=3.0, first_token=8.0, idle=8.0, total=10.0)


@dataclass(frozen=True, slots=True)
class ModelList:
    models: tuple[Model, ...]
    at: float


class Engine:
    """One for each process that serves. `send` asks; `reconfigure` swaps the config, and calls that
    are under way go on with the one they began with."""

    def __init__(self, config: Config, clock: Clock, *, alone: bool = False, log: Log | None = None) -> None:
        self.clock = clock
        self.config = config
        self.started = clock.now()
        self.log = log or Log([], wall=clock.wall, now=clock.now)
        self._pools = Pools()
        self._sockets = Sockets()
        self._targets: dict[tuple[str, str, Wiring], Target] = {}
        self._latencies: dict[str, Latency] = {}
        self._inherited: dict[str, HeldCircuit] = {}  # of targets that were not asked here yet
        self.spend = Spend()
        self._pace = Pace()
        self.ledger = Ledger(clock, ledger_file(), config)
        self.budgets = Budgets(self.ledger, clock)
        self.lag = Lag(clock)
        self._lists: dict[tuple[str, str, str], ModelList] = {}
        self._costs = Costs()
        self._saved: dict[str, tuple[int, float]] = {}  # hits whose price is known, and that
        self._simulator: Simulator | None = None
        self._simulator_lock = asyncio.Lock()
        self._alone = alone
        self.stock = Stock(config, clock, alone=alone)
        self.call_log = CallLog(clock, most=config.daemon.resume_bytes)
        self._ending: set[asyncio.Task[None]] = set()
        self._configure(config)

    def _configure(self, config: Config) -> None:
        self.config = config
        self.call_log.most = config.daemon.resume_bytes
        self.log.configure(config)
        self.ledger.configure(config)
        self.budgets.configure(config, self.stock.budgets)
        self.targets = Targets(
            config, self._pools, self._sockets, lambda: self._simulator.url if self._simulator else "", self.clock
        )
        retry = config.retry
        self._policy = RetryPolicy(retry.attempts, retry.base_delay, retry.max_delay, retry.max_retry_after)
        self._targets.clear()
        self.calls = stack.for_calls(
            self, self._identify, self._at_once, self.stock.kept, self.clock, filtered=config.fallback.content_filter
        )

    def start(self) -> None:
        """Reach for what is beyond this process; nothing waits for it."""
        self.stock.start()

    def reconfigure(self, config: Config) -> None:
        if config.redis != self.config.redis:
            old, self.stock = self.stock, Stock(config, self.clock, alone=self._alone)
            self.stock.start()
            task = asyncio.get_running_loop().create_task(old.aclose())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
        self.stock.fit(config)
        self._configure(config)

    @property
    def limiter(self) -> Limiter:
        return self.stock.limiter

    async def send(self, call: Call) -> Reply:
        """The reply to `call`, whose model may be an alias or empty. Raises ProviderError."""
        call.trace.asked = call.model
        if not call.model:
            call = replace(call, model=await self._default_model(call.origin))
        if any(name.startswith("simulate/") for name in self.names(call)):
            await self._need_simulator()
        if not all(self.targets.local(name) for name in self.names(call)):
            self._costs.prepare()
        try:
            with patience():  # however many questions to Redis it takes
                return await self.calls.service.send(call)
        except ModelNotFound as error:
            raise await self._with_near(error, call) from None

    async def cost(self, target: str, finish: Finish) -> float | None:
        """US dollars for what `target` answered, None where its price is not known."""
        name, _, model = target.partition("/")
        if self.targets.local(target):
            return None
        kind = self.targets.kind(name)
        for served in dict.fromkeys((model, finish.served_model)):
            if served and (dollars := await self._costs.of(kind, served, finish.usage)) is not None:
                return dollars
        return None

    async def saved(self) -> float:
        """US dollars that answers from the cache would have cost, as far as prices are known."""
        total = 0.0
        for target, saved in list(self.stock.figures.saved.items()):
            hits, dollars = self._saved.get(target, (0, 0.0))
            if hits != saved.hits:
                hits, finish = saved.hits, Finish("stop", Usage(saved.input_tokens, saved.output_tokens))
                dollars = await self.cost(target, finish) or 0.0
                self._saved[target] = (hits, dollars)
            total += dollars
        return round(total, 6)

    async def spent_today(self) -> Sum:
        """By all daemons of this home."""
        return await self.ledger.today()

    async def models(self, provider: str, origin: Origin, *, refresh: bool = False) -> Sequence[Model]:
        """What `provider` serves, from a list at most MODEL_LIST_SECONDS old. Raises ProviderError."""
        if provider == "simulate":
            await self._need_simulator()
        own = self.config.providers.get(provider)
        if own is not None and own.models:  # the config lists what the server may not
            return [Model(f"{provider}/{name}", provider) for name in own.models]
        asked = await self.targets.provider(provider, origin.env)
        key = (provider, asked.address, self._fingerprint(asked))
        known = self._lists.get(key)
        if known is None or refresh or self.clock.now() - known.at > MODEL_LIST_SECONDS:
            async with asyncio.timeout(LIST_TIMEOUTS.total):
                models = await asked.models(LIST_TIMEOUTS)
                if not self.targets.local(provider):
                    models = await self._costs.completed(models, self.targets.kind(provider))
            known = self._lists[key] = ModelList(tuple(models), self.clock.now())
        return known.models

    def _fingerprint(self, provider: Provider) -> str:
        """Whose key, organization and other headers, without saying them. Two clients share a target,
        its limits and cached answers only when all are the same."""
        return self.stock.partitions.of(provider.headers, keyless=provider.credential is None)

    def _sharers(self, provider: Provider) -> str | None:
        """Those with whom its user shares cached answers, whatever their keys; None where keys keep them apart."""
        if not self.config.cache.share_between_keys:
            return None
        key = provider.credential
        names = personal(provider.row, (key.source, key.value) if key else None)
        return self.stock.partitions.of(provider.headers, keyless=key is None, but=names)

    def pools(self) -> list[Pool | SocketTransport]:
        return [*self._pools.all(), *self._sockets.all()]

    async def aclose(self) -> None:
        await self._costs.settled()
        self.call_log.close()
        await self.stock.aclose()
        await self._sockets.aclose()
        await self._pools.aclose()
        if self._simulator is not None:
            await self._simulator.__aexit__(None, None, None)
            self._simulator = None
        await self.ledger.aclose()

    def names(self, call: Call) -> list[str]:
        names: list[str] = []
        for name in (call.model, *call.fallbacks):
            names += self.config.aliases.get(name, [name])
        return list(dict.fromkeys(names))

    async def _default_model(self, origin: Origin) -> str:
        return await default_model(self.config, self.targets, origin.env, lambda name: self.models(name, origin))

    async def fill_model(self, origin: Origin) -> str | None:
        """The config's for code completion, else one that is made for it and can be reached, else None."""
        if self.config.editor.completion_model:
            return self.config.editor.completion_model
        return await default_fill_model(self.targets, origin.env, lambda name: self.models(name, origin))

    def takes_temperature(self, model: str) -> bool:
        """Whether nothing that `model` stands for refuses one."""
        for target in self.config.aliases.get(model, [model]):
            name, _, plain = target.partition("/")
            try:
                if "temperature" in self.targets.row(name).quirks_of(plain).refuses:
                    return False
            except ModelNotFound:
                return False
        return True

    def takes_schema(self, model: str) -> bool:
        """Whether all that `model` stands for may be sent a JSON Schema for the form of the answer."""
        for target in self.config.aliases.get(model, [model]):
            name, _, plain = target.partition("/")
            try:
                quirks = self.targets.row(name).quirks_of(plain)
            except ModelNotFound:
                return False
            if not quirks.json_schema or "responseFormat" in quirks.refuses:
                return False
        return True

    async def service(self, target: str, call: Call) -> Service:
        """The layers of one target: provider, model and key. Raises ProviderError."""
        name, slash, model = target.partition("/")
        if not slash or not model:
            raise self.targets.unknown(name)
        provider = await self.targets.provider(name, call.origin.env)
        key = (target, self._fingerprint(provider), provider.wiring)
        known = self._targets.get(key)
        if known is None:
            if len(self._targets) >= MAX_TARGETS:
                self._targets.clear()
                self._latencies.clear()
            latency = self._latencies.setdefault(target, Latency())
            slow = provider.row.quirks_of(model).slow_start
            known = self._targets[key] = stack.for_target(
                provider,
                self._policy,
                BreakerPolicy(),
                self.clock,
                Notes(latency.add, partial(self._ended, provider)),
                lambda call: "loads" if call.reasoning is not None else slow,
                lambda inner: self.limiter.limit(
                    inner,
                    target,
                    f"{provider.address} {key[1]}",
                    self._rates(name),
                    self._rates(target),
                ),
                self.budgets if self.budgets and not self.targets.local(target) else None,
            )
            inherited = self._inherited.pop(_name(key), None)
            if inherited is not None:
                known.breaker.inherit(inherited)
        return known.service

    def _ended(self, provider: Provider, ended: Ended) -> None:
        """Into the books and the log."""
        self._pace.add(ended)
        self.spend.add(ended.attempt, ended.usage, ended.exact)
        at = self.clock.wall()
        if ended.usage == Usage():
            self._logged(provider, ended, at)
        else:
            self._costs.then(lambda: self._logged(provider, ended, at))

    def _logged(self, provider: Provider, ended: Ended, at: float) -> None:
        name, _, model = ended.attempt.target.partition("/")
        kind, finish, cost = self.targets.kind(name), ended.finish, None
        free = self.targets.local(name)
        if not free:
            for served in dict.fromkeys((model, finish.served_model if finish else "")):
                if served and (cost := self._costs.known(kind, served, ended.usage)) is not None:
                    break
        key = provider.credential.value if provider.credential else None
        self.log.attempt(ended, kind=kind, address=provider.address, key=key, cost=cost)
        self.ledger.attempt(ended, at=at, key=key, cost=0.0 if free or ended.usage == Usage() else cost)
        self.budgets.spent(ended.call.origin.client, name)

    def answered(self, call: Call, target: str, age: float | None, finish: Finish) -> None:
        """Into the ledger, where no attempt was made for `call`; `age` is that of a cache's entry."""
        if age is not None:
            self.ledger.answered(call, "cached", target, finish.served_model)
        elif call.trace.joined:
            self.ledger.answered(call, "coalesced", target, finish.served_model)

    async def into_ledger(self, seconds: float) -> None:
        """What has ended is in the ledger's file, where that can be written in so many seconds."""
        await self._costs.settled()
        await self.ledger.flush(seconds)

    def window(self, target: str) -> int | None:
        """The context window of `target` in tokens, as far as it was learned."""
        for known in self._lists.values():
            for model in known.models:
                if model.id == target and model.context_window:
                    return model.context_window
        return self._costs.window(self.targets.kind(target.partition("/")[0]), target.partition("/")[2])

    def expected_seconds(self, call: Call) -> float:
        """Until `call` is answered: by how long its first target's answers took lately, and who waits for it now."""
        names = self.names(call)
        seconds = self._pace.seconds(names[0]) or TYPICAL_SECONDS
        wait = 0.0
        for state in self.limiter.states(recent=TYPICAL_SECONDS):
            if state.target == names[0]:
                full = state.bound is not None and state.at_once >= state.bound
                ahead = (state.waiting + 1) / state.bound if full and state.bound else 0.0
                wait = max(wait, state.paused, ahead * seconds)
        admitted = self.calls.admit.snapshot()
        return seconds + wait + seconds * admitted.waiting / max(1, admitted.slots)

    def hedge_after(self, call: Call) -> float | None:
        """Seconds, at least the config's; the first target's 95th percentile where it is known."""
        least = self.config.hedge_after.get(call.model)
        if least is None or call.ask is not None:
            return None
        latency = self._latencies.get(self.names(call)[0])
        return max(least, (latency.p95() if latency else None) or 0.0)

    def held_circuits(self) -> dict[str, HeldCircuit]:
        """The breakers' state, by the hash of target, credential and wiring, for `inherit` in another process."""
        held = ((_name(key), known.breaker.held()) for key, known in self._targets.items())
        return {name: circuit for name, circuit in held if circuit is not None}

    def inherit_circuits(self, held: Mapping[str, HeldCircuit]) -> None:
        self._inherited.update(held)

    def circuits(self) -> list[tuple[str, Circuit]]:
        """Of all targets that were asked, one for each key."""
        return [(target, known.breaker.circuit()) for (target, _, _), known in self._targets.items()]

    def _rates(self, name: str) -> Rates:
        """The user's limits of a provider, or of one model of it."""
        limit = self.config.limits.get(name)
        return Rates(limit.rpm, limit.tpm, limit.concurrency) if limit else Rates()

    async def _identify(self, call: Call) -> Identity:
        """Of the target that is asked first."""
        target = self.names(call)[0]
        name, _, model = target.partition("/")
        provider = await self.targets.provider(name, call.origin.env)
        exchange = provider.row.exchange(call, model) or provider.row.dialect
        version = f"{exchange.name}/{exchange.version} {provider.address}"
        payer = self._fingerprint(provider)
        if self.budgets.by_tool:  # what is refused to one tool is not refused to another
            payer = f"{payer} {call.origin.client}"
        return Identity(target, version, self._sharers(provider) or self._fingerprint(provider), payer)

    async def _at_once(self, call: Call) -> int:
        """Texts in one request for embeddings, of the target that is asked first."""
        name, _, model = self.names(call)[0].partition("/")
        return self.targets.row(name).quirks_of(model).embed_batch

    async def _need_simulator(self) -> None:
        async with self._simulator_lock:
            if self._simulator is None:
                self._simulator = await Simulator().__aenter__()

    async def _with_near(self, error: ModelNotFound, call: Call) -> ModelNotFound:
        """Name the models that the user may have meant, where the provider tells."""
        if error.provider is None or error.model is None:
            return error
        try:
            async with asyncio.timeout(min(NEAR_SECONDS, call.deadline - self.clock.now())):
                listed = await self.models(error.provider, call.origin)
        except (ProviderError, TimeoutError):
            return error
        names = near(f"{error.provider}/{error.model}", [model.id for model in listed])
        if names:
            error.message = f"{error.message.rstrip()} Near: {', '.join(names)}."
        return error


def _name(key: tuple[str, str, Wiring]) -> str:
    """The same in every process: a wiring holds addresses, which may hold a password."""
    return hashed(repr(key))
