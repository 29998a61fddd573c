"""All that the doctor looks at, gathered."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from libria import __version__
from libria.cli.doctor.network import certificates, proxies
from libria.cli.doctor.providers import Setup, setups
from libria.cli.doctor.reach import Reach, reach_all
from libria.client import CallFailed, attach
from libria.config import Config, ConfigError, load, warnings
from libria.paths import config_file, socket_path

PACKAGES = ("httpx", "msgspec", "platformdirs", "pydantic", "pygls")


@dataclass(frozen=True, slots=True)
class ConfigState:
    file: str
    exists: bool
    faults: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DaemonState:
    """`fault` says why a daemon that is there does not speak."""

    running: bool
    socket: str
    version: str | None = None
    pid: int | None = None
    fault: str | None = None


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
    config, state = _config()
    providers = tuple(setups(config, env))
    addresses = {setup.name: setup.address for setup in providers if setup.worth_asking}
    return Findings(
        providers=providers,
        reached=reach_all(addresses, env) if ask_network else {},
        proxies=proxies(env),
        certificates=certificates(env),
        config=state,
        daemon=_daemon(),
        versions=_versions(),
    )


def _config() -> tuple[Config, ConfigState]:
    file = config_file()
    try:
        config = load(file)
    except ConfigError as error:
        return Config(), ConfigState(str(file), True, tuple(str(error).splitlines()), ())
    return config, ConfigState(str(file), file.exists(), (), tuple(warnings(config)))


def _daemon() -> DaemonState:
    path = str(socket_path())
    try:
        client = attach()
        if client is None:
            return DaemonState(False, path)
        with client:
            status: dict[str, Any] = client.request("libria/status", {})
    except (OSError, CallFailed) as error:
        return DaemonState(True, path, fault=str(error))
    return DaemonState(True, path, status.get("version"), status.get("pid"))


def _versions() -> dict[str, str]:
    found = {"libria": __version__, "python": platform.python_version(), "system": platform.platform(terse=True)}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
