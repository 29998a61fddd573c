"""Clients of a name, and what the ledger says of them."""

import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from pathlib import Path

from e2e_client import Client, Json
from e2e_home import Home, provider_env

from libria_providers.simulator import Simulator

CHEAP, DEAR, FREE = "openai/gpt-4o-mini", "openai/gpt-4o", "ollama/fast:5"

ALIASES = {"gpt-4o-mini": "fast:9", "gpt-4o": "fast:30"}
"""Names that have a price."""


@contextlib.asynccontextmanager
async def a_tool(home: Home, sim: Simulator, name: str, env: Mapping[str, str] | None = None) -> AsyncIterator[Client]:
    async with await home.join() as client:
        given = {**provider_env(sim), "OLLAMA_HOST": sim.url, **(env or {})}
        await client.initialize(
            initializationOptions={"libria": {"env": given}}, clientInfo={"name": name, "version": "1.2.3"}
        )
        yield client


async def usage(home: Home, *options: str) -> Json:
    code, out, err = await home.command("usage", "--json", *options)
    assert (code, err) == (0, "")
    return json.loads(out)


def ledger(home: Home) -> Path:
    return home.path / "state" / "ledger.db"


def rows(home: Home, columns: str = "call", where: str = "1") -> list[tuple[Json, ...]]:
    """What is in the file at this moment, whatever the daemon knows."""
    with closing(sqlite3.connect(f"file:{ledger(home)}?mode=ro", uri=True)) as connection:
        return connection.execute(f"SELECT {columns} FROM entries WHERE {where} ORDER BY id").fetchall()
