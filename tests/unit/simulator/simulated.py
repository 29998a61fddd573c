"""The project's own client in front of a simulator, for the tests of its formats."""

from typing import Any

import httpx

from libria_providers.errors import ProviderError
from libria_providers.http import Pools
from libria_providers.provider import Credential, Provider, Transport
from libria_providers.registry import ROWS, address, headers
from libria_providers.reply import Answer
from libria_providers.simulator import Simulator
from libria_providers.types import Call, Message, Tool
from libria_providers.wiring import wiring

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
MADE = {"city": "city", "days": 1}  # what the simulator makes of it
TOOL = Tool("look", SCHEMA)
WORDS = "a b c d"  # four deltas

# The rows that speak a format of the simulator's, and what their base URL has after its address.
CHAT = {
    "openai": "/v1", "groq": "", "anthropic": "", "openai-responses": "/v1", "gemini": "", "cohere": "", "ollama": "",
}  # fmt: skip
OTHERS = {"llamacpp": "", "codestral": "", "deepseek": ""}


def provider(sim: Simulator, pools: Pools, name: str, pool: Transport | None = None) -> Provider:
    row = ROWS[name]
    where = address(row, sim.url + {**CHAT, **OTHERS}[name], {})
    return Provider(
        row,
        address=where,
        credential=Credential("KEY", "k"),
        pool=pool or pools.open(wiring(name, where, {})),
        headers=headers(row, {}, (row.key_env[0], "k")),
    )


async def ask(to: Provider, model: str, *messages: Message, **options: Any) -> Answer:
    """The whole answer. Raises ProviderError."""
    said = messages or (Message("user", WORDS),)
    reply = await to.send(Call(model=f"{to.id}/{model}", messages=said, **options))
    return await reply.read()


async def read(name: str, model: str, **options: Any) -> Answer:
    """What the client reads of `model`, on a simulator of its own. Raises ProviderError."""
    async with Simulator(pace=0) as sim, Pools() as pools:
        return await ask(provider(sim, pools, name), model, **options)


async def failed(name: str, model: str, **options: Any) -> ProviderError | None:
    """The error that the client makes of `model`, None where it makes none."""
    try:
        await read(name, model, **options)
    except ProviderError as error:
        return error
    return None


async def post(sim: Simulator, path: str, body: Any, **more: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=sim.url) as client:
        return await client.post(path, json=body, **more)
