"""Where a provider's key is from: the client's environment, a file, a program, the system's keyring."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from libria.clock import Clock
from libria.config import Config
from libria.config.model import Provider
from libria.keys.command import Command
from libria.keys.env_file import EnvFile
from libria.keys.fetched import Fetched, NoKey
from libria.keys.ring import Ring
from libria_providers.errors import CredentialMissing
from libria_providers.registry import ROWS, key
from libria_providers.row import Row

__all__ = ["Keys", "Surroundings", "env_file_of", "key_variables"]

Env = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`own` is the client's environment, `file` what the file adds to it: nothing that the client has itself,
    even if it is empty there. `problem` says why the file cannot be used."""

    own: Env = field(repr=False)
    file: Env = field(default_factory=dict[str, str], repr=False)
    problem: str | None = None

    @property
    def env(self) -> Env:
        return {**self.file, **self.own} if self.file else self.own


class Keys:
    """Of one config: another one asks programs and keyring anew. What they said is in memory only."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._files: dict[str, EnvFile] = {}
        self._fetched: dict[tuple[str, ...], Fetched] = {}

    async def surroundings(self, name: str, env: Env) -> Surroundings:
        """What is set for the provider `name` and the client that has `env`."""
        path = env_file_of(self._config, self._config.providers.get(name))
        if path is None:
            return Surroundings(env)
        if path not in self._files:
            self._files[path] = EnvFile(path, self._clock)
        said = await self._files[path].read()
        file = {name: value for name, value in said.values.items() if name not in env}
        return Surroundings(env, file, said.problem)

    async def find(self, row: Row, around: Surroundings) -> tuple[str, str] | None:
        """Where the key is from (the variable, or the setting), and the key. Raises CredentialMissing that says
        why a program, the keyring or the file gives none."""
        own = self._config.providers.get(row.name)
        source = _source(own)
        if own is not None and source is not None:
            try:
                return source, await self._fetch(own).get()
            except NoKey as error:
                raise CredentialMissing(_failed(row, own, error), provider=row.name) from None
        found = key(row, around.own) or key(row, around.file)
        if found is None and around.problem and row.key_env and not row.local:
            raise CredentialMissing(f"There is no key for {row.title}: {around.problem}.", provider=row.name)
        return found

    def refused(self, name: str, value: str) -> None:
        """The provider `name` takes `value` for no key: it may have expired."""
        own = self._config.providers.get(name)
        if own is not None and _source(own) is not None:
            self._fetch(own).refused(value)

    def _fetch(self, own: Provider) -> Fetched:
        if own.api_key_command:
            at = ("command", *own.api_key_command)
            fetch = Command(own.api_key_command, hidden=partial(key_variables, self._config)).fetch
        else:
            assert own.api_key_keyring
            at = ("keyring", own.api_key_keyring)
            fetch = Ring(own.api_key_keyring).fetch
        if at not in self._fetched:
            self._fetched[at] = Fetched(fetch, self._clock)
        return self._fetched[at]


def env_file_of(config: Config, own: Provider | None) -> str | None:
    """The provider's own file, else everybody's."""
    return (own.api_key_env_file if own else None) or config.defaults.api_key_env_file


def key_variables(config: Config) -> set[str]:
    """Every variable that may hold a provider's key."""
    named = {own.api_key_env for own in config.providers.values() if own.api_key_env}
    return named.union(*(row.key_env for row in ROWS.values()))


def _source(own: Provider | None) -> str | None:
    """The setting that gives the key in place of the environment."""
    if own is None:
        return None
    return "api_key_command" if own.api_key_command else "api_key_keyring" if own.api_key_keyring else None


def _failed(row: Row, own: Provider, error: NoKey) -> str:
    if own.api_key_command:
        return (
            f"The command for the key of {row.name} ({own.api_key_command[0]}) failed ({error}); "
            "correct api_key_command in the config."
        )
    return f"The keyring has no key for {row.name}: {error}."
