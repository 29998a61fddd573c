"""The daemon as the kernel, its own status and the simulator see it; waits until they agree that it is at rest."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.process import memory
from tests.bench.rig import ENDING, Rig

Json = Any

SETTLING = 30.0
"""Seconds for all that calls had opened to be closed, once the last call has ended."""

LOOKS = 0.1  # seconds between two

TASKS_OF_A_WEBSOCKET = 2  # one reads, one sees that it lives

ESTABLISHED, HALF_CLOSED = "01", "08"  # states of /proc/net/tcp; the second: the other side has closed


@dataclass(frozen=True, slots=True)
class Look:
    """`rss` in MiB. Sockets are those towards the simulator: `established` in both directions, `half_closed` by the
    simulator alone. `fds` are all other descriptors but those of the clients' connections. `kept` are the pools'
    connections, `websockets` how many of them are. What the simulator says: `connections` open, `upstream` calls
    open."""

    rss: float
    fds: int
    established: int
    half_closed: int
    tasks: int
    clients: int
    calls: int
    in_use: int
    kept: int
    websockets: int
    connections: int
    upstream: int

    def amiss(self, before: Sequence["Look"]) -> list[str]:
        """What a daemon at rest must not show. `before` are its earlier rests: before any call, after the warm-up
        (which opens the files of the cache), and so on."""
        found: list[str] = []
        if self.calls or self.in_use or self.upstream:
            found.append(
                f"in flight: {self.calls} calls, {self.in_use} pool slots, {self.upstream} calls at the provider"
            )
        if self.kept != self.established + self.half_closed:
            found.append(f"{self.kept} connections in the pools, {self.established} + {self.half_closed} sockets")
        if self.connections != self.established:
            found.append(f"{self.connections} connections at the provider, {self.established} sockets")
        if before and self.tasks > before[0].tasks + self.websockets * TASKS_OF_A_WEBSOCKET:
            found.append(f"{self.tasks} tasks, {before[0].tasks} before any call, and {self.websockets} WebSockets")
        if len(before) > 1 and self.fds > before[1].fds:
            found.append(f"{self.fds} descriptors besides sockets, {before[1].fds} after the warm-up")
        return found


class SimulatorProcess:
    """soak_simulator.py, one question at a time."""

    def __init__(self, rig: Rig, seed: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.workloads.soak_simulator", str(seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=rig.env,
        )  # fmt: skip
        self.pid = self._process.pid
        self._turn = asyncio.Lock()
        self.url = self._line().decode().strip()
        self.port = int(self.url.rpartition(":")[2])

    async def say(self, word: str) -> Json:
        async with self._turn:
            return json.loads(await asyncio.to_thread(self._ask, word))

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(ENDING)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _ask(self, word: str) -> bytes:
        assert self._process.stdin is not None
        self._process.stdin.write(word.encode() + b"\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


class Watched:
    """`seen` is told what the simulator said at each look."""

    def __init__(
        self, pid: int, simulator: SimulatorProcess, status: Callable[[], Awaitable[Json]], seen: Callable[[Json], None]
    ) -> None:
        self._pid = pid
        self._simulator = simulator
        self._status = status
        self._seen = seen

    async def glance(self) -> float:
        """Its memory alone, in MiB: the daemon is not asked, so that it does not lose time by it."""
        self._seen(await self._simulator.say("look"))
        return memory(self._pid).rss

    async def look(self) -> Look:
        status = await self._status()
        simulated = await self._simulator.say("look")
        self._seen(simulated)
        rss = memory(self._pid).rss
        inodes = _inodes(self._pid)
        states = [state for state, inode in _towards(self._simulator.port) if inode in inodes]
        clients = len(status["clients"])
        return Look(
            rss=rss,
            fds=len(inodes) - len(states) - clients,
            established=states.count(ESTABLISHED),
            half_closed=len(states) - states.count(ESTABLISHED),
            tasks=status["tasks"],
            clients=clients,
            calls=len(status["calls"]),
            in_use=sum(pool["inUse"] for pool in status["pools"]),
            kept=sum(pool["open"] for pool in status["pools"]),
            websockets=_websockets(status["pools"]),
            connections=simulated["connections"],
            upstream=simulated["open"],
        )

    async def settled(self, before: Sequence[Look]) -> tuple[Look, list[str]]:
        """The daemon at rest, and what is still amiss after SETTLING seconds."""
        until = time.monotonic() + SETTLING
        while True:
            look = await self.look()
            amiss = look.amiss(before)
            if not amiss or time.monotonic() > until:
                return look, amiss
            await asyncio.sleep(LOOKS)


def _websockets(pools: Json) -> int:
    """They have a pool of their own behind that of the same address."""
    seen: set[tuple[str, str]] = set()
    found = 0
    for pool in pools:
        key = pool["provider"], pool["address"]
        found += pool["open"] if key in seen else 0
        seen.add(key)
    return found


def _inodes(pid: int) -> list[str]:
    """Of what each descriptor is of; sockets' as /proc/net/tcp has them."""
    found: list[str] = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(os.readlink(descriptor).removeprefix("socket:[").removesuffix("]"))
        except FileNotFoundError:
            continue  # closed meanwhile
    return found


def _towards(port: int) -> list[tuple[str, str]]:
    """State and inode of each socket that is connected to `port` on loopback."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [(row[3], row[9]) for row in rows if row[2] == f"0100007F:{port:04X}"]
