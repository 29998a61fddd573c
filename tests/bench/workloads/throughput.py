"""Deltas a second through the whole way, from calls sent to the last reply's end.

A delta is one that the simulator sent. The daemon joins those that a client has not taken yet, and
an unpaced simulator is ahead of everybody: the second figure counts only frames that were read.
"""

import asyncio
import time

import httpx
from tests.bench.direct import bare, with_httpx
from tests.bench.figure import Figure, Goal
from tests.bench.joined import DELTA, RESULT, Joined, chat, through_forwarder
from tests.bench.process import cpu_seconds
from tests.bench.rig import Rig
from tests.bench.samples import interleaved, median

STREAMS = (1, 20)
DELTAS = 60_000  # of all streams together, a block
ROUNDS = 6
QUICK_DELTAS, QUICK_ROUNDS = 12_000, 2


def run(rig: Rig, quick: bool) -> list[Figure]:
    figures: list[Figure] = []
    for streams in STREAMS:
        each = (QUICK_DELTAS if quick else DELTAS) // streams
        figures += _measured(rig, streams, each, QUICK_ROUNDS if quick else ROUNDS)
    return figures


def _measured(rig: Rig, streams: int, each: int, rounds: int) -> list[Figure]:
    cpu = {"daemon": 0.0, "forwarder": 0.0}
    frames: list[float] = []  # a second
    with asyncio.Runner() as runner:
        joined = runner.run(through_forwarder(rig))
        floor = [runner.run(bare.bare(rig)) for _ in range(streams)]
        client = with_httpx.client()
        daemon = rig.daemon_pid()
        assert daemon is not None
        assert joined.pid is not None
        pids = {"daemon": daemon, "forwarder": joined.pid}

        def libria() -> list[float]:
            before = {name: cpu_seconds(pid) for name, pid in pids.items()}
            rate, frame_rate = runner.run(_libria(joined, streams, each))
            frames.append(frame_rate)
            for name, pid in pids.items():
                cpu[name] += cpu_seconds(pid) - before[name]
            return [rate]

        blocks = {
            "libria": libria,
            "bare": lambda: [runner.run(_bare(floor, each))],
            "httpx": lambda: [runner.run(_httpx(client, rig, streams, each))],
        }
        runner.run(_libria(joined, streams, 100))
        rates = interleaved(blocks, rounds)
        runner.run(client.aclose())
        for connection in floor:
            connection.close()
        joined.need_no_hits()
        runner.run(joined.close())
    per_delta = {name: 1e6 * used / (rounds * streams * each) for name, used in cpu.items()}
    return _figures(streams, rates, frames, per_delta)


def _figures(streams: int, rates: dict[str, list[float]], frames: list[float], cpu: dict[str, float]) -> list[Figure]:
    word = "1 stream" if streams == 1 else f"{streams} streams"
    spread = f"{min(rates['libria']):,.0f} to {max(rates['libria']):,.0f} in {len(rates['libria'])} runs"
    figures = [
        Figure(
            name=f"deltas through, {word}",
            unit="/s",
            libria=median(rates["libria"]),
            direct=median(rates[beside]),
            beside=name,
            beyond="ratio",
            goal=Goal(at_least=30_000) if streams == 20 and beside == "bare" else None,
            note=spread if beside == "bare" else "",
        )
        for beside, name in (("bare", "socket"), ("httpx", "httpx"))
    ]
    figures.append(
        Figure(
            name=f"frames of deltas through, {word}",
            unit="/s",
            libria=median(frames),
            goal=Goal(at_least=30_000) if streams == 20 else None,
            note=f"{1 - sum(frames) / sum(rates['libria']):.0%} of the deltas came joined",
        )
    )
    figures += [
        Figure(name=f"CPU of the {name} per delta, {word}", unit="µs", libria=used) for name, used in cpu.items()
    ]
    return figures


async def _libria(joined: Joined, streams: int, each: int) -> tuple[float, float]:
    """Deltas a second, and frames that held them."""
    messages = b"".join(chat(f"fast:{each}", number) for number in range(streams))
    before = joined.tally[DELTA]
    ends = joined.tally.after(RESULT, streams)
    async with asyncio.timeout(60):
        sent = time.perf_counter()
        joined.send(messages)
        passed = await ends - sent
    return streams * each / passed, (joined.tally[DELTA] - before) / passed


async def _bare(floor: list[bare.Bare], each: int) -> float:
    message = bare.request(f"fast:{each}")
    before = sum(connection.tally[bare.DELTA] for connection in floor)
    ends = [connection.tally.after(bare.END, 1) for connection in floor]
    async with asyncio.timeout(60):
        sent = time.perf_counter()
        for connection in floor:
            connection.send(message)
        passed = max(await asyncio.gather(*ends)) - sent
    assert sum(connection.tally[bare.DELTA] for connection in floor) - before == len(floor) * each
    return len(floor) * each / passed


async def _httpx(client: httpx.AsyncClient, rig: Rig, streams: int, each: int) -> float:
    sent = time.perf_counter()
    done = await asyncio.gather(*(with_httpx.stream(client, rig.url, f"fast:{each}") for _ in range(streams)))
    passed = time.perf_counter() - sent
    assert all(stream.deltas == each for stream in done)
    return streams * each / passed
