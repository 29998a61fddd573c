"""Three real daemons, each as on a machine of its own, that share one limit on one Redis; many calls come at once."""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))  # the clients and homes of those tests

from e2e_client import Client  # found through the line above
from e2e_home import Home

from libria_providers.simulator import Simulator

MINUTE = 60.0
JOINING = 20.0


@dataclass(frozen=True, slots=True)
class Shared:
    """`times` are when the provider was asked, in seconds from the first question; `answers` of each daemon."""

    times: Sequence[float]
    answers: Sequence[int]

    @property
    def most(self) -> int:
        """In any minute."""
        return max((sum(first <= time < first + MINUTE for time in self.times) for first in self.times), default=0)


async def shared(url: str, *, rpm: int, calls: int, seconds: float, daemons: int = 3) -> Shared:
    """`calls` to each of the daemons at once, and what came of them in so many seconds."""
    homes = [Home(Path(tempfile.mkdtemp(prefix="lf-"))) for _ in range(daemons)]
    config = f'[limits."openai"]\nrpm = {rpm}\n[redis]\nurl = "{url}"\n[timeouts]\ntotal = 3600\n'
    try:
        async with AsyncExitStack() as stack:
            sim = await stack.enter_async_context(Simulator(pace=0, keep=100 * daemons * calls))
            clients = [await stack.enter_async_context(await _joined(home, config, sim)) for home in homes]
            start = asyncio.get_running_loop().time()
            for number in range(calls):
                for client in clients:
                    client.chat(f"openai/fast:{number % 7 + 2}", partialResultToken=None)
            await asyncio.sleep(start + seconds - asyncio.get_running_loop().time())
            times = sorted(call.time - start for call in sim.calls)
            return Shared([time for time in times if time < seconds], [_answers(client) for client in clients])
    finally:
        for home in homes:
            home.end()


async def _joined(home: Home, config: str, sim: Simulator) -> Client:
    home.write_config(config)
    client = await home.stdio(env={"OPENAI_API_KEY": "fake-key-of-the-fleet", "OPENAI_BASE_URL": f"{sim.url}/v1"})
    await client.initialize()
    async with asyncio.timeout(JOINING):
        while (await client.request("libria/status", {}))["redis"]["status"] != "connected":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return client


def _answers(client: Client) -> int:
    return sum("content" in (message.get("result") or {}) for message in client.messages)
