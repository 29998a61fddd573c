"""Each provider as it is set up here: its key's variable (never the key) and its address."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from libria.config import Config
from libria.config.model import Provider
from libria.targets import Targets
from libria_providers.errors import ProviderError
from libria_providers.http import Pools
from libria_providers.registry import address, key
from libria_providers.row import Row
from libria_providers.websocket.transport import Sockets

KeyState = Literal["found", "missing", "noProgram", "notNeeded"]

SIMULATE = "simulate"


@dataclass(frozen=True, slots=True)
class Setup:
    """`key_source` is the variable or the program that gives the key; where the key is missing, what
    to set. `address` is empty for the simulator, which has none before it is started, and where what
    is set is no address; `fault` says so."""

    name: str
    title: str
    key: KeyState
    key_source: str
    address: str
    address_source: str
    local: bool
    configured: bool
    fault: str = ""

    @property
    def worth_asking(self) -> bool:
        return bool(self.address) and self.key in ("found", "notNeeded")


def setups(config: Config, env: Mapping[str, str]) -> list[Setup]:
    """The config's own providers, then the built-in ones, as the daemon would make them for `env`."""
    targets = Targets(config, Pools(), Sockets(), simulator=lambda: "")
    return [_setup(targets.row(name), config.providers.get(name), env) for name in targets.listed()]


def _setup(row: Row, own: Provider | None, env: Mapping[str, str]) -> Setup:
    base_url = own.base_url if own else None
    state, source = _key(row, own, env)
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


def _key(row: Row, own: Provider | None, env: Mapping[str, str]) -> tuple[KeyState, str]:
    """The state, and the variable or program. A key's program is looked for and not run: it may
    ask its user for a password."""
    if own and own.api_key_command:
        program = own.api_key_command[0]
        return ("found" if shutil.which(program) else "noProgram"), program
    if found := key(row, env):
        return "found", found[0]
    if row.local or not row.key_env:
        return "notNeeded", ""
    return "missing", " or ".join(row.key_env)


def _address_source(row: Row, base_url: str | None, env: Mapping[str, str]) -> str:
    if base_url:
        return "config"
    return next((name for name in row.base_url_env if env.get(name)), "built in")
