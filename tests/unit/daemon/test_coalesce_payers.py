"""Tools with different keys that share answers: one question, but one's refusal is not another's."""

import asyncio
from dataclasses import replace

import pytest

from libria.layers.cache_answers import CacheFigures
from libria.layers.cache_key import Identity, key_of
from libria.layers.coalesce import Coalesce
from libria.testing import FakeClock, settle
from libria_providers.errors import BadRequest, CredentialRejected, ProviderError, QuotaExhausted, RateLimited
from libria_providers.reply import Batches, Reply
from libria_providers.types import Call, Delta, Finish, Message, Origin


class Provider:
    """Answers each client as `said` has it, all of them once `let`."""

    def __init__(self, **said: ProviderError) -> None:
        self.asked: list[str] = []
        self.let = asyncio.Event()
        self._said = said

    async def send(self, call: Call) -> Reply:
        self.asked.append(call.origin.client)
        await self.let.wait()
        if error := self._said.get(call.origin.client):
            raise error

        async def batches() -> Batches:
            yield [Delta("yes"), Finish("stop")]

        async def close() -> None:
            pass

        return Reply(batches(), target="p/m", close=close)


async def identify(call: Call) -> Identity:
    return Identity("p/m", "d/1", "everybody", payer=call.origin.client[0])


async def ask(provider: Provider, *clients: str) -> list[str]:
    """What each hears, as text or as a kind of error; a client's key is its first letter."""
    clock = FakeClock()
    coalesce = Coalesce(provider, identify, clock, CacheFigures())

    async def one(client: str) -> str:
        now = clock.now()
        call = Call("p/m", (Message("user", "hi"),), temperature=0.0, started=now, deadline=now + 600)
        reply = await coalesce.send(replace(call, origin=Origin(client=client)))
        return (await reply.read()).text

    hearing = [asyncio.ensure_future(one(client)) for client in clients]
    await settle()
    provider.let.set()
    heard = await asyncio.gather(*hearing, return_exceptions=True)
    return [one.kind if isinstance(one, ProviderError) else str(one) for one in heard]


async def test_one_asks_for_all() -> None:
    provider = Provider()
    assert await ask(provider, "a1", "b1", "c1") == ["yes"] * 3
    assert provider.asked == ["a1"]


@pytest.mark.parametrize("error", [CredentialRejected("no"), QuotaExhausted("no"), RateLimited("no")])
async def test_who_has_another_key_asks_with_it(error: ProviderError) -> None:
    provider = Provider(a1=error)
    assert await ask(provider, "a1", "a2", "b1", "b2") == [error.kind, error.kind, "yes", "yes"]
    assert provider.asked == ["a1", "b1"], "once for each key"


async def test_what_is_wrong_with_the_question_is_everybodys() -> None:
    provider = Provider(a1=BadRequest("no"))
    assert await ask(provider, "a1", "b1") == ["badRequest", "badRequest"]
    assert provider.asked == ["a1"]


def test_the_payer_is_no_part_of_what_an_answer_is_kept_under() -> None:
    call = Call("p/m", (Message("user", "hi"),))
    one, two = Identity("p/m", "d/1", "everybody", "a"), Identity("p/m", "d/1", "everybody", "b")
    assert key_of(call, one) == key_of(call, two) != key_of(call, replace(one, partition="mine"))
