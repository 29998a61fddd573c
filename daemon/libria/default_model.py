"""Which model answers when nobody named one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from libria.config import Config
from libria.targets import Env
from libria_providers.errors import CredentialMissing, ProviderError
from libria_providers.registry import ROWS, address, key
from libria_providers.types import Model

PROBE_SECONDS = 0.5


async def default_model(config: Config, env: Env, models: Callable[[str], Awaitable[Sequence[Model]]]) -> str:
    """The config's, else that of the first provider with a key, else the first model of a local
    server found running. Raises CredentialMissing that says what to set."""
    if config.defaults.model:
        return config.defaults.model
    for row in ROWS.values():
        if not row.local and row.default_model and key(row, env):
            return f"{row.name}/{row.default_model}"
    for row in ROWS.values():
        if row.local and row.base_url and await _listens(address(row, None, env)):
            try:
                served = await models(row.name)
            except (ProviderError, TimeoutError):
                continue
            if served:
                return served[0].id
    names = ", ".join(row.key_env[0] for row in list(ROWS.values())[:3] if row.key_env)
    raise CredentialMissing(
        f"No model is named and no key was found: set one of {names}, start a local server such as Ollama, "
        "or try simulate/story, which needs neither."
    )


async def _listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
