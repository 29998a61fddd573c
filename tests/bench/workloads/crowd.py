"""500 clients with two streams each, 10,000 deltas a second in all: how late they are, and whether all is there.

A client takes what comes with the time at which it came, and nothing else; it is read when all is over. A delta's
delay is from the simulator's write to the client's read, and counts while all streams are open.
"""

import json
import random
import re
import selectors
import socket
import subprocess
import sys
import time
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

from tests.bench.figure import Figure, Goal
from tests.bench.joined import ERROR, RESULT, frame
from tests.bench.process import cpu_seconds, memory
from tests.bench.rig import ENDING, Rig
from tests.bench.samples import percentile

Json = Any

SESSIONS, QUICK_SESSIONS = 500, 100
STREAMS = 2  # of each
RATE = 10  # deltas a second and stream
SECONDS, QUICK_SECONDS = 20, 4  # with all streams open
BEGINNING = 100  # streams begun in a second, each when it happens to: people do not keep step
STAMP = re.compile(rb"#(\d{5})@(\d{9}\.\d{6}) ")
"""In a delta's text, by `crowd_simulator`: its number in the answer, and seconds of the machine's monotonic clock."""

LATEST = 60  # seconds beyond what it takes by plan


@dataclass(slots=True)
class Client:
    """`came` and `times` go together: what one read brought, and when."""

    connection: socket.socket
    ended: int = 0  # streams
    came: list[bytes] = field(default_factory=list[bytes])
    times: list[float] = field(default_factory=list[float])


@dataclass(slots=True)
class Stream:
    """Read from what came. `delays` by when the delta was written."""

    seqs: list[int] = field(default_factory=list[int])
    text: str = ""
    numbers: list[int] = field(default_factory=list[int])
    delays: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    result: Json = None


def run(rig: Rig, quick: bool) -> list[Figure]:
    sessions = QUICK_SESSIONS if quick else SESSIONS
    seconds = QUICK_SECONDS if quick else SECONDS
    simulator = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.workloads.crowd_simulator"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert simulator.stdout is not None
        env = {"OPENAI_BASE_URL": f"{simulator.stdout.readline().strip()}/v1", "OPENAI_API_KEY": "crowd"}
        return _Crowd(rig, env, sessions, seconds, simulator.pid).figures()
    finally:
        simulator.terminate()
        simulator.wait(ENDING)


