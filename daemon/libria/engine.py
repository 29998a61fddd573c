"""What all sessions share and what closes last; the only place that constructs."""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from libria import stack
from libria.clock import Clock
from libria.config import Config
from libria.default_model import default_model
from libria.layers.cache import Identity
from libria.layers.retry import RetryPolicy
from libria.layers.service import Service
from libria.stores.memory import MemoryStore
from libria.targets import Targets
from libria_providers.errors import ModelNotFound, ProviderError
from libria_providers.http import Pool, Pools
from libria_providers.provider import Provider
from libria_providers.registry import near
from libria_providers.reply import Reply
from libria_providers.simulator import Simulator
from libria_providers.types import Call, Model, Origin, Timeouts
from libria_providers.wiring import Wiring

MODEL_LIST_SECONDS = 300.0
"""How long a provider's list of models is believed."""

MAX_TARGETS = 1000
"""Whose layers are kept; a client that makes up model names must not fill the memory."""

MEMORY_BYTES = 16 * 1024 * 1024
"""Of answers kept in memory: some thousand, and small beside the daemon itself."""

NEAR_SECONDS = 2.0
"""For the list of models that an unknown one is compared with."""

LIST_TIMEOUTS = Timeouts(connect=3.0, first_token=8.0, idle=8.0, total=10.0)


@dataclass(frozen=True, slots=True)
class ModelList:
    models: tuple[Model, ...]
    at: float


class Engine:
    """One for each process that serves. `send` asks; `reconfigure` swaps the config, and calls that
    are under way go on with the one they began with."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self.clock = clock
        self.config = config
        self.started = clock.now()
        self._pools = Pools()
        self._fingerprint_key = secrets.token_bytes(16)
        self._services: dict[tuple[str, str, Wiring], Service] = {}
        self._lists: dict[tuple[str, str, str], ModelList] = {}
        self._simulator: Simulator | None = None
        self._simulator_lock = asyncio.Lock()
        self._store = MemoryStore(min(MEMORY_BYTES, config.cache.max_bytes))
        self._configure(config)

    def _configure(self, config: Config) -> None:
        self.config = config
        self.targets = Targets(config, self._pools, lambda: self._simulator.url if self._simulator else "")
        retry = config.retry
        self._policy = RetryPolicy(retry.attempts, retry.base_delay, retry.max_delay, retry.max_retry_after)
        self._services.clear()
        self._stack = stack.for_calls(
            self._names, self._service, self._identify, self._store, config.cache.ttl, self.clock
        )

    def reconfigure(self, config: Config) -> None:
        self._configure(config)

    async def send(self, call: Call) -> Reply:
        """The reply to `call`, whose model may be an alias or empty. Raises ProviderError."""
        if not call.model:
            call = replace(call, model=await self._default_model(call.origin))
        if any(name.startswith("simulate/") for name in self._names(call)):
            await self._need_simulator()
        try:
            return await self._stack.send(call)
        except ModelNotFound as error:
            raise await self._with_near(error, call) from None

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
            known = self._lists[key] = ModelList(tuple(models), self.clock.now())
        return known.models

    def _fingerprint(self, provider: Provider) -> str:
        """Whose key, organization and other headers, without saying them: a keyed hash, other in
        each process. Two clients share a target, and cached answers, only when all are the same."""
        said = "\0".join(f"{name}:{value}" for name, value in sorted(provider.headers.items()))
        return hashlib.blake2b(said.encode(), key=self._fingerprint_key, digest_size=12).hexdigest()

    def pools(self) -> list[Pool]:
        return self._pools.all()

    async def aclose(self) -> None:
        await self._pools.aclose()
        if self._simulator is not None:
            await self._simulator.__aexit__(None, None, None)
            self._simulator = None

    def _names(self, call: Call) -> list[str]:
        names: list[str] = []
        for name in (call.model, *call.fallbacks):
            names += self.config.aliases.get(name, [name])
        return list(dict.fromkeys(names))

    async def _default_model(self, origin: Origin) -> str:
        return await default_model(self.config, self.targets, origin.env, lambda name: self.models(name, origin))

    async def _service(self, target: str, call: Call) -> Service:
        """The layers of one target: provider, model and key. Raises ProviderError."""
        name, slash, model = target.partition("/")
        if not slash or not model:
            raise self.targets.unknown(name)
        provider = await self.targets.provider(name, call.origin.env)
        key = (target, self._fingerprint(provider), provider.wiring)
        service = self._services.get(key)
        if service is None:
            if len(self._services) >= MAX_TARGETS:
                self._services.clear()
            service = self._services[key] = stack.for_target(provider, self._policy, self.clock)
        return service

    async def _identify(self, call: Call) -> Identity:
        """Of the target that is asked first."""
        target = self._names(call)[0]
        provider = await self.targets.provider(target.partition("/")[0], call.origin.env)
        dialect = provider.row.dialect
        return Identity(target, f"{dialect.name}/{dialect.version} {provider.address}", self._fingerprint(provider))

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
