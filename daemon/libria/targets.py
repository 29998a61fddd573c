"""From names to providers: what the config and a client's environment make of `provider/model`."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from libria.clock import Clock, SystemClock
from libria.config import Config
from libria.config.meaning import kind_of
from libria.keys import Keys
from libria_providers.errors import Disconnected, ModelNotFound
from libria_providers.http import Pools
from libria_providers.provider import Credential, Provider
from libria_providers.registry import ROWS, address, headers, near
from libria_providers.row import Row
from libria_providers.rows.own import COMPATIBLE, DIALECTS
from libria_providers.websocket.transport import Sockets
from libria_providers.wiring import wiring

Env = Mapping[str, str]


class Targets:
    """`simulator` gives the address of the built-in simulator."""

    def __init__(
        self,
        config: Config,
        pools: Pools,
        sockets: Sockets,
        simulator: Callable[[], str],
        clock: Clock | None = None,
    ) -> None:
        self._config = config
        self._pools = pools
        self._sockets = sockets
        self._simulator = simulator
        self._keys = Keys(config, clock or SystemClock())

    def names(self) -> list[str]:
        return list(dict.fromkeys([*self._config.providers, *ROWS]))

    def listed(self) -> list[str]:
        """The names, each provider once: those of the config, and the built-in ones."""
        return [name for name in self.names() if name in self._config.providers or not ROWS[name].variant]

    def row(self, name: str) -> Row:
        """The row of `name` as the config has it. Raises ModelNotFound that lists what is near."""
        own = self._config.providers.get(name)
        if own is None:
            if name not in ROWS:
                raise self.unknown(f"{name}/")
            return ROWS[name]
        kind = self.kind(name)
        row = replace(COMPATIBLE, title=name) if kind == COMPATIBLE.name else ROWS[kind]
        if own.dialect is not None:
            row = replace(row, dialect=DIALECTS[own.dialect], routes=())
        elsewhere = bool(own.api_key_command or own.api_key_keyring)
        keys = (own.api_key_env,) if own.api_key_env else () if elsewhere else row.key_env
        needs_key = bool(own.api_key_env) or elsewhere
        # What the environment says for OpenAI (its organization) is not for another's server.
        env_headers = row.env_headers if kind == name else ()
        return replace(
            row, name=name, key_env=keys, env_headers=env_headers, local=row.local and not needs_key,
            websocket=row.websocket or own.websocket,
        )  # fmt: skip

    def kind(self, name: str) -> str:
        """The built-in provider that `name` is like, or "openai-compatible"."""
        return kind_of(name, self._config.providers.get(name))

    def local(self, target: str) -> bool:
        """Whether `target` is asked on this machine, for nothing."""
        kind = self.kind(target.partition("/")[0])
        return kind == COMPATIBLE.name or kind not in ROWS or ROWS[kind].local

    async def provider(self, name: str, env: Env) -> Provider:
        """Raises ModelNotFound for an unknown name, CredentialMissing when a key's command or file fails."""
        row = self.row(name)
        around = await self._keys.surroundings(name, env)
        env = around.env
        own = self._config.providers.get(name)
        override = self._simulator() if name == "simulate" else own.base_url if own else None
        try:
            where = address(row, override, env)
        except ValueError:
            names = " or ".join(row.base_url_env) or "base_url"
            raise Disconnected(f"The address of {row.title} is no valid URL; correct {names}.") from None
        found = await self._keys.find(row, around)
        pool = self._pools.open(wiring(name, where, env, http2=bool(own and own.http2)))
        return Provider(
            row,
            address=where,
            credential=Credential(*found) if found else None,
            pool=self._sockets.open(pool) if row.websocket else pool,
            headers={**headers(row, env, found), **_lowered(own.headers if own else {})},
            rejected=lambda: self._keys.refused(row.name, found[1]) if found else None,
        )

    def unknown(self, target: str) -> ModelNotFound:
        """The error for a name that no provider answers to."""
        name, slash, _ = target.partition("/")
        if not slash and name in self.names():
            return ModelNotFound(
                f"“{name}” is a provider: name a model of it, as in {name}/MODEL (libria models {name} lists them)."
            )
        known = [*self.names(), *self._config.aliases]
        alike = near(name, known)
        hint = f"Near: {', '.join(alike)}." if alike else f"There are: {', '.join(known)}."
        what = f"no provider “{name}”" if slash else f"no alias or provider “{name}”; a model is named provider/model"
        return ModelNotFound(f"There is {what}. {hint}")


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Names in lower case, as ours are: the config's win over them in whichever case."""
    return {name.lower(): value for name, value in headers.items()}
