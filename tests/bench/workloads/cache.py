"""The same question again, where the cache has it or it is on its way: one call after another, from many
clients together, two hundred at once."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tests.bench.direct import bare
from tests.bench.figure import Figure, Goal
from tests.bench.joined import HIT, RESULT, Joined, by_socket, chat, through_forwarder
from tests.bench.rig import Rig
from tests.bench.samples import interleaved, percentile

MODEL = "fast:20"
BLOCK = 50  # calls
CLIENTS = 20
EACH, QUICK_EACH = 1000, 200  # calls of a client
AT_ONCE = 200
EQUAL = "fast:40"
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
        rate = runner.run(_together(rig, QUICK_EACH if quick else EACH))
        upstreams = runner.run(_at_once(rig))
    return [
        *_hit(samples),
        Figure(
            name=f"cache hits, {CLIENTS} clients", unit="1/s", libria=rate, goal=Goal(at_least=3000.0),
            note="each on its socket, one call after another",
        ),
        Figure(
            name=f"{AT_ONCE} equal calls at once", unit="asked", libria=upstreams, goal=Goal(at_most=1.0),
            note=f"from {CLIENTS} clients, temperature 0, nothing cached",
        ),
    ]  # fmt: skip


def _hit(samples: Mapping[str, Sequence[float]]) -> list[Figure]:
    return [
        Figure(
            name=f"cache hit, p{p}",
            unit="ms",
            libria=percentile(samples["libria"], p) * 1000,
            direct=percentile(samples["bare"], p) * 1000,
            beside="socket, asked anew",
            goal=Goal(at_most=1.0) if p == 50 else None,
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


async def _together(rig: Rig, each: int) -> float:
    """Hits a second."""
    clients = [await by_socket(rig) for _ in range(CLIENTS)]
    message = chat(MODEL, **USE)

    async def one(client: Joined) -> None:
        for _ in range(each):
            end = client.tally.after(RESULT, 1)
            client.send(message)
            await end

    async with asyncio.timeout(120):
        await asyncio.gather(*map(one, clients))  # that all are awake
        hits = sum(client.tally[HIT] for client in clients)
        began = time.perf_counter()
        await asyncio.gather(*map(one, clients))
        passed = time.perf_counter() - began
    assert sum(client.tally[HIT] for client in clients) - hits == CLIENTS * each, "not every call was a hit"
    for client in clients:
        await client.close()
    return CLIENTS * each / passed


async def _at_once(rig: Rig) -> float:
    """How often the provider was asked."""
    clients = [await by_socket(rig) for _ in range(CLIENTS)]
    before = await _asked(clients[0])
    each = AT_ONCE // CLIENTS
    message = b"".join(chat(EQUAL, number, temperature=0) for number in range(each))
    ends = [client.tally.after(RESULT, each) for client in clients]
    async with asyncio.timeout(60):
        for client in clients:
            client.send(message)
        await asyncio.gather(*ends)
    asked = await _asked(clients[0]) - before
    for client in clients:
        await client.close()
    return float(asked)


async def _asked(joined: Joined) -> int:
    status = await joined.request("libria/status", {})
    return sum(int(spent["attempts"]) for spent in status["spend"])
