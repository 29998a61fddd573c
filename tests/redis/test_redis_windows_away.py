"""Three machines, of which some lose Redis for a while, on a clock of the test's own: what they take together."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import pytest
import redis
from hypothesis import example, given, settings
from hypothesis import strategies as st
from real_redis import RealRedis

from libria.layers.windows import Want
from libria.stores.redis_fault import Answer, Away
from libria.stores.redis_link import Link
from libria.stores.redis_script import Script
from libria.stores.redis_windows import RedisWindows
from libria.stores.windows import LocalWindows
from libria.testing import FakeClock

TIME = "redis.call('TIME')"
SECONDS = 12.0
LIMIT = 60
MACHINES = 3
EPOCH = 1_800_000_000


class DirectLink:
    """Answers at once, at the moment that the test's clock shows; or is away."""

    def __init__(self, asks: Any, client: "redis.Redis", clock: FakeClock) -> None:
        self._asks = asks
        self._client = client
        self._clock = clock
        self._joining: list[Callable[[], None]] = []
        self.connected = True

    def on_join(self, callback: Callable[[], None]) -> None:
        self._joining.append(callback)

    def cut(self) -> None:
        self.connected = False

    def join(self) -> None:
        if not self.connected:
            self.connected = True
            for callback in self._joining:
                callback()

    async def answer(self, answer: "asyncio.Future[Any]", _sent: object) -> Any:
        if not self.connected:
            answer.cancel()
            raise Away("disconnected")
        said = await answer
        if isinstance(said, Away):
            raise said
        return said

    def post(self, *_command: object) -> None:
        pass

    def post_run(
        self,
        _script: Script,
        keys: Sequence[str],
        *arguments: str | int,
        done: Callable[[Answer | Away], None] = lambda _: None,
    ) -> None:
        if not self.connected:
            done(Away("disconnected"))
            return
        micros = EPOCH * 1_000_000 + round(self._clock.now() * 1e6)
        self._client.delete("now")
        self._client.rpush("now", micros // 1_000_000, micros % 1_000_000)
        done(cast("Answer", self._asks(keys=keys, args=arguments)))


@pytest.fixture(scope="module")
def client(binary: str) -> Iterator["redis.Redis"]:
    server = RealRedis(binary)
    client = redis.Redis.from_url(server.url)
    yield client
    client.close()
    server.end()


class Fleet:
    def __init__(self, client: "redis.Redis") -> None:
        client.flushall()
        text = Script.read("redis_windows").text
        assert TIME in text
        asks = client.register_script(text.replace(TIME, "redis.call('LRANGE', 'now', 0, 1)"))
        self.clock = FakeClock()
        self.links = [DirectLink(asks, client, self.clock) for _ in range(MACHINES)]
        self.machines = [
            RedisWindows(cast("Link", link), LocalWindows(self.clock), self.clock, who=f"m{number}")
            for number, link in enumerate(self.links)
        ]
        self.taken: list[tuple[float, int]] = []

    async def take(self, machine: int, times: int, amount: int) -> None:
        for _ in range(times):
            if await self.machines[machine].take([Want("k:requests", amount, LIMIT, SECONDS)]) == 0.0:
                self.taken.append((self.clock.now(), amount))

    def most(self) -> int:
        return max(
            (sum(amount for at, amount in self.taken if end - SECONDS < at <= end) for end, _ in self.taken),
            default=0,
        )


STEP = st.tuples(
    st.sampled_from([0.0, 0.0, 0.04, 0.7, 3.3, 6.0, 12.1]),
    st.integers(0, MACHINES - 1),
    st.integers(1, 70),
    st.sampled_from([1, 1, 1, 7, 20]),
)
STEPS = st.lists(STEP, max_size=8)


@settings(max_examples=40, deadline=None)
@given(before=STEPS, without=STEPS, back=st.permutations(range(MACHINES)), after=STEPS)
@example(
    before=[(0.0, 0, 60, 1)], without=[(0.0, 1, 70, 1), (12.2, 2, 70, 1), (0.0, 1, 70, 1)], back=[2, 0, 1], after=[]
)
@example(
    before=[(0.0, 0, 30, 1)], without=[(0.0, 1, 70, 1), (0.0, 2, 70, 1), (0.0, 0, 70, 1)], back=[0, 1, 2], after=[]
)
def test_all_lose_it_and_never_take_too_much_together(
    client: "redis.Redis",
    before: list[tuple[float, int, int, int]],
    without: list[tuple[float, int, int, int]],
    back: Sequence[int],
    after: list[tuple[float, int, int, int]],
) -> None:
    """Each knew how things stood when it was lost, and they come back together, told in any order."""

    async def scenario() -> Fleet:
        fleet = Fleet(client)
        for pause, machine, times, amount in before:
            await fleet.clock.advance(pause)
            await fleet.take(machine, times, amount)
        for machine in range(MACHINES):  # what all have used is in every answer
            await fleet.take(machine, 1, 1)
        for machine in range(MACHINES):
            await fleet.machines[machine].take([Want("k:requests", LIMIT, LIMIT, SECONDS)])
        for link in fleet.links:
            link.cut()
        for pause, machine, times, amount in without:
            await fleet.clock.advance(pause)
            await fleet.take(machine, times, amount)
        for machine in back:
            fleet.links[machine].join()
        for pause, machine, times, amount in after:
            await fleet.clock.advance(pause)
            await fleet.take(machine, times, amount)
        return fleet

    assert asyncio.run(scenario()).most() <= LIMIT


@settings(max_examples=25, deadline=None)
@given(steps=STEPS, cut=st.lists(st.integers(0, MACHINES * 2), max_size=8))
def test_some_lose_it_and_take_their_share_at_most(
    client: "redis.Redis", steps: list[tuple[float, int, int, int]], cut: list[int]
) -> None:
    """The others cannot know what one takes that they do not hear of: it is a share of the limit at most, and what
    they took before counts for it."""

    async def scenario() -> tuple[Fleet, int]:
        fleet, lost = Fleet(client), set[int]()
        for number, (pause, machine, times, amount) in enumerate(steps):
            await fleet.clock.advance(pause)
            if number < len(cut) and cut[number] < MACHINES:
                fleet.links[cut[number]].cut()
                lost.add(cut[number])
            elif number < len(cut):
                fleet.links[cut[number] % MACHINES].join()
            await fleet.take(machine, times, amount)
        return fleet, len(lost)

    fleet, lost = asyncio.run(scenario())
    assert fleet.most() <= LIMIT + lost * LIMIT // 3
