"""The forwarder alone: its start, its memory, and what it adds to a message."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from tests.bench.figure import Figure, Goal
from tests.bench.joined import frame
from tests.bench.process import cpu_seconds, memory
from tests.bench.rig import ENDING, Rig
from tests.bench.samples import interleaved, median, percentile
from tests.bench.workloads.start import started

RUNS, QUICK_RUNS = 31, 5
BLOCK = 500  # pings
ROUNDS, QUICK_ROUNDS = 12, 3
FRAMES, QUICK_FRAMES = 1_000_000, 100_000

_PING = frame({"jsonrpc": "2.0", "id": 1, "method": "libria/ping"})
_PUMP = "import socket, sys; from libria.connect.pump import pump; pump(socket.socket(fileno=int(sys.argv[1])))"


def run(rig: Rig, quick: bool) -> list[Figure]:
    started(rig)  # writes the .pyc files, and leaves a daemon
    runs = QUICK_RUNS if quick else RUNS
    warm = [started(rig) for _ in range(runs)]
    trips, weight = _trips(rig, QUICK_ROUNDS if quick else ROUNDS)
    through, direct = (median(trips[name]) * 1e6 for name in ("through", "direct"))
    tail = (percentile(trips["through"], 99) - percentile(trips["direct"], 99)) * 1e6
    frames = QUICK_FRAMES if quick else FRAMES
    rate, cpu = _outward(rig, frames)
    return [
        Figure(name="forwarder, warm start to first answer", unit="ms", libria=median(warm) * 1000,
               goal=Goal(at_most=80), note=f"median of {runs}, slowest {max(warm) * 1000:,.0f}"),
        Figure(name="forwarder, after 6,000 messages", unit="MB", libria=weight, goal=Goal(at_most=14)),
        Figure(name="message through the forwarder, each way", unit="µs", libria=through / 2, direct=direct / 2,
               beside="socket", goal=Goal(at_most=60, of="added"),
               note=f"half of a ping's median; {tail / 2:.0f} added at p99"),
        Figure(name="frames through the forwarder to its client", unit="/s", libria=rate,
               note=f"{cpu * 1e6:.2f} µs of CPU a frame; they come as fast as it takes them"),
    ]  # fmt: skip


def _trips(rig: Rig, rounds: int) -> tuple[dict[str, list[float]], float]:
    """Seconds of each ping, there and back; and the forwarder's memory after them, in MiB."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(rig.socket())
    process = subprocess.Popen(
        rig.command("stdio"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=rig.env, bufsize=0
    )
    assert process.stdin is not None
    assert process.stdout is not None
    there, back = process.stdin.fileno(), process.stdout.fileno()
    blocks = {
        "through": lambda: _pings(lambda: os.write(there, _PING), lambda: os.read(back, 4096)),
        "direct": lambda: _pings(lambda: connection.send(_PING), lambda: connection.recv(4096)),
    }
    for block in blocks.values():
        block()
    trips = interleaved(blocks, rounds)
    weight = memory(process.pid).rss
    process.stdin.close()
    process.wait(ENDING)
    process.stdout.close()
    connection.close()
    return trips, weight


def _pings(say: Callable[[], object], hear: Callable[[], bytes]) -> list[float]:
    trips: list[float] = []
    for _ in range(BLOCK):
        begun = time.perf_counter()
        say()
        answer = hear()
        trips.append(time.perf_counter() - begun)
        assert answer.endswith(b'"result":null}'), answer
    return trips


def _outward(rig: Rig, frames: int) -> tuple[float, float]:
    """Frames a second, and seconds of CPU for one, of a call's progress; nobody but us is on the other side."""
    ours, theirs = socket.socketpair()
    asked = frame({"jsonrpc": "2.0", "id": 1, "method": "libria/chat", "params": {"partialResultToken": "t"}})
    value = b'{"jsonrpc":"2.0","method":"$/progress","params":{"token":"t","value":'
    bodies = [value + b'{"kind":"delta","text":" word","seq":%d}}}' % number for number in range(frames)]
    stream = b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies)
    process = subprocess.Popen(
        [sys.executable, "-c", _PUMP, str(theirs.fileno())], pass_fds=[theirs.fileno()],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=rig.env, bufsize=0,
    )  # fmt: skip
    theirs.close()
    assert process.stdin is not None
    assert process.stdout is not None
    with ours, process:
        process.stdin.write(asked)
        assert b"libria/chat" in ours.recv(65536)
        before, begun = cpu_seconds(process.pid), time.perf_counter()
        feeder = threading.Thread(target=ours.sendall, args=(stream,))
        feeder.start()
        came = 0
        while came < len(stream):
            piece = os.read(process.stdout.fileno(), 1 << 20)
            assert piece, "the forwarder ended"
            came += len(piece)
        passed = time.perf_counter() - begun
        spent = cpu_seconds(process.pid) - before
        feeder.join()
        process.stdin.close()
        process.wait(ENDING)
    return frames / passed, spent / frames
