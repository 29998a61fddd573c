"""The same question again: from the call sent to its result read, where the cache has it."""

import asyncio
import time
from typing import Any

from tests.bench.direct import bare
from tests.bench.figure import Figure
from tests.bench.joined import HIT, RESULT, Joined, chat, through_forwarder
from tests.bench.rig import Rig
from tests.bench.samples import interleaved, percentile

MODEL = "fast:20"
BLOCK = 50  # calls
USE: dict[str, Any] = {"cache": {"mode": "use"}}


def run(rig: Rig, quick: bool) -> list[Figure]:
    with asyncio.Runner() as runner:
        joined = runner.run(through_forwarder(rig))
        if not runner.run(_hits(joined)):
            runner.run(joined.close())
            return [Figure(name="cache hit, p50", unit="ms", libria=None)]
        floor = runner.run(bare.bare(rig))
        blocks = {
            "libria": lambda: runner.run(_libria(joined)),
            "bare": lambda: runner.run(_bare(floor)),
        }
        samples = interleaved(blocks, 4 if quick else 20)
        floor.close()
        runner.run(joined.close())
    return [
        Figure(
            name=f"cache hit, p{p}",
            unit="ms",
            libria=percentile(samples["libria"], p) * 1000,
            direct=percentile(samples["bare"], p) * 1000,
            beside="socket, asked anew",
            note=f"{len(samples['libria'])} calls each",
        )
        for p in (50, 99)
    ]


async def _hits(joined: Joined) -> bool:
    """Whether a repeated call is answered from the cache."""
    params = {"model": f"openai/{MODEL}", "messages": [{"role": "user", "content": "Why share one daemon?"}], **USE}
    await joined.request("libria/chat", params)
    again = await joined.request("libria/chat", params)
    return bool(again["cache"]["hit"])


async def _libria(joined: Joined) -> list[float]:
    message = chat(MODEL, **USE)
    hits = joined.tally[HIT]
    times: list[float] = []
    async with asyncio.timeout(60):
        for _ in range(BLOCK):
            end = joined.tally.after(RESULT, 1)
            sent = time.perf_counter()
            joined.send(message)
            times.append(await end - sent)
    assert joined.tally[HIT] - hits == BLOCK, "not every repeated call was a hit"
    return times


async def _bare(floor: bare.Bare) -> list[float]:
    message = bare.request(MODEL)
    times: list[float] = []
    async with asyncio.timeout(60):
        for _ in range(BLOCK):
            end = floor.tally.after(bare.END, 1)
            sent = time.perf_counter()
            floor.send(message)
            times.append(await end - sent)
    return times
