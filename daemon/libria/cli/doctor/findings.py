"""All that the doctor looks at, gathered at once."""

import asyncio
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

from libria import __version__
from libria.cli.doctor.clients import Lacking, lacking
from libria.cli.doctor.clock import clock
from libria.cli.doctor.daemon import DaemonState, asked
from libria.cli.doctor.network import certificates, proxies, unread
from libria.cli.doctor.places import Place, Room, places, rooms
from libria.cli.doctor.providers import Setup, setups, surroundings
from libria.cli.doctor.reach import Reach, reach_all
from libria.cli.doctor.redis_state import RedisFinding, as_told, ask
from libria.config import Config, ConfigError, load, warnings
from libria.keys import env_file_of
from libria.keys.env_file import read_env_file
from libria.paths import config_file

PACKAGES = ("httpx", "msgspec", "platformdirs", "pydantic", "pygls")


@dataclass(frozen=True, slots=True)
class ConfigState:
    file: str
    exists: bool
    faults: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeysFile:
    """A file that `api_key_env_file` names: how many variables it sets, and why it cannot be used."""

    path: str
    variables: int
    problem: str | None
    unread_lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """`reached` holds the providers whose address was asked."""

    providers: tuple[Setup, ...]
    reached: Mapping[str, Reach]
    proxies: Mapping[str, str]
    certificates: Mapping[str, str]
    config: ConfigState
    daemon: DaemonState
    versions: Mapping[str, str]
    limits: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    keys_files: tuple[KeysFile, ...] = ()
    unread: tuple[str, ...] = ()  # variables for certificates that do not count here
    places: tuple[Place, ...] = ()
    rooms: tuple[Room, ...] = ()
    cache_bytes: int = 0  # that the cache may grow to
    clock_behind: float | None = None
    clock_fault: str | None = None
    lacking: tuple[Lacking, ...] = ()
    redis: RedisFinding | None = None

    @property
    def usable(self) -> tuple[str, ...]:
        """With a key or in no need of one, and not found silent; a local server has to be found."""
        return tuple(setup.name for setup in self.providers if self._usable(setup))

    @property
    def offline(self) -> bool:
        """Every address beyond this machine was asked in vain."""
        distant = [self.reached[setup.name] for setup in self.providers if self._distant(setup)]
        return bool(distant) and not any(reach.answers for reach in distant)

    def _usable(self, setup: Setup) -> bool:
        if not setup.worth_asking:
            return False
        reach = self.reached.get(setup.name)
        return reach.answers if reach else not setup.local

    def _distant(self, setup: Setup) -> bool:
        return not setup.local and setup.name in self.reached


def examine(env: Mapping[str, str], *, ask_network: bool = True) -> Findings:
    """The daemon is asked while the addresses are."""
    daemon_said = asked()
    config, state = _config()
    providers = tuple(setups(config, env))
    addresses = {setup.name: setup.address for setup in providers if setup.worth_asking}
    reached = reach_all(addresses, surroundings(config, "", env).env) if ask_network else {}
    daemon = daemon_said()
    behind, clock_fault = clock(reach.clock_behind for reach in reached.values())
    return Findings(
        providers=providers,
        reached=reached,
        proxies=proxies(env),
        certificates=certificates(env),
        config=state,
        daemon=daemon,
        versions=_versions(),
        limits={name: limit.model_dump(exclude_none=True) for name, limit in config.limits.items()},
        keys_files=tuple(_keys_files(config)),
        unread=tuple(unread(env)),
        places=tuple(places()),
        rooms=tuple(rooms()),
        cache_bytes=config.cache.max_bytes,
        clock_behind=behind,
        clock_fault=clock_fault,
        lacking=tuple(lacking(providers, daemon.keys)),
        redis=_redis(config, daemon, ask_network=ask_network),
    )


def _config() -> tuple[Config, ConfigState]:
    file = config_file()
    try:
        config = load(file)
    except ConfigError as error:
        return Config(), ConfigState(str(file), True, tuple(str(error).splitlines()), ())
    return config, ConfigState(str(file), file.exists(), (), tuple(warnings(config)))


def _keys_files(config: Config) -> list[KeysFile]:
    named = [env_file_of(config, own) for own in (None, *config.providers.values())]
    found: list[KeysFile] = []
    for path in dict.fromkeys(path for path in named if path):
        said = read_env_file(path)
        found.append(KeysFile(path, len(said.values), said.problem, said.unread))
    return found


def _redis(config: Config, daemon: DaemonState, *, ask_network: bool) -> RedisFinding | None:
    if daemon.status:
        return as_told(daemon.status)
    url = os.environ.get("LIBRIA_REDIS_URL") or config.redis.url
    return asyncio.run(ask(url)) if url and ask_network else None


def _versions() -> dict[str, str]:
    found = {"libria": __version__, "python": platform.python_version(), "system": platform.platform(terse=True)}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
