"""Embeddings in as many requests as the provider takes at once."""

import asyncio
from dataclasses import dataclass, field

import pytest

from libria.layers.split import AT_ONCE, Split
from libria.testing import settle
from libria_providers.errors import RateLimited
from libria_providers.reply import Batches, Reply
from libria_providers.types import Call, Embed, Finish, Message, Usage, Vectors

CALL = Call("p/m", ask=Embed(tuple("abcdefg"), 3))


@dataclass
class Letters:
    """Gives each letter its place in the alphabet; fails for `bad`; answers once `go` is set."""

    bad: str = ""
    age: dict[str, float] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    most: int = 0
    under_way: int = 0
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, call: Call) -> Reply:
        assert isinstance(call.ask, Embed)
        text = "".join(call.ask.input)
        self.asked.append(text)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            if self.bad and self.bad in text:
                raise RateLimited("wait")
            await self.go.wait()
        finally:
            self.under_way -= 1
        vectors = [[float(ord(letter))] for letter in call.ask.input]

        async def batches() -> Batches:
            yield [Vectors(vectors), Finish("stop", Usage(len(text)), "served")]

        async def close() -> None:
            self.ended.append(text)

        return Reply(batches(), target=call.model, close=close, age=self.age.get(text))


def split(inner: Letters, size: int) -> Split:
    async def at_once(_call: Call) -> int:
        return size

    return Split(inner, at_once)


@pytest.mark.parametrize(
    ("size", "asked"), [(7, ["abcdefg"]), (9, ["abcdefg"]), (3, ["abc", "def", "g"]), (0, [*"abcdefg"])]
)
async def test_parts(size: int, asked: list[str]) -> None:
    inner = Letters()
    inner.go.set()
    answer = await (await split(inner, size).send(CALL)).read()
    assert inner.asked == asked
    assert answer.vectors == [[float(ord(letter))] for letter in "abcdefg"]
    assert answer.finish == Finish("stop", Usage(7), "served")
    assert sorted(inner.ended) == sorted(asked)


async def test_what_is_no_embedding_passes() -> None:
    inner = Letters()
    with pytest.raises(AssertionError):  # the double knows nothing else
        await split(inner, 1).send(Call("p/m", (Message("user", "hi"),)))


async def test_bounded_at_once() -> None:
    inner = Letters()
    task = asyncio.create_task(split(inner, 1).send(CALL))
    await settle()
    assert inner.under_way == AT_ONCE
    inner.go.set()
    await (await task).read()
    assert inner.most == AT_ONCE


async def test_the_first_failure_ends_the_others() -> None:
    inner = Letters(bad="b")
    with pytest.raises(RateLimited):
        await split(inner, 1).send(CALL)
    assert inner.under_way == 0


async def test_cancel_ends_all() -> None:
    inner = Letters()
    task = asyncio.create_task(split(inner, 1).send(CALL))
    await settle()
    assert inner.under_way == AT_ONCE
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert inner.under_way == 0


@pytest.mark.parametrize(("ages", "age"), [({}, None), ({"abcd": 5.0}, None), ({"abcd": 5.0, "efg": 9.0}, 9.0)])
async def test_a_hit_is_one_that_cost_nothing(ages: dict[str, float], age: float | None) -> None:
    inner = Letters(age=ages)
    inner.go.set()
    assert (await split(inner, 4).send(CALL)).age == age
