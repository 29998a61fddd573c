"""Which model answers when nobody named one."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from libria.config import Config
from libria.targets import Env, Targets
from libria_providers.errors import CredentialMissing, ProviderError
from libria_providers.registry import ROWS
from libria_providers.types import Model

PROBE_SECONDS = 0.5

FILLS = re.compile(r"code|coder|starcoder|granite|santacoder|refact", re.IGNORECASE)
"""In the names of the models that were taught to fill in the middle; some others answer with prose."""

Models = Callable[[str], Awaitable[Sequence[Model]]]


async def default_model(config: Config, targets: Targets, env: Env, models: Models) -> str:
    """The config's, else that of the first provider with a key, else the first model of a local
    server found running. Raises CredentialMissing that says what to set."""
    if config.defaults.model:
        return config.defaults.model
    local: list[str] = []
    for name in targets.listed():
        row, own = targets.row(name), config.providers.get(name)
        model = own.models[0] if own and own.models else row.default_model
        if row.local:
            local.append(name)
        elif model and await _has_key(targets, name, env):
            return f"{name}/{model}"
    for name in local:
        if found := await _serves(targets, name, env, models):
            return found
    names = ", ".join(row.key_env[0] for row in list(ROWS.values())[:3] if row.key_env)
    raise CredentialMissing(
        f"No model is named and no key was found: set one of {names}, start a local server such as Ollama, "
        "or try simulate/story, which needs neither."
    )


async def default_fill_model(targets: Targets, env: Env, models: Models) -> str | None:
    """One made for code completion: of the first provider with a key that has such, else of a local server found
    running. None where there is none: who types does not pay for another without having said so."""
    local: list[str] = []
    for name in targets.listed():
        row = targets.row(name)
        if row.local and row.fill is not None:
            local.append(name)
        elif row.fill_model and await _has_key(targets, name, env):
            return f"{name}/{row.fill_model}"
    for name in local:
        if found := await _serves(targets, name, env, models, FILLS):
            return found
    return None


async def _has_key(targets: Targets, name: str, env: Env) -> bool:
    try:
        return (await targets.provider(name, env)).credential is not None
    except ProviderError:
        return False


async def _serves(
    targets: Targets, name: str, env: Env, models: Models, named: re.Pattern[str] | None = None
) -> str | None:
    """The first model of a local server that can be talked to and is `named` so, None where none listens."""
    try:
        address = (await targets.provider(name, env)).address
        if not address or not await _listens(address):
            return None
        served = await models(name)
    except (ProviderError, TimeoutError):
        return None
    talking = [model.id for model in served if "embed" not in model.id.lower()]
    if named is not None:
        talking = [model for model in talking if named.search(model.partition("/")[2])]
    return talking[0] if talking else None


async def _listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    except (OSError, TimeoutError, ValueError):
        return False
    writer.close()
    return True
