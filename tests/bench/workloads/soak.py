"""Many clients, every fault at random, cancels at any moment: nothing leaks, nothing is said twice or by half."""

import asyncio
import os
import sys
import time

from tests.bench.figure import Figure
from tests.bench.process import cpu_seconds
from tests.bench.rig import Rig
from tests.bench.workloads.soak_client import SoakClient
from tests.bench.workloads.soak_daemon import SimulatorProcess, Watched
from tests.bench.workloads.soak_figures import Rest, figures
from tests.bench.workloads.soak_models import ALL_FORMATS, CONFIG, FORMATS, QUICK_SECONDS, SECONDS, Format, seeded
from tests.bench.workloads.soak_questions import Question, Questions
from tests.bench.workloads.soak_record import Record

from libria_providers.simulator.models import Ask

CLIENTS, FORWARDED = 20, 6
EACH = 10  # calls of a client in flight, always
STAYING = 4  # clients that never leave
ROUND, QUICK_ROUND = 60.0, 20.0  # seconds of load between two rests
LEAVES, HOLDS = 25.0, 12.0  # seconds between two of a client's, on average
PATIENCE = 3.0  # seconds for the calls of a round to end by themselves; those that do not are all cancelled at once
UNANSWERED = 60.0  # seconds after which a call counts as forgotten; no question allows itself half of it


