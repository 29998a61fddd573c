"""Each provider as it is set up here: its key's variable (never the key) and its address."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Literal
from urllib.parse import urlsplit

from libria.config import Config
from libria.config.model import Provider
from libria.keys import Surroundings, env_file_of
from libria.keys.command import program
from libria.keys.env_file import Contents, read_env_file
from libria.targets import Targets
from libria_providers.errors import ProviderError
from libria_providers.http import Pools
from libria_providers.registry import address, key
from libria_providers.row import Row
from libria_providers.websocket.transport import Sockets

KeyState = Literal["found", "missing", "noProgram", "noKeyring", "notNeeded"]
KeyFrom = Literal["environment", "file", "command", "keyring"]

SIMULATE = "simulate"


@dataclass(frozen=True, slots=True)
class Setup:
    """`key_source` is the variable, the program or the keyring's entry that gives the key, and `key_from` what kind
    of place that is; where the key is missing, `key_source` is what to set. `variables` may hold the key in a
    client's environment; `everywhere` says that a file holds it for those that have none. `address` is empty for
    the simulator, which has none before it is started, and where what is set is no address; `fault` says so."""

    name: str
    title: str
    key: KeyState
    key_source: str
    address: str
    address_source: str
    local: bool
    configured: bool
    fault: str = ""
    key_from: KeyFrom | None = None
    variables: tuple[str, ...] = ()
    everywhere: bool = False

    @property
    def worth_asking(self) -> bool:
        return bool(self.address) and self.key in ("found", "notNeeded")


def setups(config: Config, env: Mapping[str, str]) -> list[Setup]:
    """The config's own providers, then the built-in ones, as the daemon would make them for `env`."""
    targets = Targets(config, Pools(), Sockets(), simulator=lambda: "")
    read = cache(read_env_file)
    found: list[Setup] = []
    for name in targets.listed():
        row, own = targets.row(name), config.providers.get(name)
        path = env_file_of(config, own)
        everywhere = bool(path and key(row, read(path).values))
        found.append(_setup(row, own, surroundings(config, name, env, read), everywhere=everywhere))
    return found


def surroundings(
    config: Config, name: str, env: Mapping[str, str], read: Callable[[str], Contents] = read_env_file
) -> Surroundings:
    """As the daemon's own, for the provider `name`."""
    path = env_file_of(config, config.providers.get(name))
    if path is None:
        return Surroundings(env)
    said = read(path)
    return Surroundings(env, {name: value for name, value in said.values.items() if name not in env}, said.problem)


def _setup(row: Row, own: Provider | None, around: Surroundings, *, everywhere: bool) -> Setup:
    base_url = own.base_url if own else None
    state, source, place = _key(row, own, around)
    env = around.env
    address_source = _address_source(row, base_url, env)
    where, fault = _address(row, base_url, env, address_source)
    return Setup(
        name=row.name,
        title=row.title,
        key=state,
        key_source=source,
        address=where,
        address_source=address_source,
        local=row.local and own is None,
        configured=own is not None,
        fault=fault,
        key_from=place,
        variables=row.key_env,
        everywhere=everywhere,
    )


def _address(row: Row, base_url: str | None, env: Mapping[str, str], source: str) -> tuple[str, str]:
    """The address, or "" and why there is none."""
    if row.name == SIMULATE:
        return "", ""
    try:
        where = address(row, base_url, env)
        parts = urlsplit(where)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return where, ""
    except ProviderError as error:
        return "", error.message
    except ValueError:
        pass  # what urlsplit raises for a port that is no number
    return "", f"what {source} holds is no address such as https://host/v1"


def _key(row: Row, own: Provider | None, around: Surroundings) -> tuple[KeyState, str, KeyFrom | None]:
    """The state, the variable, program or entry, and where that is. A key's program is looked for and not run, a
    keyring not opened: they may ask their user for a password."""
    if own and own.api_key_command:
        found = shutil.which(program(own.api_key_command))
        return ("found" if found else "noProgram"), own.api_key_command[0], "command"
    if own and own.api_key_keyring:
        return ("found" if find_spec("keyring") else "noKeyring"), own.api_key_keyring, "keyring"
    if said := key(row, around.own):
        return "found", said[0], "environment"
    if said := key(row, around.file):
        return "found", said[0], "file"
    if row.local or not row.key_env:
        return "notNeeded", "", None
    return "missing", " or ".join(row.key_env), None


def _address_source(row: Row, base_url: str | None, env: Mapping[str, str]) -> str:
    if base_url:
        return "config"
    return next((name for name in row.base_url_env if env.get(name)), "built in")
