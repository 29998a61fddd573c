"""Resident memory: of the daemon at rest, with many streams and after them; of a forwarder."""

import asyncio
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.bench.direct import __file__ as direct
from tests.bench.figure import Figure, Goal
from tests.bench.joined import ERROR, RESULT, Joined, by_socket, chat, through_forwarder
from tests.bench.process import Memory, memory
from tests.bench.rig import ENDING, Rig
from tests.bench.tally import Tally

STREAMS, QUICK_STREAMS = 500, 100
RATE = 20  # deltas a second and stream
COUNT, QUICK_COUNT = 240, 120  # deltas of a stream
REACHED = 30  # deltas that every stream has had when memory is read
SETTLE = 0.5  # seconds after work, before memory is read


@dataclass(slots=True)
class Seen:
    """The daemon's memory at each point, and the forwarder's."""

    idle: Memory
    forwarder: Memory
    before: Memory
    open: Memory
    ended: Memory
    loaded: Memory
    forwarder_loaded: Memory


def run(rig: Rig, quick: bool) -> list[Figure]:
    streams = QUICK_STREAMS if quick else STREAMS
    model = f"fast+count:{QUICK_COUNT if quick else COUNT}+rate:{RATE}"
    seen = asyncio.run(_libria(rig, model, streams))
    idle, busy = _httpx(rig, model, streams)
    ours = _per_stream(seen.before, seen.open, streams)
    theirs = _per_stream(idle, busy, streams)
    pss = (seen.open.pss - seen.before.pss) / streams * 1024
    return [
        _resident("daemon, idle", seen.idle, idle, at_most=80),
        _resident("forwarder", seen.forwarder, at_most=16),
        Figure(
            name=f"daemon, per stream at {streams} streams", unit="KB", libria=ours, direct=theirs, beside="httpx",
            beyond="ratio", note=f"PSS {pss:.1f} KB; {seen.open.rss:.1f} MB in all",
        ),
        _resident(f"daemon, after {streams} streams", seen.ended),
        _resident("daemon, after load", seen.loaded),
        _resident("forwarder, after load", seen.forwarder_loaded),
    ]  # fmt: skip


def _per_stream(before: Memory, after: Memory, streams: int) -> float:
    """KiB."""
    return (after.rss - before.rss) / streams * 1024


def _resident(name: str, ours: Memory, theirs: Memory | None = None, *, at_most: float | None = None) -> Figure:
    return Figure(
        name=name, unit="MB", libria=ours.rss, direct=theirs.rss if theirs else None, beside="httpx", beyond="ratio",
        goal=Goal(at_most=at_most) if at_most else None, note=f"PSS {ours.pss:.1f} MB",
    )  # fmt: skip


async def _libria(rig: Rig, model: str, streams: int) -> Seen:
    forwarder = await through_forwarder(rig)
    daemon = await asyncio.to_thread(rig.daemon_pid)
    assert daemon is not None
    assert forwarder.pid is not None
    idle, thin = await _settled(daemon), memory(forwarder.pid)
    joined = await by_socket(rig)
    await _load(joined, 1, 10)  # what is only made for the first call is no stream's
    before = await _settled(daemon)
    at = b'"seq":%d}}}' % REACHED  # one a stream: `start` was 0, then come the deltas
    joined.tally = Tally(at, RESULT, fatal=ERROR)
    reached, ends = joined.tally.after(at, streams), joined.tally.after(RESULT, streams)
    async with asyncio.timeout(120):
        joined.send(b"".join(chat(model, number) for number in range(streams)))
        await reached
        opened = memory(daemon)
        assert not ends.done(), "the streams are too short to be open all at once"
        await ends
    ended = await _settled(daemon)
    await joined.close()
    await _load(forwarder, 20, 2_000)
    loaded = await _settled(daemon)
    thin_loaded = memory(forwarder.pid)
    await forwarder.close()
    return Seen(idle, thin, before, opened, ended, loaded, thin_loaded)


async def _load(joined: Joined, streams: int, each: int) -> None:
    ends = joined.tally.after(RESULT, streams)
    async with asyncio.timeout(60):
        joined.send(b"".join(chat(f"fast:{each}", number) for number in range(streams)))
        await ends


async def _settled(pid: int) -> Memory:
    await asyncio.sleep(SETTLE)
    return memory(pid)


def _httpx(rig: Rig, model: str, streams: int) -> tuple[Memory, Memory]:
    """Of a process that does the same with httpx: after one call, and with all streams open."""
    script = Path(direct).with_name("streams.py")
    process = subprocess.Popen(
        [sys.executable, str(script), rig.url, model, str(streams), str(REACHED)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=rig.env, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    found: list[Memory] = []
    with process:
        for word in ("idle", "open"):
            said = process.stdout.readline().strip()
            assert said == word, f"the script with httpx said {said!r}"
            found.append(memory(process.pid))
            print(file=process.stdin, flush=True)
        process.wait(ENDING)
    return found[0], found[1]