def run(rig: Rig, quick: bool) -> list[Figure]:
    """SOAK_SECONDS is how long the load lasts, SOAK_SEED what to repeat."""
    seconds = float(os.environ.get("SOAK_SECONDS") or (QUICK_SECONDS if quick else SECONDS))
    seed = int(os.environ.get("SOAK_SEED") or time.time_ns() // 1000 % 1_000_000)
    print(f"soak of {seconds:.0f} s; to repeat it: SOAK_SEED={seed}", file=sys.stderr, flush=True)
    simulator = SimulatorProcess(rig, seed)
    try:
        soak = Soak(rig, simulator, seed)
        asyncio.run(soak.run(seconds, QUICK_ROUND if seconds <= QUICK_SECONDS else ROUND))
    finally:
        simulator.end()
    for text in soak.record.wrongs:
        print(f"WRONG (seed {seed}): {text}", file=sys.stderr)
    return figures(soak.record, soak.rests, seed=seed, loaded_seconds=soak.loaded_seconds, cpu=soak.cpu)


def environment(one: Format, url: str) -> dict[str, str]:
    key = {one.key: f"soak-key-of-{one.provider}"} if one.key else {}
    return {one.address: url + one.path, **key}


class Soak:
    def __init__(self, rig: Rig, simulator: SimulatorProcess, seed: int) -> None:
        self.record = Record()
        self.pids: dict[str, int] = {}
        self.cpu: dict[str, float] = {}
        self.rests: list[Rest] = []
        self.loaded_seconds = 0.0
        self._rig = rig
        self._simulator = simulator
        self._seed = seed
        self._working = asyncio.Event()
        self._still: set[int] = set()  # workers that rest
        self._fresh: list[str] = []  # models that nobody has asked yet

    async def run(self, seconds: float, round_: float) -> None:
        for one in ALL_FORMATS:
            self._rig.env |= environment(one, self._simulator.url)
        (self._rig.home / "config").mkdir(parents=True, exist_ok=True)
        (self._rig.home / "config" / "config.toml").write_text(CONFIG, encoding="utf-8")
        address = await asyncio.to_thread(self._rig.socket)
        watcher = SoakClient(self._rig, address, self.record, forwarded=False)
        self._clients = [
            SoakClient(self._rig, address, self.record, forwarded=i < FORWARDED) for i in range(CLIENTS)
        ]  # fmt: skip
        for client in (watcher, *self._clients):
            await client.connect()
        pid = (await watcher.status())["pid"]
        self.pids = {"daemon": pid, "simulator": self._simulator.pid, "bench": os.getpid()}
        self._watched = Watched(pid, self._simulator, watcher.status, lambda said: self.record.ended(said["ended"]))
        await self._rest()
        self._fresh = Questions(seeded(self._seed), 0).names()
        jobs = [asyncio.create_task(self._work(number)) for number in range(CLIENTS * EACH)]
        jobs += [asyncio.create_task(self._trouble(i)) for i in range(CLIENTS)]
        try:
            await self._round(round_, warm_up=True)
            self.record.answered.clear()  # the first calls to each model come in a rush
            self.record.hung_up.clear()
            end = self.loaded_seconds + seconds - round_
            while self.loaded_seconds < end:
                await self._round(min(round_, end - self.loaded_seconds))
        finally:
            self.cpu = {name: cpu_seconds(pid) for name, pid in self.pids.items()}
            for job in jobs:
                job.cancel()
            done = await asyncio.gather(*jobs, return_exceptions=True)
        for error in done:
            if isinstance(error, Exception):
                raise error
        for client in (*self._clients, watcher):
            await client.leave()

    async def _round(self, seconds: float, *, warm_up: bool = False) -> None:
        """Load, then rest. A warm-up goes on until every model was asked once."""
        await self._simulator.say("rough")
        began = time.monotonic()
        loaded: list[float] = []
        self._working.set()
        while time.monotonic() < began + seconds or (warm_up and self._fresh):
            await asyncio.sleep(1.0)
            loaded.append(await self._watched.glance())
        self._working.clear()
        self.loaded_seconds += time.monotonic() - began
        await self._still_within(PATIENCE)
        for client in self._clients:
            client.cancel_all()
        await self._still_within(UNANSWERED + 5)
        await self._simulator.say("calm")
        await self._rest(loaded)

    async def _still_within(self, seconds: float) -> None:
        """Until all workers rest."""
        until = time.monotonic() + seconds
        while len(self._still) < CLIENTS * EACH and time.monotonic() < until:
            await self._watched.glance()
            await asyncio.sleep(0.1)

    async def _rest(self, loaded: list[float] | None = None) -> None:
        """Everything that was opened is closed; whoever asks now is answered."""
        for client in self._clients:
            await client.open.wait()
        for one in FORMATS if self.rests else ():
            question = Question("libria/chat", {"model": f"{one.provider}/fast:40", "partialResultToken": "healthy"})
            await self._healthy(question)
        look, amiss = await self._watched.settled([rest.look for rest in self.rests])
        for text in amiss:
            self.record.went_wrong(f"after round {len(self.rests)}: {text}")
        self.rests.append(Rest(time.monotonic(), look, amiss, loaded or []))
        print(f"  after round {len(self.rests) - 1}: {look}", file=sys.stderr, flush=True)

    async def _healthy(self, question: Question) -> None:
        question.params["messages"] = [{"role": "user", "content": "Are you well?"}]
        question.ask = Ask("", True, "Are you well?", 0)
        before = self.record.outcomes["answered"]
        waited = self._clients[CLIENTS // 2].ask(question)  # which stays, and is on the socket
        await asyncio.wait({waited.answer}, timeout=UNANSWERED)
        if self.record.outcomes["answered"] == before:
            self.record.went_wrong(f"{question.params['model']} did not answer when nothing was wrong any more")

    async def _work(self, number: int) -> None:
        """One call after the other on one client."""
        client = self._clients[number % CLIENTS]
        questions = Questions(seeded(self._seed, number), number * 10_000_000)
        while True:
            if not self._working.is_set():
                self._still.add(number)
                await self._working.wait()
                self._still.discard(number)
            await client.open.wait()
            waited = client.ask(questions.next(self._fresh.pop() if self._fresh else None))
            self.record.asked += 1
            answered, _ = await asyncio.wait({waited.answer}, timeout=UNANSWERED)
            if not answered:
                self.record.went_wrong(f"not answered in {UNANSWERED:g} s: {waited.question.params}")

    async def _trouble(self, place: int) -> None:
        """A client stops reading for a while, or leaves and comes back."""
        client, r = self._clients[place], seeded(self._seed, "client", place)
        while True:
            await asyncio.sleep(r.expovariate(1 / HOLDS))
            await self._working.wait()
            client.hold()
            await asyncio.sleep(r.uniform(0.1, 2.0))
            client.go_on()
            if place % (CLIENTS // STAYING) and r.random() < HOLDS / LEAVES:
                await client.leave()
                await client.connect()