class _Crowd:
    def __init__(self, rig: Rig, env: dict[str, str], sessions: int, seconds: int, simulator: int) -> None:
        self._path = rig.socket()
        daemon = rig.daemon_pid()
        assert daemon is not None
        self._daemon = daemon
        self._simulator = simulator
        self._streams = sessions * STREAMS
        self._seconds = seconds
        self._selector = selectors.DefaultSelector()
        hello = frame({"jsonrpc": "2.0", "method": "libria/hello", "params": {"version": "0", "env": env}})
        self._clients = [self._join(hello) for _ in range(sessions)]

    def figures(self) -> list[Figure]:
        clients, streams = self._clients, self._streams
        self._one_call()
        time.sleep(0.5)  # what it has woken settles
        before = memory(self._daemon)
        self._deltas = round(RATE * (streams / BEGINNING + self._seconds)) + 2 * RATE
        asked = [(client, i) for i in range(STREAMS) for client in clients]
        began = time.monotonic()
        step = 1 / BEGINNING
        chance = random.Random(1)  # noqa: S311  # no secret
        due = sorted(began + place * step + chance.uniform(0, step) for place in range(streams))
        until = began + streams * step + self._seconds + LATEST
        cpu, opened, open_, whole = {}, 0.0, None, None
        spent: dict[str, float] = {}
        while any(client.ended < STREAMS for client in clients):
            now = time.monotonic()
            assert now < until, "the streams did not end"
            while due and due[0] <= now:
                due.pop(0)
                client, number = asked.pop(0)
                client.connection.sendall(self._chat(number))
                if not due:
                    opened = now + 1.0
            if opened and not cpu and now > opened:
                cpu, open_ = self._cpu(), memory(self._daemon)
            if cpu and whole is None and now > opened + self._seconds - 1:
                spent = {name: (used - cpu[name]) / (now - opened) for name, used in self._cpu().items()}
                whole = memory(self._daemon)
            self._read(min(due[0] - now, 0.05) if due else 0.05)
        assert open_ is not None
        assert whole is not None
        read = [stream for client in clients for stream in _read_out(client).values()]
        lost = sum(_faults(stream, self._deltas) for stream in read) + streams - len(read)
        last = opened + self._seconds - 1
        delays = [late for stream in read for at, late in stream.delays if opened <= at < last]
        joined = 1 - sum(len(stream.seqs) - 1 for stream in read) / (self._deltas * streams)
        rate = len(delays) / (last - opened)
        busy = ", ".join(f"{name} {used:.0%}" for name, used in spent.items())
        word = f"{len(clients)} clients, {streams} streams"
        return [
            Figure(name=f"delay of a delta, p99, {word}", unit="ms", libria=percentile(delays, 99) * 1000,
                   goal=Goal(at_most=50), note=f"p50 {percentile(delays, 50) * 1000:.1f}, p99.9 "
                   f"{percentile(delays, 99.9) * 1000:.0f}, latest {max(delays) * 1000:.0f}"),
            Figure(name="deltas read meanwhile", unit="/s", libria=rate, goal=Goal(at_least=streams * RATE * 0.98),
                   note=f"for {last - opened:.0f} s; {joined:.1%} came joined; CPU: {busy}"),
            Figure(name="streams with a gap, a loss or another text", unit="", libria=lost, goal=Goal(at_most=0),
                   note=f"of {streams} with {self._deltas} deltas each"),
            Figure(name="daemon, per stream of a crowd", unit="KB",
                   libria=(open_.rss - before.rss) / streams * 1024, goal=Goal(at_most=60),
                   note=f"all just open; {before.rss:.0f} MB before, {open_.rss:.0f} MB then, "
                   f"{whole.rss:.0f} MB {self._seconds - 2} s and {RATE * (self._seconds - 2)} deltas each later"),
        ]  # fmt: skip

    def _join(self, hello: bytes) -> Client:
        client = Client(socket.socket(socket.AF_UNIX))
        client.connection.connect(self._path)
        client.connection.sendall(hello)
        self._selector.register(client.connection, selectors.EVENT_READ, client)
        return client

    def _one_call(self) -> None:
        """What is made with the first call alone is no stream's."""
        client = self._clients[0]
        self._deltas = 10
        client.connection.sendall(self._chat(0))
        until = time.monotonic() + LATEST
        while not client.ended:
            assert time.monotonic() < until, "the first call was not answered"
            self._read(0.05)
        client.came.clear()
        client.times.clear()
        client.ended = 0

    def _chat(self, number: int) -> bytes:
        params: Json = {
            "model": f"openai/fast+count:{self._deltas}+rate:{RATE}",
            "messages": [{"role": "user", "content": "Who comes to a crowd?"}],
            "partialResultToken": number,
        }
        return frame({"jsonrpc": "2.0", "id": number, "method": "libria/chat", "params": params})

    def _read(self, wait: float) -> None:
        for key, _ in self._selector.select(max(0.0, wait)):
            client: Client = key.data
            data = client.connection.recv(262144)
            client.times.append(time.monotonic())
            assert data, "the daemon hung up"
            client.came.append(data)
            if RESULT in data:
                client.ended += data.count(RESULT)
            assert ERROR not in data, data[data.index(ERROR) :][:400]

    def _cpu(self) -> dict[str, float]:
        own = time.process_time()
        return {"daemon": cpu_seconds(self._daemon), "simulator": cpu_seconds(self._simulator), "clients": own}


def _read_out(client: Client) -> dict[int, Stream]:
    data = b"".join(client.came)
    ends: list[int] = []
    for piece in client.came:
        ends.append(len(piece) + (ends[-1] if ends else 0))
    streams: dict[int, Stream] = {}
    place = 0
    while place < len(data):
        body = data.index(b"\r\n\r\n", place) + 4
        stop = body + int(data[place + 16 : body - 4])
        message = json.loads(data[body:stop])
        if message.get("method") == "$/progress":
            value = message["params"]["value"]
            stream = streams.setdefault(message["params"]["token"], Stream())
            stream.seqs.append(value["seq"])
            if value["kind"] == "delta":
                stream.text += value["text"]
                came = client.times[bisect_right(ends, stop - 1)]
                for number, at in STAMP.findall(value["text"].encode()):
                    stream.numbers.append(int(number))
                    stream.delays.append((float(at), came - float(at)))
        elif "id" in message:
            streams.setdefault(message["id"], Stream()).result = message.get("result", {})
        place = stop
    return streams


def _faults(stream: Stream, deltas: int) -> int:
    """1 where it is not whole."""
    in_order = stream.seqs == list(range(len(stream.seqs))) and stream.numbers == list(range(deltas))
    return int(not in_order or stream.result is None or stream.text != stream.result["content"])
