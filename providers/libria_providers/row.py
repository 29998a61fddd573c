"""What a provider is, as data: a row."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from libria_providers.dialects.base import Dialect, Exchange, Quirks
from libria_providers.types import Call, CountTokens, Embed, Fill

Env = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Profile:
    """Facts about a family of a provider's models: what of the row's quirks is otherwise there.
    `pattern` is searched in the model's name, whatever its case. With a `header` (name, value) they hold
    only where that is sent: the version of an API that the config asks for."""

    pattern: re.Pattern[str]
    changes: Mapping[str, Any]  # fields of Quirks
    header: tuple[str, str] | None = None

    @classmethod
    def of(cls, pattern: str, *, header: tuple[str, str] | None = None, **changes: Any) -> "Profile":
        return cls(re.compile(pattern, re.IGNORECASE), changes, header)


@dataclass(frozen=True, slots=True)
class Route:
    """Models of a provider that are asked in another dialect than its others. `prefix` replaces the
    row's when it is not None. With `tools` it is the way of the calls that bring tools only."""

    pattern: re.Pattern[str]
    dialect: Dialect
    prefix: str | None = None
    tools: bool = False
    fill: Exchange | None = None  # in place of the row's


@dataclass(frozen=True, slots=True)
class Row:
    """One provider.

    `base_url` is what the vendor's SDK calls so and `base_url_env` what it reads it from; `prefix`
    comes between it and the dialect's path. An address may hold `{model}`, and a query. Where it takes
    more than one variable, `locate` makes it of the base URL that the user set ("" for none) and of
    the environment's `locate_env`; it raises CredentialMissing that names what is missing.
    `models_at` makes of the address the one that lists the models, where that is another.
    `key_env` are the key's variables, the first that is set counts; a key from one of `bearer_env`
    goes as a Bearer token whatever the dialect does. `headers` are sent always, `env_headers` are
    (variable, header) pairs and sent when set. `local` servers need no key and are looked for where
    they listen by default. `default_model` answers when no model is named, `fill_model` is made for
    code completion and cheap enough for every pause in typing.

    `dialect` is for chat; `fill` for code completion (None: the chat model is asked in words),
    `embed` for embeddings (None: it has none), `count` for counting tokens (None: they are estimated).
    A `variant` is another way to ask a provider that has a row: it is there for whoever names it.
    `websocket` is how a streamed call is sent where it can be."""

    name: str
    title: str
    base_url: str
    dialect: Dialect
    docs: str
    prefix: str = ""
    locate: Callable[[str, Env], str] | None = None
    locate_env: tuple[str, ...] = ()
    models_at: Callable[[str], str] | None = None
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
    variant: bool = False
    local: bool = False
    default_port: int | None = None  # for an address of a host alone (OLLAMA_HOST)
    default_model: str | None = None
    fill_model: str | None = None

    def env(self) -> set[str]:
        """Every variable that is read for this provider."""
        more = {name for name, _ in self.env_headers}
        return {*self.key_env, *self.base_url_env, *self.bearer_env, *self.locate_env, *more}

    def quirks_of(self, model: str, headers: Env = MappingProxyType({})) -> Quirks:
        """The row's quirks as they are for `model`, when `headers` (lower-case names) are sent."""
        quirks = self.quirks
        for profile in self.profiles:
            name, value = profile.header or ("", None)
            if profile.pattern.search(model) and headers.get(name) == value:
                quirks = replace(quirks, **profile.changes)
        return quirks

    def route(self, model: str, *, tools: bool = False) -> Route | None:
        """The route of a call of `model`, which brings `tools` or does not."""
        fit = (route for route in self.routes if tools or not route.tools)
        return next((route for route in fit if route.pattern.search(model)), None)

    def exchange(self, call: Call, model: str) -> Exchange | None:
        """Who says `call` on the wire, None where this provider has nothing for what is asked."""
        if isinstance(call.ask, Fill):
            way = self.route(model)
            return way.fill if way and way.fill else self.fill
        if isinstance(call.ask, Embed):
            return self.embed
        if isinstance(call.ask, CountTokens):
            return self.count
        route = self.route(model, tools=bool(call.tools))
        return route.dialect if route else self.dialect
