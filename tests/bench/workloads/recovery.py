"""The daemon is killed in the middle of a stream: how long until the client, behind its forwarder, reads on."""

import asyncio
import os
import signal
import time

from tests.bench.figure import Figure, Goal
from tests.bench.joined import DELTA, Joined, chat, frame, through_forwarder
from tests.bench.rig import Rig
from tests.bench.samples import median, percentile
from tests.bench.tally import Tally

KILLS, QUICK_KILLS = 20, 4
RATE = 50  # deltas a second
BEFORE = 10  # deltas, until the daemon is killed

RESET = b'"kind":"reset"'
CANCELLED = b'"error":{"code":-32800'
LOST = b'"error":{"code":-32802'


def run(rig: Rig, quick: bool) -> list[Figure]:
    kills = QUICK_KILLS if quick else KILLS
    resets, deltas = asyncio.run(_recovered(rig, kills))
    note = f"{kills} times; slowest {max(deltas) * 1000:,.0f}; a delta every {1000 / RATE:.0f} ms"
    return [
        Figure(name="kill -9 to the next delta, p50", unit="ms", libria=median(deltas) * 1000, note=note),
        Figure(name="kill -9 to the next delta, p99", unit="ms", libria=percentile(deltas, 99) * 1000,
               goal=Goal(at_most=1000)),
        Figure(name="of which to the reset: a new daemon serves, p50", unit="ms", libria=median(resets) * 1000),
    ]  # fmt: skip


async def _recovered(rig: Rig, kills: int) -> tuple[list[float], list[float]]:
    """Seconds from each kill to the `reset`, and to the delta after it."""
    joined = await through_forwarder(rig)
    joined.tally = Tally(DELTA, RESET, CANCELLED, fatal=LOST)
    resets: list[float] = []
    deltas: list[float] = []
    for number in range(kills + 1):
        reset, delta = await _killed(rig, joined, number)
        if number:  # the first one writes .pyc files
            resets.append(reset)
            deltas.append(delta)
    await joined.close()
    return resets, deltas


async def _killed(rig: Rig, joined: Joined, number: int) -> tuple[float, float]:
    tally = joined.tally
    begun = tally.after(DELTA, BEFORE)
    joined.send(chat(f"fast+count:100000+rate:{RATE}", number))
    async with asyncio.timeout(60):
        await begun
        pid = await asyncio.to_thread(rig.daemon_pid)
        assert pid is not None
        reset = tally.after(RESET, 1)
        os.kill(pid, signal.SIGKILL)
        killed = time.perf_counter()
        reset_at = await reset
        # Where one came together with the reset, the one after it is waited for.
        delta_at = await tally.after(DELTA, 1)
        ended = tally.after(CANCELLED, 1)
        joined.send(frame({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": number}}))
        await ended
    return reset_at - killed, delta_at - killed
