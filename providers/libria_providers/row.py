"""What a provider is, as data: a row."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from libria_providers.dialects.base import Dialect, Exchange, Quirks
from libria_providers.types import Call, CountTokens, Embed, Fill

Env = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Profile:
    """Facts about a family of a provider's models: what of the row's quirks is otherwise there.
    `pattern` is searched in the model's name, whatever its case."""

    pattern: re.Pattern[str]
    changes: Mapping[str, Any]  # fields of Quirks

    @classmethod
    def of(cls, pattern: str, **changes: Any) -> "Profile":
        return cls(re.compile(pattern, re.IGNORECASE), changes)


@dataclass(frozen=True, slots=True)
class Route:
    """Models of a provider that are asked in another dialect than its others. `prefix` replaces the
    row's when it is not None."""

    pattern: re.Pattern[str]
    dialect: Dialect
    prefix: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One provider.

    `base_url` is what the vendor's SDK calls so and `base_url_env` what it reads it from; `prefix`
    comes between it and the dialect's path. An address may hold `{model}`, and a query. Where it takes
    more than one variable, `locate` makes it of the base URL that the user set ("" for none) and of
    the environment; it raises ProviderError that names what is missing.
    `key_env` are the key's variables, the first that is set counts; a key from one of `bearer_env`
    goes as a Bearer token whatever the dialect does. `headers` are sent always, `env_headers` are
    (variable, header) pairs and sent when set. `local` servers need no key and are looked for where
    they listen by default. `default_model` answers when no model is named.

    `dialect` is for chat; `fill` for code completion (None: the chat model is asked in words),
    `embed` for embeddings (None: it has none), `count` for counting tokens (None: they are estimated).
    `websocket` is how a streamed call is sent where it can be."""

    name: str
    title: str
    base_url: str
    dialect: Dialect
    docs: str
    prefix: str = ""
    locate: Callable[[str, Env], str] | None = None
    key_env: tuple[str, ...] = ()
    base_url_env: tuple[str, ...] = ()
    bearer_env: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    env_headers: tuple[tuple[str, str], ...] = ()
    quirks: Quirks = field(default_factory=Quirks)
    profiles: tuple[Profile, ...] = ()
    routes: tuple[Route, ...] = ()
    fill: Exchange | None = None
    embed: Exchange | None = None
    count: Exchange | None = None
    websocket: bool = False
    local: bool = False
    default_port: int | None = None  # for an address of a host alone (OLLAMA_HOST)
    default_model: str | None = None

    def quirks_of(self, model: str) -> Quirks:
        """The row's quirks as they are for `model`."""
        quirks = self.quirks
        for profile in self.profiles:
            if profile.pattern.search(model):
                quirks = replace(quirks, **profile.changes)
        return quirks

    def route(self, model: str) -> Route | None:
        return next((route for route in self.routes if route.pattern.search(model)), None)

    def exchange(self, call: Call, model: str) -> Exchange | None:
        """Who says `call` on the wire, None where this provider has nothing for what is asked."""
        if isinstance(call.ask, Fill):
            return self.fill
        if isinstance(call.ask, Embed):
            return self.embed
        if isinstance(call.ask, CountTokens):
            return self.count
        route = self.route(model)
        return route.dialect if route else self.dialect
