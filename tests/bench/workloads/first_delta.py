"""Time to the first delta, one call at a time: what the whole way adds to the provider's own."""

import asyncio
import time

import httpx
from tests.bench.direct import bare, with_httpx
from tests.bench.figure import Figure, Goal
from tests.bench.joined import DELTA, RESULT, Joined, chat, through_forwarder
from tests.bench.rig import Rig
from tests.bench.samples import interleaved, percentile

MODEL = "fast:3"
WARM_UP = 100
BLOCK = 50  # calls


def run(rig: Rig, quick: bool) -> list[Figure]:
    rounds = 6 if quick else 24
    with asyncio.Runner() as runner:
        joined = runner.run(through_forwarder(rig))
        floor = runner.run(bare.bare(rig))
        client = with_httpx.client()
        blocks = {
            "libria": lambda: runner.run(_libria(joined, BLOCK)),
            "bare": lambda: runner.run(_bare(floor, BLOCK)),
            "httpx": lambda: runner.run(_httpx(client, rig, BLOCK)),
        }
        runner.run(_libria(joined, WARM_UP))
        samples = interleaved(blocks, rounds)
        runner.run(client.aclose())
        floor.close()
        joined.need_no_hits()
        runner.run(joined.close())
    ms = {name: {p: percentile(times, p) * 1000 for p in (50, 99)} for name, times in samples.items()}
    calls = f"{len(samples['libria'])} calls each"
    return [
        Figure(
            name=f"first delta, p{p}",
            unit="ms",
            libria=ms["libria"][p],
            direct=ms[beside][p],
            beside=name,
            goal=Goal(at_most=1.5, of="added") if (beside, p) == ("bare", 50) else None,
            note=calls if beside == "bare" else "",
        )
        for beside, name in (("bare", "socket"), ("httpx", "httpx"))
        for p in (50, 99)
    ]


async def _libria(joined: Joined, calls: int) -> list[float]:
    message = chat(MODEL)
    times: list[float] = []
    async with asyncio.timeout(60):
        for _ in range(calls):
            first, end = joined.tally.after(DELTA, 1), joined.tally.after(RESULT, 1)
            sent = time.perf_counter()
            joined.send(message)
            times.append(await first - sent)
            await end
    return times


async def _bare(floor: bare.Bare, calls: int) -> list[float]:
    message = bare.request(MODEL)
    times: list[float] = []
    async with asyncio.timeout(60):
        for _ in range(calls):
            first, end = floor.tally.after(bare.DELTA, 1), floor.tally.after(bare.END, 1)
            sent = time.perf_counter()
            floor.send(message)
            times.append(await first - sent)
            await end
    return times


async def _httpx(client: httpx.AsyncClient, rig: Rig, calls: int) -> list[float]:
    times: list[float] = []
    for _ in range(calls):
        sent = time.perf_counter()
        times.append((await with_httpx.stream(client, rig.url, MODEL)).first - sent)
    return times
