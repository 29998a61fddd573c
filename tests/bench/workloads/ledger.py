"""CPU time on the event loop of a call's row in the ledger, and that nothing of it is lost: real file, no provider."""

import asyncio
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tests.bench.figure import Figure, Goal
from tests.bench.rig import Rig
from tests.bench.samples import median

from libria.clock import SystemClock
from libria.config import Config
from libria.layers.attempt import Ended
from libria.ledger.ledger import Ledger
from libria_providers.types import Attempt, Call, Finish, Message, Origin, Trace, Usage

CALLS = 5_000  # in a block; with fewer waiting than are kept
AT_ONCE = 100  # between two turns of the loop
ROUNDS, QUICK_ROUNDS = 20, 4

USAGE = Usage(1_200, 250, 800, 40, 100)
ENV = {"OPENAI_API_KEY": "sk-proj-0123456789abcdefghij", "PATH": "/usr/bin"}


def run(rig: Rig, quick: bool) -> list[Figure]:
    rounds = QUICK_ROUNDS if quick else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state" / "ledger.db"
        path.parent.mkdir(mode=0o700)
        times = asyncio.run(_measured(path, rounds))
        with closing(sqlite3.connect(path)) as connection:
            rows, spent = connection.execute("SELECT count(*), sum(cost) FROM entries").fetchone()
    told = rounds * CALLS
    loop, whole = ([1e6 * seconds / CALLS for seconds in times[name]] for name in ("loop", "process"))
    return [
        Figure(
            name="a call's row in the ledger, on the loop",
            unit="µs",
            libria=median(loop),
            goal=Goal(at_most=10),
            note=f"CPU of the loop's thread, median of {len(loop)} blocks of {CALLS:,}, best {min(loop):.2f}",
        ),
        Figure(
            name="the same with the thread that writes it",
            unit="µs",
            libria=median(whole),
            note=f"CPU of the process; {median(times['wall']) * 1e6 / CALLS:.1f} until it is in the file",
        ),
        Figure(
            name="rows that were lost",
            unit="",
            libria=told - rows,
            goal=Goal(at_most=0),
            note=f"of {told:,}; their costs add up to the trillionth: {'yes' if spent == told * 975_000_000 else 'NO'}",
        ),
    ]


async def _measured(path: Path, rounds: int) -> dict[str, list[float]]:
    clock = SystemClock()
    ledger = Ledger(clock, path, Config())
    await ledger.flush(20)
    times: dict[str, list[float]] = {"loop": [], "process": [], "wall": []}
    for _ in range(rounds):
        wall, process, loop = time.perf_counter(), time.process_time(), 0.0
        for _ in range(CALLS // AT_ONCE):
            ended = [_ended(clock) for _ in range(AT_ONCE)]
            begun = time.thread_time()
            for one in ended:
                ledger.attempt(one, at=clock.wall(), key="sk-proj-0123456789abcdefghij", cost=0.000975)
            loop += time.thread_time() - begun
            await asyncio.sleep(0)
        await ledger.flush(20)
        times["loop"].append(loop)
        times["process"].append(time.process_time() - process)
        times["wall"].append(time.perf_counter() - wall)
    await ledger.aclose()
    return times


def _ended(clock: SystemClock) -> Ended:
    """Each of a call of its own, as the layers make it."""
    origin = Origin("session-1", "Visual Studio Code", ENV, "1.95.0")
    trace = Trace(call_id="call-0123456789abcdef")
    call = Call("openai/gpt-5-mini", (Message("user", "hello"),), origin=origin, started=clock.now(), trace=trace)
    attempt = Attempt("openai/gpt-5-mini", "ok", 0.4, 812.25, 200, "req_0123456789")
    return Ended(call, attempt, USAGE, True, 310.5, Finish("stop", USAGE, "gpt-5-mini-2025-08-07"), None)
